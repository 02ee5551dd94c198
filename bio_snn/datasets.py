"""Digits as a data set: see `models.predictive.datasets`; `python -m` of this writes it."""

from models.predictive.datasets import gather_digits_dataset, load_digits_dataset, main

__all__ = ["gather_digits_dataset", "load_digits_dataset"]

if __name__ == "__main__":
    raise SystemExit(main())
