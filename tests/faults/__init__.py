"""Faults made on purpose, by the hundred: ``python -m tests.faults``."""
