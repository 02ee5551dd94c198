"""Predictive coding by local rules, from Python and on the command line: `bio_snn.interface`."""
