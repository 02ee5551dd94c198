"""Figures over source position: bins, rates, spikes and drive, trained beside untrained."""

from __future__ import annotations

import numpy as np
import pytest

from driver.engine.model import Spikes
from driver.figures import style
from models.lateral_line.analyses import tuning
from models.lateral_line.analyses.tuning import Passage
from models.lateral_line.show import activity_figures, position_panels, tuning_figures
from tests.figure_run import DT_S, N_TEST, new_axes, saved_run, texts


@pytest.fixture(autouse=True)
def styled():
    with style.applied():
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return saved_run(tmp_path_factory.mktemp("tuning") / "run")


@pytest.fixture(scope="module")
def windowed(tmp_path_factory):
    path = tmp_path_factory.mktemp("tuning") / "windowed"
    return saved_run(path, eval_x_min_cm=0.5, eval_x_max_cm=2.5)


# --- the test by source position ---------------------------------------------------------


def test_a_path_is_cut_into_forty_bins_that_hold_every_step():
    x_cm = -0.5 + 0.005 * np.arange(1000)
    for path in (x_cm, x_cm[::-1]):
        shown = Passage.of(path, 0.001)
        assert shown.n_bins == 40 and shown.origin_cm == 0
        assert shown.edges_cm[[0, -1]] == pytest.approx((-0.5, 4.495))
        assert shown.time_s.sum() == pytest.approx(1.0) and shown.time_s.min() >= 0.024
        place = shown.edges_cm[shown.which]
        assert ((place - 1e-9 <= path) & (path <= place + 0.125)).all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("window", [(1.0, 2.0), (0.3, 1.3), (0.5, 2.5)])
def test_equal_bins_of_a_window_hold_equally_many_steps(window, sign):
    """A step on a border of two bins belongs to the upper one, whatever its last bit is."""
    x_cm = (-0.5 + 5.0 * 0.001 * np.arange(1000))[::sign]
    shown = Passage.of(x_cm, 0.001, window)
    n_steps = np.bincount(shown.which[shown.which >= 0], minlength=40)
    per_bin = round(np.ptp(window) / 0.005 / 40)
    assert (n_steps[1:-1] == per_bin).all()
    assert (np.abs(n_steps[[0, -1]] - per_bin) <= 1).all()  # the ends of the window are in it


def test_an_even_drive_has_no_stripes_where_bins_hold_unequal_time():
    x_cm = np.repeat(np.linspace(0, 4, 100), 10)  # held: two or three places in each of 40 bins
    shown = Passage.of(x_cm, 0.001)
    assert np.unique(shown.time_s.round(6)).size > 1
    steps = np.arange(x_cm.size)
    counts = shown.counts(Spikes(np.zeros(steps.size, np.int64), steps), 1)  # a spike a step
    synapse = np.zeros(1, int), np.zeros(1, int), np.array([0.5])
    drive = tuning.ts_drive_mV_per_ms(counts, *synapse, 1, 30.0, shown.time_s)
    assert drive == pytest.approx(15.0)  # mV/ms


def test_a_window_counts_from_its_lower_end_and_leaves_out_the_rest():
    x_cm = np.linspace(-0.5, 4.5, 501)
    shown = Passage.of(x_cm, 0.001, (0.5, 2.5))
    assert shown.origin_cm == 0.5
    assert shown.edges_cm[[0, -1]] == pytest.approx((0, 2))
    assert np.array_equal(shown.which >= 0, (x_cm >= 0.5) & (x_cm <= 2.5))
    assert shown.x_cm == pytest.approx(x_cm - 0.5)
    spikes = Spikes(np.array([3, 4, 5]), np.array([0, 150, 500]))
    assert np.array_equal(shown.inside(spikes).index, [4])


def test_there_are_no_more_bins_than_places_and_one_for_a_source_that_stays():
    held = np.repeat(np.linspace(0, 4, 5), 10)
    shown = Passage.of(held, 0.001)
    assert shown.n_bins == 5 and shown.time_s == pytest.approx(0.01)
    still = Passage.of(np.full(7, 2.0), 0.001)
    assert still.n_bins == 1 and still.edges_cm[0] < 2.0 < still.edges_cm[1]
    assert still.time_s == pytest.approx(0.007)


def test_counts_and_rates_are_those_of_each_cell_and_bin():
    shown = Passage.of(np.array([0.0, 0.0, 0.0, 1.0, 4.0]), 0.01, (0.0, 4.0))
    assert shown.n_bins == 3 and np.array_equal(shown.which, [0, 0, 0, 0, 2])
    spikes = Spikes(np.array([1, 1, 0, 1], np.int32), np.array([0, 3, 4, 4]))
    assert np.array_equal(shown.counts(spikes, 2), [[0, 0, 1], [2, 0, 1]])
    hz = shown.rates_hz(spikes, 2)
    assert hz == pytest.approx(np.array([[0, np.nan, 100], [50, np.nan, 100]]), nan_ok=True)


def test_cells_shown_are_spread_over_the_layer():
    assert np.array_equal(tuning.spread(3200, 8), 200 + 400 * np.arange(8))
    assert np.array_equal(tuning.spread(5, 8), np.arange(5))
    assert np.array_equal(tuning.spread(1, 16), [0])


# --- tuning ------------------------------------------------------------------------------


def test_each_cell_shows_its_rates_trained_and_untrained(saved):
    shown = Passage.of(saved.recordings["test_x_cm"], DT_S)
    for make, layer, n_shown in (
        (tuning_figures.ts_tuning, "ts", 12),
        (tuning_figures.mon_tuning_examples, "mon", 8),
    ):
        n_cells = saved.n_cells(layer)
        hz = [shown.rates_hz(saved.spikes(p, layer), n_cells) for p in ("test", "untrained")]
        axes = make(saved).axes
        assert len(axes) == n_shown and len({ax.get_ylim() for ax in axes}) == 1
        for ax, cell in zip(axes, tuning.spread(n_cells, n_shown), strict=True):
            assert ax.get_title("left") == f"{layer.upper()} {cell}"
            for patch, rates in zip(ax.patches, hz, strict=True):
                assert np.array_equal(patch.get_data().values, rates[cell])
                assert np.array_equal(patch.get_data().edges, shown.edges_cm)
        assert axes[0].get_ylim()[1] > max(p.get_data().values.max() for p in axes[0].patches)


def test_a_cell_without_spikes_says_so_and_in_which_network(saved):
    edges, none, some = np.linspace(0, 4, 5), np.zeros(4), np.array([0, 40.0, np.nan, 0])
    for trained, untrained, words in (
        (none, none, "no spikes"),
        (some, none, "untrained: no spikes"),
        (none, some, "trained: no spikes"),
    ):
        ax = position_panels.draw_tuning(new_axes(), edges, trained, untrained)
        assert [t.get_text() for t in ax.texts] == [words]
    ax = position_panels.draw_tuning(new_axes(), edges, some, some)
    assert not ax.texts
    hz = [
        Passage.of(saved.recordings["test_x_cm"], DT_S).rates_hz(saved.spikes(phase, "mon"), 500)
        for phase in ("test", "untrained")
    ]
    quiet = sum(not any(rates[cell].any() for rates in hz) for cell in tuning.spread(500, 8))
    axes = tuning_figures.mon_tuning_examples(saved).axes
    assert quiet > 0
    assert sum("no spikes" in [t.get_text() for t in ax.texts] for ax in axes) == quiet


def test_the_grain_of_the_rates_is_said(saved):
    assert "5 ms; a spike is 200 Hz" in texts(tuning_figures.ts_tuning(saved))


# --- spikes ------------------------------------------------------------------------------


def test_every_spike_of_the_test_is_one_dot_at_the_source_position(saved):
    x_cm = saved.recordings["test_x_cm"]
    for make, layer, phases in (
        (activity_figures.ll_spikes_vs_x_test, "ll", ["test"]),
        (activity_figures.mon_spikes_vs_x_test, "mon", ["test", "untrained"]),
    ):
        axes = make(saved).axes
        assert len(axes) == len(phases)
        sizes = {ax.lines[0].get_markersize() for ax in axes}
        assert len(sizes) == 1 and len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
        for ax, phase in zip(axes, phases, strict=True):
            spikes = saved.spikes(phase, layer)
            dots = ax.lines[0].get_xydata()
            assert np.array_equal(dots, np.c_[x_cm[spikes.step], spikes.index])
            assert ax.get_xlim() == pytest.approx((x_cm.min(), x_cm.max()))


def test_the_rates_of_ts_by_position_are_on_one_scale(saved):
    shown = Passage.of(saved.recordings["test_x_cm"], DT_S)
    images = [ax.images[0] for ax in activity_figures.ts_spikes_vs_x_test(saved).axes[:2]]
    hz = [shown.rates_hz(saved.spikes(phase, "ts"), 12) for phase in ("test", "untrained")]
    for image, rates in zip(images, hz, strict=True):
        assert np.array_equal(image.get_array(), rates)
        assert image.get_clim() == (0, max(r.max() for r in hz))


def test_with_an_evaluation_window_axes_show_it_from_its_lower_end(windowed):
    for make in (
        *(tuning_figures.ts_tuning, tuning_figures.mon_ts_drive_heatmap),
        *(tuning_figures.mon_ts_drive_winner, activity_figures.ts_spikes_vs_x_test),
    ):
        ax = make(windowed).axes[0]
        assert ax.get_xlim() == pytest.approx((0, 2))
        assert "from 0.5 cm" in "".join(ax.get_xlabel() for ax in make(windowed).axes)
    ax = activity_figures.ts_spikes_vs_x_test(windowed).axes[0]
    guide = next(line for line in ax.lines if line.get_label() == position_panels.GUIDE)
    assert guide.get_xdata() == pytest.approx((-0.5, 3.5))  # the body, from 0.5 cm on


def test_silence_in_the_window_alone_is_not_called_silence_in_the_test(tmp_path):
    window = {"eval_x_min_cm": 3.3, "eval_x_max_cm": 3.4}  # the twin has fallen silent by then
    said = texts(activity_figures.ts_spikes_vs_x_test(saved_run(tmp_path / "run", **window)))
    assert "TS is silent in the evaluation window (untrained)" in said
    assert "in the test (" not in said


def test_the_guide_is_where_a_perfect_map_of_the_body_would_fire(saved):
    for ax in activity_figures.ts_spikes_vs_x_test(saved).axes[:2]:
        guide = next(line for line in ax.lines if line.get_label() == position_panels.GUIDE)
        assert np.array_equal(guide.get_xydata(), [[0, 0], [4, 11]])


def test_the_rate_runs_from_the_end_of_training_through_the_test_beside_the_twin(saved):
    ax = activity_figures.ts_pop_rate_train_test_transition(saved).axes[0]
    trained, twin, end = ax.lines
    assert ax.get_xlim() == (0.5, 2.7)
    assert end.get_xdata()[0] == saved.train_end_s == 2.5
    assert trained.get_xdata().size == 2000 + N_TEST and twin.get_xdata().size == N_TEST
    assert twin.get_xdata()[0] == 2.5 and twin.get_linestyle() == "--"
    # 20 ms: a spike of one of 12 cells counts 1/(12*0.02 s) Hz in 20 steps
    inside = saved.timeline("ts").step
    assert np.nansum(trained.get_ydata()) == pytest.approx(inside.size / (12 * 0.001), rel=0.05)


# --- drive -------------------------------------------------------------------------------


def test_drive_is_spikes_times_weights_times_gain_of_its_own_network(saved):
    shown, p = Passage.of(saved.recordings["test_x_cm"], DT_S), saved.params
    figure = tuning_figures.mon_ts_drive_heatmap(saved)
    images = [ax.images[0] for ax in figure.axes[:2]]
    for image, phase, initial in zip(images, ("test", "untrained"), (False, True), strict=True):
        counts = shown.counts(saved.spikes(phase, "mon"), p.n_mon)
        w = saved.matrix("mon_ts", initial=initial)
        expected = p.mon_ts_gain_mV * (w.T @ counts) / (1e3 * shown.time_s)
        assert expected.max(axis=1).min() > 0
        expected /= expected.max(axis=1, keepdims=True)  # each row over its largest
        assert np.asarray(image.get_array()) == pytest.approx(expected)
        assert image.get_cmap().name == "viridis"
        assert image.get_extent() == pytest.approx([-0.5, 4.475, -0.5, 11.5])
    assert {image.get_clim() for image in images} == {(0, 1)}


def test_a_bin_never_visited_has_neither_drive_nor_winner():
    counts = np.array([[2, 0, 5], [0, 0, 5]])
    i, j, w = np.array([0, 1, 1]), np.array([0, 1, 1]), np.array([0.5, 0.1, 0.2])
    time_s = np.array([0.001, 0.001, 0.0])
    drive = tuning.ts_drive_mV_per_ms(counts, i, j, w, 3, 10.0, time_s)
    assert drive == pytest.approx(
        np.array([[10, 0, np.nan], [0, 0, np.nan], [0, 0, np.nan]]), nan_ok=True
    )
    assert tuning.winners(drive) == pytest.approx(np.array([0, np.nan, np.nan]), nan_ok=True)


def test_winners_are_drawn_where_there_is_drive_only(saved):
    shown = Passage.of(saved.recordings["test_x_cm"], DT_S)
    ax = tuning_figures.mon_ts_drive_winner(saved).axes[0]
    drawn = {line.get_label().split(" (")[0]: line.get_xydata() for line in ax.lines}
    for condition in ("trained", "untrained"):
        drive = tuning_figures.drive(saved, shown, condition)
        cells = np.where(drive.max(axis=0) > 0, drive.argmax(axis=0), np.nan)
        assert np.array_equal(drawn[condition][:, 1], cells, equal_nan=True)
        assert drawn[condition][:, 0] == pytest.approx(shown.centres_cm)
    assert position_panels.GUIDE in drawn


def test_without_drive_the_figures_say_so(tmp_path):
    saved = saved_run(tmp_path / "run", mon_ts_gain_mV=0.0)
    for make in (tuning_figures.mon_ts_drive_heatmap, tuning_figures.mon_ts_drive_winner):
        assert "no drive" in texts(make(saved))


def test_spikes_that_learning_cannot_change_are_called_the_same(tmp_path, saved):
    words = "MON spikes: the same, trained and untrained"
    assert words not in texts(activity_figures.mon_spikes_vs_x_test(saved))
    again = saved_run(tmp_path / "run")
    for end in ("i", "step"):
        again.recordings[f"untrained_mon_{end}"] = again.recordings[f"test_mon_{end}"]
    assert words in texts(activity_figures.mon_spikes_vs_x_test(again))
