"""Named experiments over many runs, and what each says of a published claim.

A study is a file in ``definitions/``: the room, the conditions, the metrics by their paths in the
results of a seed, the published numbers, the claims and what would refute them. Runs are those of
the sweeps, tests of stored weights those of ``--weights-from``. What was once found of the moving
dot is in ``dots/results/``.
"""
