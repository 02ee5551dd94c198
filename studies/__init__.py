"""Named experiments over many runs, and what each says of a published claim.

A study is a file in ``definitions/``: the conditions, the metric, the published numbers, the claims
and what would refute them. It knows no equation; runs are those of the sweeps, tests of stored
weights those of ``--weights-from``.
"""
