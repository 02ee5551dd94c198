"""TS from stored weights, without simulation: toy wirings whose peaks are known, and runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from driver.figures import style
from models.lateral_line.analyses import figures as figures
from models.lateral_line.analyses import reconstruction
from models.lateral_line.analyses.geometry import SINGLE, Source, rates_hz, source_positions
from models.lateral_line.analyses.reconstruction import (
    Reconstruction,
    reconstruct,
    reconstruct_arrays,
)
from stimulus import neuromast_positions
from tests.figure_run import new_axes, saved_run, texts

X_CM = source_positions(4.0)
N_LL, N_MON, N_TS = 100, 100, 50
RATES = rates_hz(X_CM, neuromast_positions(N_LL, 4.0))
BODY = np.arange(N_MON)
SHIFT = 50  # MON cells, half the body: 2 cm


def matrix(w, i, j, shape) -> csr_array:
    return csr_array((w, (i, j)), shape=shape)


def one_field() -> tuple[csr_array, csr_array]:
    """Perfect topography: MON by the place of its afferent, TS by that of two MON neighbours."""
    ll_mon = matrix(np.ones(N_MON), BODY, BODY, (N_LL, N_MON))
    return ll_mon, matrix(np.ones(N_MON), BODY, BODY // 2, (N_MON, N_TS))


def two_fields() -> tuple[csr_array, csr_array]:
    """Each TS cell also hears a MON cell 2 cm away."""
    ll_mon, _ = one_field()
    ts = np.arange(N_TS)
    ends = np.concatenate([ts, ts + SHIFT]), np.concatenate([ts, ts])
    return ll_mon, matrix(np.ones(2 * N_TS), *ends, (N_MON, N_TS))


def random_synapses(rng, n: int, n_source: int, n_target: int):
    return rng.uniform(1, 2, n), rng.integers(0, n_source, n), rng.integers(0, n_target, n)


# --- toy wirings -------------------------------------------------------------------------


def test_perfect_topography_gives_every_cell_one_peak_in_its_place():
    found = reconstruct_arrays(X_CM, RATES, *one_field())
    assert found.active.all()
    assert (found.n_peaks == 1).all()
    assert (found.mean_peaks, found.share_multimodal) == (1.0, 0.0)
    places = np.array([X_CM[p[0]] for p in found.peaks])
    np.testing.assert_allclose(places, np.linspace(0, 4, N_TS), atol=0.06)


def test_two_receptive_fields_give_two_peaks_as_far_apart():
    found = reconstruct_arrays(X_CM, RATES, *two_fields())
    assert (found.n_peaks == 2).all()
    assert found.share_multimodal == 1.0
    assert found.histogram.tolist() == [0, 0, N_TS]
    np.testing.assert_allclose(found.secondary_cm, 2.0, atol=0.1)


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_scale_of_the_weights_changes_nothing(of_mon, of_ts):
    ll_mon, mon_ts = two_fields()
    plain = reconstruct_arrays(X_CM, RATES, ll_mon, mon_ts)
    scaled = reconstruct_arrays(X_CM, RATES, of_mon * ll_mon, of_ts * mon_ts)
    assert scaled.numbers == plain.numbers
    share = [r.activity / r.activity.max() for r in (plain, scaled)]
    np.testing.assert_allclose(*share, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_synapses_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    sizes = (N_LL, N_MON), (N_MON, N_TS)
    synapses = [random_synapses(rng, 1000, *shape) for shape in sizes]
    plain = [matrix(*s, shape) for s, shape in zip(synapses, sizes, strict=True)]
    orders = [rng.permutation(1000) for _ in sizes]
    mixed = [
        matrix(*(a[order] for a in s), shape)
        for s, shape, order in zip(synapses, sizes, orders, strict=True)
    ]
    one, other = (reconstruct_arrays(X_CM, RATES, *m) for m in (plain, mixed))
    np.testing.assert_allclose(one.activity, other.activity, atol=1e-9 * one.activity.max())
    np.testing.assert_array_equal(one.n_peaks, other.n_peaks)


def test_a_cell_without_synapses_is_not_active_and_is_counted():
    ll_mon, mon_ts = one_field()
    without = mon_ts.toarray()
    without[:, 7] = 0
    found = reconstruct_arrays(X_CM, RATES, ll_mon, csr_array(without))
    assert not found.active[7] and np.isnan(found.n_peaks[7]) and found.peaks[7].size == 0
    assert (found.n_active, found.numbers["n_not_active"]) == (N_TS - 1, 1)
    assert found.mean_peaks == 1.0


def test_weights_of_zero_leave_every_number_undefined():
    ll_mon, mon_ts = one_field()
    found = reconstruct_arrays(X_CM, RATES, ll_mon, 0.0 * mon_ts)
    assert found.n_active == 0 and found.histogram.sum() == 0
    assert np.isnan(found.mean_peaks) and np.isnan(found.share_multimodal)
    numbers = json.loads(json.dumps(found.numbers, allow_nan=False))
    assert numbers["n_not_active"] == N_TS
    assert {numbers[k] for k in ("mean_peaks", "share_multimodal", "secondary_median_cm")} == {None}


# --- steps -------------------------------------------------------------------------------


def test_fifteen_percent_of_the_entries_of_a_layer_are_active():
    rng = np.random.default_rng(0)
    ll_mon = matrix(*random_synapses(rng, 1000, N_LL, N_MON), (N_LL, N_MON))
    mon = reconstruction.mon_activity(RATES, ll_mon)
    assert mon.shape == (N_MON, X_CM.size) and mon.min() == 0
    assert np.mean(mon > 0) == pytest.approx(0.15, abs=0.001)


def test_a_constant_drive_of_a_mon_cell_does_not_count():
    rates = np.column_stack([RATES, np.full(X_CM.size, 200.0)])
    ll_mon, _ = one_field()
    ll_mon = ll_mon.toarray()
    plain = reconstruction.mon_activity(RATES, csr_array(ll_mon))
    driven = csr_array(np.vstack([ll_mon, np.linspace(0, 5, N_MON)]))
    np.testing.assert_allclose(reconstruction.mon_activity(rates, driven), plain, atol=1e-9)


def test_a_cell_below_two_percent_of_the_largest_activity_is_not_active():
    activity = np.array([[0.0, 100.0], [1.9, 0.0], [2.0, 0.0]])
    assert reconstruction.active_cells(activity).tolist() == [True, False, True]


def bumps(*at: tuple[int, float], width: float = 3.0) -> np.ndarray:
    x = np.arange(200)
    return sum(height * np.exp(-0.5 * ((x - centre) / width) ** 2) for centre, height in at)


@pytest.mark.parametrize(
    "curve, expected",
    [
        (bumps((50, 1.0), (120, 2.0)), [120, 50]),  # the highest first
        (bumps((50, 1.0), (120, 0.25)), [50, 120]),
        (bumps((50, 1.0), (120, 0.15)), [50]),  # not prominent
        (bumps((50, 1.0), (56, 0.9), width=1.0), [50]),  # too near: 8 steps are needed
        (bumps((50, 1.0), (60, 0.9), width=1.0), [50, 60]),
        (np.full(200, 3.0), []),
        (np.arange(200.0), []),  # a rise to the end of the grid
    ],
)
def test_peaks_are_prominent_apart_and_inside_the_grid(curve, expected):
    assert reconstruction.peaks(curve).tolist() == expected


# --- a run -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("reconstruction") / "run"
    return saved_run(path, n_ll=100, distance_cm=1.5, sphere_radius_cm=0.3)


@pytest.mark.parametrize("initial", [False, True])
def test_a_seed_is_reconstructed_from_its_weights_of_one_moment(saved, initial):
    weights = (saved.matrix(name, initial=initial) for name in ("ll_mon", "mon_ts"))
    direct = reconstruct_arrays(X_CM, RATES, *weights)
    found = reconstruct(saved, initial)
    np.testing.assert_allclose(found.activity, direct.activity)
    assert found.numbers == direct.numbers and found.n_active > 0
    other = reconstruct(saved, not initial)
    assert not np.allclose(found.activity, other.activity)


def test_the_source_is_the_published_one_unless_another_is_given(saved):
    plain = reconstruct(saved, False)
    np.testing.assert_array_equal(plain.activity, reconstruct(saved, False, SINGLE).activity)
    assert not np.allclose(plain.activity, reconstruct(saved, False, Source(1.5)).activity)


def test_the_rate_mode_is_that_of_the_run(tmp_path):
    deaf = saved_run(tmp_path / "run", ll_rate_gain=0.0)
    assert reconstruct(deaf, False).n_active == 0


# --- figures -----------------------------------------------------------------------------


@pytest.fixture
def styled():
    with style.applied():
        yield


def toy(fields) -> Reconstruction:
    return reconstruct_arrays(X_CM, RATES, *fields())


def test_the_histogram_shows_trained_beside_untrained(styled):
    ax = figures.draw_peak_histogram(new_axes(), toy(two_fields), toy(one_field))
    trained, untrained = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert (trained[:4], untrained[:4]) == ([0, 0, 1, 0], [0, 1, 0, 0])
    said = texts(ax.figure)
    assert "100 % with ≥ 2 peaks" in said and "0 % with ≥ 2 peaks" in said


def test_each_cell_is_drawn_by_its_own_largest_activity(styled):
    activity = np.zeros((3, 200))
    activity[0, 50], activity[1, 100] = 1.0, 40.0
    ax = figures.draw_ts_activity(new_axes(), X_CM, activity, np.array([True, True, False]))
    shown = ax.images[0].get_array()
    assert shown[0].max() == shown[1].max() == 1.0
    assert shown.mask[2].all() and not shown.mask[:2].any()


def test_the_figure_of_a_seed_shows_both_networks(saved, styled):
    figure = figures.tuning_multimodality(saved)
    said, images = texts(figure), [ax.images[0].get_array() for ax in figure.axes[:2]]
    for initial, image in zip((False, True), images, strict=True):
        r = reconstruct(saved, initial)
        np.testing.assert_allclose(
            image[r.active] * r.activity.max(axis=1)[r.active, None], r.activity[r.active]
        )
        assert f"{r.n_active} of {r.n_cells} active" in said
    for words in ("trained", "untrained", "without simulation", "source at 0.8 cm", "ghost"):
        assert words in said


def test_a_network_without_activity_is_said_to_have_none(tmp_path, styled):
    deaf = saved_run(tmp_path / "run", ll_rate_gain=0.0)
    said = texts(figures.tuning_multimodality(deaf))
    assert said.count("no TS cell is active") == 2
    assert "no active cell: trained, untrained" in said and "peaks undefined" in said
