"""Figures of weights: they show the final ones, beside the initial ones."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from driver.figures import style
from models.lateral_line.analyses import tuning
from models.lateral_line.saved import Run
from models.lateral_line.show import weight_figures, weight_panels
from tests.figure_run import SEED, make_run, new_axes, saved_run, texts


@pytest.fixture(autouse=True)
def styled():
    with style.applied():
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return saved_run(tmp_path_factory.mktemp("weights") / "run")


def lines(ax) -> dict:
    """Lines of a panel by label."""
    return {line.get_label(): line for line in ax.lines}


def test_stems_are_the_final_weights_with_the_initial_ones_beside_them(saved):
    w = saved.weights
    axes = weight_figures.llmon_weights(saved).axes
    assert len(axes) == 6
    for ax, cell in zip(axes, tuning.spread(500, 6), strict=True):
        onto = w["ll_mon_j"] == cell
        assert onto.sum() == 3 and ax.get_title("left").startswith(f"MON {cell}: 3 synapses")
        drawn = lines(ax)
        final, initial = drawn[weight_panels.AFTER], drawn[weight_panels.BEFORE]
        assert np.array_equal(
            final.get_xydata(), np.c_[w["ll_mon_i"][onto], w["ll_mon_w_mV"][onto]]
        )
        assert np.array_equal(initial.get_ydata(), w["ll_mon_w_init_mV"][onto])
        assert not np.array_equal(initial.get_ydata(), final.get_ydata())
        assert (initial.get_xdata() < final.get_xdata()).all()
        assert (final.get_xdata() - initial.get_xdata() < 0.5).all()


def test_a_cell_without_inputs_is_shown_as_one(tmp_path):
    folder = make_run(tmp_path / "run")
    path = next((folder / "artifacts").glob("my_tag*.npz"))
    with np.load(path) as file:
        w = dict(file)
    first_mon, first_ts = tuning.spread(500, 6)[0], tuning.spread(12, 8)[0]
    for projection, cell in (("ll_mon", first_mon), ("mon_ts", first_ts)):
        kept = w[f"{projection}_j"] != cell
        w |= {name: w[name][kept] for name in w if name.startswith(projection)}
    np.savez(path, **w)
    saved = Run(folder).seed(SEED)
    for make in (weight_figures.llmon_weights, weight_figures.mon_to_ts_receptive_fields):
        figure = make(saved)
        assert "0 synapses" in figure.axes[0].get_title("left")
        assert [("no synapses" in texts(ax)) for ax in figure.axes].count(True) == 1
    assert "1 cells without synapses" in texts(weight_figures.mon_ts_weight_profile(saved))


def test_several_synapses_of_a_pair_are_counted_as_such():
    assert weight_figures.synapses(np.array([3, 5, 8])) == "3 synapses"
    assert weight_figures.synapses(np.array([3, 3, 8])) == "3 synapses from 2 cells"
    assert weight_figures.synapses(np.array([4])) == "1 synapse"


def test_mean_and_share_at_the_ceiling_are_those_of_each_ts_cell(saved):
    w, w_max = saved.weights, saved.params.mon_ts_wmax
    mean, share = weight_figures.mon_ts_weight_profile(saved).axes
    for values, label in (
        (w["mon_ts_w"], weight_panels.AFTER),
        (w["mon_ts_w_init"], weight_panels.BEFORE),
    ):
        cells = [values[w["mon_ts_j"] == cell] for cell in range(12)]
        for ax, expected in (
            (mean, [c.mean() for c in cells]),
            (share, [np.mean(c == w_max) for c in cells]),
        ):
            drawn = {p.get_label(): p for p in ax.patches if isinstance(p, StepPatch)}[label]
            assert drawn.get_data().values == pytest.approx(np.array(expected))


def test_fields_show_every_synapse_before_and_after_training(saved):
    w = saved.weights
    axes = weight_figures.mon_to_ts_receptive_fields(saved).axes
    assert len(axes) == 8
    for ax, cell in zip(axes, tuning.spread(12, 8), strict=True):
        onto = w["mon_ts_j"] == cell
        assert f"TS {cell}: {onto.sum()} synapses" in ax.get_title("left")
        for label, name in ((weight_panels.BEFORE, "_init"), (weight_panels.AFTER, "")):
            shown = np.c_[w["mon_ts_i"][onto], w[f"mon_ts_w{name}"][onto]]
            assert np.array_equal(lines(ax)[label].get_xydata(), shown)


def test_learning_curves_show_the_records_on_one_time(saved):
    a = saved.recordings
    axes = weight_figures.learning_curves(saved).axes
    weights, distance, angles, valid = axes
    assert len({ax.get_xlim() for ax in axes}) == 1
    single = [line for line in weights.lines if line.get_linewidth() < 0.7]
    assert len(single) == 12
    drawn = {line.get_label(): line.get_xydata() for line in distance.lines}
    start, step = drawn.values()
    t_s = a["checkpoint_t_s"]
    assert np.array_equal(start, np.c_[t_s, a["w_mean_abs_delta_series"]])
    assert np.array_equal(
        step, np.c_[t_s, a["w_mean_abs_step_series"]][1:]
    )  # none before the first
    assert np.array_equal(angles.lines[1].get_ydata(), a["pv_sigma_theta_series"])
    assert "chance" in texts(angles)
    assert any(np.array_equal(x.get_ydata(), a["pv_valid_fraction_series"]) for x in valid.lines)


def test_weights_that_stay_and_a_ceiling_that_none_has_reached_are_said(saved, tmp_path):
    t_s, still = np.arange(4.0), np.zeros(4)
    for distance, said in ((still, True), (still + 0.1 * t_s, False)):
        ax = weight_panels.draw_distance_from_start(new_axes(), t_s, distance, still)
        assert ("no weight has changed" in texts(ax)) == said
    words = "no weight is at the ceiling"
    assert words not in texts(weight_figures.mon_ts_weight_profile(saved))
    untrained = saved_run(tmp_path / "run", n_training_steps=0)
    assert words in texts(weight_figures.mon_ts_weight_profile(untrained))


def test_the_words_about_the_usable_map_leave_room_to_the_data():
    t_s = np.arange(9.0)
    for share, place in ((0.2, 0.95), (0.9, 0.05)):
        ax = weight_figures.panels.draw_valid_fraction(new_axes(), t_s, np.full(9, share))
        assert ax.texts[0].get_position()[1] == place


def test_an_undecoded_map_is_not_called_silent_if_something_was_decoded():
    t_s, nan = np.arange(3.0), np.full(3, np.nan)
    for share, silent in ((0.0, True), (0.9, False)):
        place = (new_axes(), t_s, nan, nan, np.full(3, share), weight_figures.panels.chance(1))
        ax = weight_figures.panels.draw_training_map(*place)
        assert ("silent" in texts(ax)) == silent and "undecoded" not in texts(ax)
        assert ("undefined" in texts(ax)) != silent
