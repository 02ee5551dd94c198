"""The outside world, one subject a file; `stimulus` is the door to all of them. NumPy only."""
