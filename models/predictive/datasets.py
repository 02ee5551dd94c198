"""Handwritten digits as a data set: split, each pixel with mean 0 and s.d. 1; also as files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from driver.files import replace_file
from driver.flags.from_dataclass import EXIT_USAGE
from driver.flags.keywords import built
from models.predictive import arguments
from models.predictive.params import ImageParams
from stimuli.digits import Split, require, split_of

FULL = 16  # of a pixel, in scikit-learn's data


def standardised(
    test_size: float = 0.25, random_state: int | None = None, clip: float | None = None
) -> tuple[Split, np.ndarray, np.ndarray]:
    """A split, and the mean and s.d. of each pixel in its training part, from 0 to 16.

    The s.d. of a pixel that is constant there is given as infinite: it becomes 0 in all images.
    """
    require("digits")
    seed = arguments.seed_or_drawn(random_state)
    given = {"test_size": test_size, "random_state": seed}
    p = built(ImageParams, {"random_state": "seed"}, given)
    if clip is not None and not arguments.numbers("clip", clip, (), "a number or None") > 0:
        raise ValueError(f"clip {clip}: needed a number above 0, or None")
    found = split_of("digits", p.test_size, p.seed)
    mean = found.x_train.mean(axis=0)
    x_train, x_test = (FULL * (x - mean) for x in (found.x_train, found.x_test))
    sd = x_train.std(axis=0)
    scale = np.where(sd > 0, sd, np.inf)
    end = np.inf if clip is None else clip
    x_train, x_test = (np.clip(x / scale, -end, end) for x in (x_train, x_test))
    return Split(x_train, found.y_train, x_test, found.y_test, found.shape), FULL * mean, scale


def load_digits_dataset(
    test_size: float = 0.25, random_state: int | None = None, clip: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """X_train, X_test, shape (n, 64), and y_train, y_test, shape (n,), labels from 0 to 9.

    `clip` cuts off pixels beyond so many s.d.: some are rarely on, and then more than 30 away.
    """
    split, _, _ = standardised(test_size, random_state, clip)
    return split.x_train, split.x_test, split.y_train, split.y_test


def gather_digits_dataset(
    out_dir: str | Path = "data", test_size: float = 0.25, random_state: int | None = None
) -> tuple[Path, Path]:
    """Write ``train.npz`` and ``test.npz``: `X`, `y`, `mean`, `scale`, see `standardised`."""
    split, mean, scale = standardised(test_size, random_state)
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    parts = {"train": (split.x_train, split.y_train), "test": (split.x_test, split.y_test)}
    paths = []
    for name, (X, y) in parts.items():
        write = partial(np.savez_compressed, X=X, y=y, mean=mean, scale=scale)
        paths.append(replace_file(Path(out_dir) / f"{name}.npz", write))
    return paths[0], paths[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the data set to a folder; returns the exit status."""
    flags = argparse.ArgumentParser("gather_digits_dataset", allow_abbrev=False)
    flags.description = main.__doc__
    flags.add_argument("--out-dir", default="data", help="folder, made if missing (data)")
    flags.add_argument("--test-size", type=float, default=0.25, help="share of the test (0.25)")
    flags.add_argument("--random-state", type=int, help="seed of the split; drawn if not given")
    args = flags.parse_args(argv)
    try:
        paths = gather_digits_dataset(args.out_dir, args.test_size, args.random_state)
    except (ValueError, ImportError, OSError) as error:
        flags.exit(EXIT_USAGE, f"{flags.prog}: {error}\n")
    for path in paths:
        with np.load(path) as file:
            counts = np.bincount(file["y"])
        print(f"{path}: {counts.sum()} samples, of each digit {','.join(map(str, counts))}")
    return 0
