"""The two overviews of a run, and the panels that they are made of."""

from __future__ import annotations

import re

import numpy as np
import pytest

from driver.figures import panels as toolkit
from driver.figures import style
from models.lateral_line import metrics
from models.lateral_line.show import figures, overviews, panels
from tests.figure_run import DT_S, N_TEST, new_axes, saved_run, texts

OVERVIEWS = "spatial_two_stage", "test_phase_only"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return saved_run(tmp_path_factory.mktemp("figures") / "run")


@pytest.fixture(scope="module")
def made(saved):
    """Both overviews by name, laid out."""
    with style.applied():
        drawn = {name: figures.FIGURES[name](saved) for name in OVERVIEWS}
        for figure in drawn.values():
            figure.draw_without_rendering()
    return drawn


def test_a_poor_map_is_called_no_usable_map():
    numbers = {
        **dict(sigma_theta_rad=0.1, valid_fraction_window=0.3, usable_map=False, silent=False),
        **dict(sigma_theta_body_rad=0.1, valid_fraction_body_window=0.3),
    }
    assert overviews.quality(numbers, "path").endswith("no usable map")


def test_the_share_that_is_shown_of_a_window_is_that_of_its_steps(tmp_path):
    window = {"eval_x_min_cm": 1.0, "eval_x_max_cm": 2.0}
    saved = saved_run(tmp_path / "run", **window)
    assert saved.results["valid_fraction"] < 0.25 < saved.results["valid_fraction_window"]
    lines = overviews.test_numbers(saved).split("\n")
    for line, numbers in zip(lines, (saved.results, saved.results["untrained"]), strict=True):
        assert f"1 to 2 cm {panels.SIGMA} {numbers['sigma_theta_rad']:.2f} rad" in line
        assert f"valid {numbers['valid_fraction_window']:.2f};" in line


@pytest.mark.parametrize("silent", [("test",), ("train", "test", "untrained")])
def test_a_silent_network_says_so_in_the_overviews(tmp_path, silent):
    saved = saved_run(tmp_path / "run", silent=silent)
    with style.applied():
        stages, test = (texts(figures.FIGURES[name](saved)) for name in OVERVIEWS)
    assert "Test, trained: TS is silent" in stages and "Test, trained: TS is silent" in test
    assert ("TS is silent" if len(silent) > 1 else "TS is silent\nin the test") in stages
    assert "TS is silent, nothing to decode" in test and "silent: TS" in test
    assert ("nothing could be decoded" in stages) == ("train" in silent)


def test_a_raster_has_one_dot_for_every_spike_of_the_cells_shown(saved):
    spikes = saved.spikes("test", "mon")
    step, index = spikes.step, spikes.index
    line = panels.draw_raster(new_axes(), step * DT_S, index, 500, "mon").lines[0]
    shown = index % 2 == 0  # of 500 cells, of which at most 400 are shown
    assert 0 < shown.sum() < index.size
    assert np.array_equal(line.get_xydata(), np.c_[step[shown] * DT_S, index[shown]])
    assert line.get_rasterized()


def test_dense_rasters_have_smaller_dots_and_compared_ones_equal_dots(made):
    sizes = [toolkit.dot_size(new_axes(), n) for n in (10, 2000, 20_000, 10**6)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > sizes[-1] > 0
    trained, untrained = made["test_phase_only"].axes[3:5]
    assert trained.lines[0].get_markersize() == untrained.lines[0].get_markersize()


def test_the_untrained_twin_stands_beside_the_trained_network(made, saved):
    spikes = saved.spikes("untrained", "ts")
    hz = overviews.rate(saved, spikes, "ts", N_TEST)
    for figure in map(made.get, OVERVIEWS):
        raster = next(ax for ax in figure.axes if re.match("TS,? untrained", ax.get_title("left")))
        assert np.array_equal(raster.lines[0].get_xydata(), np.c_[spikes.step * DT_S, spikes.index])
        rates = [line for ax in figure.axes for line in ax.lines]
        twin = next(line for line in rates if line.get_label() == "TS untrained")
        assert np.array_equal(twin.get_ydata(), hz, equal_nan=True)
        assert twin.get_xdata()[0] == (
            saved.train_end_s if figure is made["spatial_two_stage"] else 0
        )


def test_spikes_outside_the_cells_shown_are_not_called_silence():
    ax = panels.draw_raster(new_axes(), np.array([0.1]), np.array([451]), 500, "mon")
    assert ax.texts[0].get_text() == "MON, cells shown: no spikes"


def test_training_and_test_meet_at_the_dashed_line(saved):
    step = saved.timeline("ts").step
    n_train, n_test = (saved.spikes(phase, "ts").step.size for phase in ("train", "test"))
    assert saved.n_tail_steps == 2000 and step.size == n_train + n_test
    assert (step < 2000).sum() == n_train and (step >= 2000).sum() == n_test
    ax = new_axes()
    overviews.raster_panel(ax, saved, "ts", "")
    assert ax.lines[1].get_xdata()[0] == saved.train_end_s == 2.5
    assert ax.get_xlim() == (0.5, 2.5 + saved.test_s)


def test_rates_are_the_smoothed_ones_and_unknown_at_the_ends(saved):
    spikes = saved.spikes("test", "ts")
    hz = overviews.rate(saved, spikes, "ts", N_TEST)
    full = metrics.smoothed_rate(spikes.step, 12, N_TEST, DT_S)
    assert np.isnan(hz[:10]).all() and np.isnan(hz[-10:]).all()
    assert np.array_equal(hz[10:-10], full[10:-10])


def test_the_histogram_counts_every_synapse(saved):
    w, w_max = saved.weights, saved.params.mon_ts_wmax
    ax = toolkit.draw_weights(new_axes(), w["mon_ts_w_init"], w["mon_ts_w"], 0, w_max)
    before, after = (patch.get_data() for patch in ax.patches)
    assert before.edges.size == 40 and (before.edges[0], before.edges[-1]) == (0, w_max)
    assert before.values.sum() == after.values.sum() == 8000
    assert after.values[-1] == np.isclose(w["mon_ts_w"], w_max).sum() > 0


def test_mean_band_and_single_weights_are_the_records(saved):
    a = saved.recordings
    t_s, mean, sd = a["checkpoint_t_s"], a["w_mean_series"], a["w_std_series"]
    tracked = a["tracked_weight_series"]
    ax = toolkit.draw_weight_means(new_axes(), t_s, mean, sd, tracked, 0.028, 1.5)
    for k in range(8):
        assert np.array_equal(ax.lines[k].get_xydata(), np.c_[t_s, tracked[:, k]])
    assert ax.collections[0].get_datalim(ax.transData).intervaly == pytest.approx((0.018, 0.022))
    assert "stable from 1.5 s" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_many_records_are_thinned_for_single_weights_only():
    n = 2001
    t_s, w = np.arange(n), np.full(n, 0.02)
    ax = toolkit.draw_weight_means(new_axes(), t_s, w, w / 9, np.tile(w, (24, 1)).T, 0.028, None)
    assert 50 <= ax.lines[0].get_xdata().size <= toolkit.MAX_TRACKED_RECORDS
    assert max(len(line.get_xdata()) for line in ax.lines) == n


def test_the_map_in_training_shows_chance_the_untrained_point_and_poor_maps_hollow():
    t_s, sigma = np.arange(4.0), np.array([0.5, 0.6, np.nan, 0.8])
    valid, chance = np.array([0.9, 0.5, 0.0, 0.7]), metrics.chance_band(100)
    ax = panels.draw_training_map(new_axes(), t_s, sigma, sigma / 2, valid, panels.chance(100))
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((chance[0], chance[2]))
    assert 1.8 < chance[0] < 1.95 and 2.6 < chance[2] < 2.9  # 1.87 and 2.75 of the definition
    line, hollow, start = (
        next(x for x in ax.lines if len(x.get_xdata()) == n and x.get_xdata()[0] == at)
        for n, at in ((4, 0), (2, 1), (1, 0))
    )
    assert np.array_equal(line.get_ydata(), sigma, equal_nan=True)
    assert hollow.get_markerfacecolor() == "white"
    assert start.get_markerfacecolor() == style.UNTRAINED


def test_an_angle_of_a_full_turn_is_the_end_of_the_range_and_undecoded_stays_so():
    theta = np.array([0, np.pi, 1.5 * np.pi, 1.0])
    x_cm = panels.decoded_cm(theta, np.array([0, 0.1, 0, np.nan]), -0.5, 4.5)
    assert np.array_equal(x_cm, [-0.5, 2.0, 3.25, np.nan], equal_nan=True)


@pytest.mark.parametrize("window", [(None, None), (0.5, 3.5)])
def test_as_many_positions_are_drawn_as_the_valid_fraction_says(tmp_path, window):
    saved = saved_run(tmp_path / "run", eval_x_min_cm=window[0], eval_x_max_cm=window[1])
    ax = new_axes()
    overviews.position_panel(ax, saved)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert saved.results["valid_fraction"] > saved.results["untrained"]["valid_fraction"] > 0
    assert np.array_equal(lines["source"], saved.recordings["test_x_cm"])
    for label, numbers in (("trained", saved.results), ("untrained", saved.results["untrained"])):
        drawn = np.isfinite(lines[label])
        assert drawn.sum() == round(numbers["valid_fraction"] * N_TEST)
        low, high = window if window[0] is not None else (-0.5, 4.5)
        assert (lines[label][drawn] >= low).all() and (lines[label][drawn] <= high).all()


def test_a_perfect_map_of_the_path_lies_on_the_source():
    x_cm = -0.5 + 0.005 * np.arange(1000)
    q = metrics.pv_map_quality_from_ts_spikes(
        step=np.arange(1000),
        index=np.rint(299 * (x_cm + 0.5) / 5).astype(int),
        n_cells=300,
        x_cm=x_cm,
        dt_s=DT_S,
    )
    decoded = panels.decoded_cm(q.theta_hat, q.delta_theta, x_cm.min(), x_cm.max())
    assert np.abs(decoded - x_cm).max() < 0.06  # half a boxcar of 20 ms at 5 cm/s, and one cell


def test_the_stimulus_plane_shows_snapshots_and_track(saved):
    a = saved.recordings
    arrays = [a[f"{phase}_{axis}_cm"] for phase in ("train", "test") for axis in "xd"]
    ax = panels.draw_stimulus_plane(new_axes(), *arrays, 4.0, 0.5)
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert np.array_equal(lines["body"], [[0, 0], [4, 0]])
    assert np.array_equal(lines["training, held"], np.c_[arrays[0], arrays[1]])
    assert np.array_equal(lines["test"], np.c_[arrays[2], arrays[3]])
    assert np.ptp(lines["sphere"], axis=0) == pytest.approx((1, 1), rel=1e-3)
