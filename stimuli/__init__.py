"""The outside world, one subject a file; `stimulus` is the door to all of them. NumPy only.

Lateral line, each importing from those before it: `flow` (constants, field, rate law), `frames`
(where the source is, the training), `sweeps` (the test), `tables` (whole arrays). Cube: `dots`.
"""
