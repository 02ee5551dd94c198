"""Studies of the dot-prediction models: named cases, five seeds each, trained beside untrained.

    python -m studies.dots            # list them
    python -m studies.dots predict    # run or complete one, and write studies/dots/results

A case is an ordinary run of `cube_brian2.py`, so each can be repeated by the command in the table.
"""
