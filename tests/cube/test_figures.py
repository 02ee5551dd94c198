"""Figures of the cube room: what is drawn is what was recorded, and the twin is always there."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from driver.figures import style
from driver.figures.panels import AFTER, BEFORE
from driver.figures.seeds import seeds_summary
from models.cube.lattice import figures as cube_figures
from models.cube.lattice.records import activity_in
from models.cube.local import figures as local_figures
from models.cube.local.measure import step_overlap
from models.cube.local.moment import recent_rate
from models.cube.metric_table import TABLE
from models.cube.metrics.output import running_mean
from models.cube.params import LocalParams
from models.cube.show import figures, panels, view
from models.cube.show import film as animation
from models.cube.show.view import Shown
from stimuli.dots import DotParams
from tests.cube.figure_seed import CUBE, GROUPS, LABELS, LOCAL, ORBIT, PAUSE, make_seed, recording


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    return make_seed(tmp_path_factory.mktemp("cube"))


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    return make_seed(tmp_path_factory.mktemp("local"), LOCAL, PAUSE, recall=True)


def draw(make, seed):
    with style.applied():
        figure = make(Shown.of(seed))
        figure.canvas.draw()
    return figure


def all_axes(figure) -> list:
    """Also those of the parts of a figure; not those that were left empty."""
    return [ax for ax in figure.get_axes() if ax.axison or ax.name == "3d"]


def words(figure) -> str:
    import matplotlib.text

    return " | ".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


def line(ax, label: str):
    return next(one for one in ax.lines if one.get_label().startswith(label))


def stairs(ax, label: str) -> np.ndarray:
    return next(p for p in ax.patches if p.get_label() == label).get_data().values


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["cube", "local"])
def test_every_figure_of_a_seed_is_a_picture_with_the_seed_in_its_name(which, request, monkeypatch):
    monkeypatch.setitem(style.SETTINGS, "savefig.dpi", 60)
    seed = request.getfixturevalue(which)
    files = figures.draw_seed(seed)
    names = [f"{name}_seed_0.png" for name in figures.makers(seed.params)]
    assert [file.name for file in files] == names
    for file in files:
        with Image.open(file) as image:
            assert min(image.size) > 150 and len(np.unique(np.asarray(image))) > 5


def test_figures_that_do_not_apply_are_left_out(tmp_path):
    p = dataclasses.replace(CUBE, readout=False)
    assert cube_figures.readout(Shown.of(make_seed(tmp_path, p))) is None
    assert local_figures.recall(Shown.of(make_seed(tmp_path, LOCAL))) is None


@pytest.mark.parametrize("which", ["cube", "local"])
def test_every_panel_has_its_labels_and_both_networks_are_named(which, request):
    seed = request.getfixturevalue(which)
    for name, make in figures.makers(seed.params).items():
        figure = draw(make, seed)
        for ax in all_axes(figure):
            labels = ax.get_xlabel(), ax.get_ylabel()
            outer = [other.get_xlabel() + other.get_ylabel() for other in all_axes(figure)]
            assert any(labels) or any(outer), name
        text = words(figure)
        assert "trained" in text and "untrained" in text, name
        assert "nan" not in text, name


# --- the cube -------------------------------------------------------------------------------------


def test_the_snapshot_shows_the_spikes_of_its_moment(cube):
    shown = Shown.of(cube)
    first, stop = shown.moment
    assert (first % CUBE.ratio, stop - first) == (0, CUBE.ratio)
    axes = all_axes(draw(cube_figures.snapshot, cube))
    for k, label in enumerate(LABELS):
        front, back, space = axes[3 * k : 3 * k + 3]
        arrays = cube.recording(label)
        own = (arrays["cells_step"] >= first) & (arrays["cells_step"] < stop)
        index = arrays["cells_i"][own]
        expected = np.zeros((8, 8))
        np.add.at(expected, ((index // 8) % 8, index % 8), index // 64 == CUBE.L - 1)
        np.testing.assert_array_equal(back.images[0].get_array(), expected)
        x, y = arrays["x"][first, 0], arrays["y"][first, 0]
        assert front.images[0].get_array()[y, x] == 1 and front.images[0].get_array().sum() == 1
        sizes = space.collections[0].get_sizes()
        assert sizes.sum() == pytest.approx(panels.areas(index.size, 1))
        lag = (CUBE.L - 1) // CUBE.ratio * CUBE.ratio
        before = arrays["x"][first - lag, 0], arrays["y"][first - lag, 0]
        assert (back.lines[0].get_xdata()[0], back.lines[0].get_ydata()[0]) == before


def test_the_snapshot_marks_every_dot(tmp_path):
    seed = make_seed(tmp_path, dots=DotParams(stimulus="orbit", dots=3))
    axes = all_axes(draw(cube_figures.snapshot, seed))
    assert len(axes[0].lines[0].get_xdata()) == 3
    assert len(axes[2].collections[1].get_offsets()) == 3  # in space


def test_a_moment_is_not_taken_right_after_a_launch_or_without_input():
    dots = DotParams(stimulus="relaunch", relaunch_every=10, off_from=(153,), off_to=(160,))
    arrays = recording(CUBE, dots, "trained", False, True)
    first, stop = view.good_moment(CUBE, arrays)
    seen = slice(first - 2 * CUBE.ratio, stop)
    assert arrays["shown"][seen].all() and not arrays["launched"][seen].any()
    assert arrays["kept_from"] <= first < stop <= arrays["kept_to"]


def test_activity_over_time_is_that_of_the_bins(cube):
    axes = all_axes(draw(cube_figures.activity, cube))
    for label in LABELS:
        series = activity_in(cube.recording(label))
        for ax, name in zip(axes, ("in_tube_rate", "out_tube_rate", "ili"), strict=False):
            np.testing.assert_array_equal(stairs(ax, label), getattr(series, name))
    mesh = axes[3].collections[0].get_array()
    layers = cube.recording("trained")["bin_layers"] / CUBE.ratio
    np.testing.assert_allclose(np.ma.filled(mesh, 0).reshape(CUBE.L, -1), layers.T)


def test_bins_have_the_length_that_was_saved(cube):
    series = activity_in(cube.recording("trained"))
    assert series.bin_steps == 4 and series.n_done == CUBE.steps


def test_removal_marks_the_last_spike_and_the_limit(cube):
    axes = all_axes(draw(cube_figures.removal, cube))
    for row, (label, last) in enumerate((("trained", 7), ("untrained", 12))):
        ax = axes[2 * row + 1]
        arrays = cube.recording(label)
        np.testing.assert_array_equal(
            line(ax, "input removed").get_ydata(), arrays["removal_count"]
        )
        np.testing.assert_array_equal(
            line(ax, "input going on").get_ydata(), arrays["continued_count"]
        )
        assert line(ax, "$T").get_xdata()[0] == last
        assert line(ax, "limit").get_xdata()[0] == 6 + 16 + 20
        assert ax.get_yscale() == "symlog"


def test_activity_that_goes_on_has_no_end(tmp_path):
    seed = make_seed(tmp_path)
    seed.recording("trained")["removal_count"][:] = 5
    seed.results["trained"] |= {"t_ext": 1000.0, "t_ext_is_final": False}
    figure = draw(cube_figures.removal, seed)
    assert "beyond 1000 steps" in words(figure) and "no end within the record" in words(figure)


def test_the_lags_are_those_of_the_results(cube):
    (ax,) = all_axes(draw(cube_figures.output_by_lag, cube))
    for label in LABELS:
        expected = np.array(cube.results[label]["output"]["iou_of_lag"], dtype=float)
        np.testing.assert_array_equal(line(ax, label).get_ydata(), expected)
    assert line(ax, "expected").get_xdata()[0] == (CUBE.L - 1) // CUBE.ratio


def test_reach_shows_every_layer(cube):
    spikes, locked = all_axes(draw(cube_figures.reach, cube))
    for label in LABELS:
        own = cube.results[label]
        np.testing.assert_array_equal(line(spikes, label).get_ydata(), own["spikes_per_move"])
        expected = np.array(own["layer_ilf"], dtype=float)
        np.testing.assert_array_equal(line(locked, label).get_ydata(), expected)


def test_weight_histograms_hold_every_link(cube):
    (ax,) = all_axes(draw(cube_figures.weights, cube))
    assert stairs(ax, AFTER).sum() == stairs(ax, BEFORE).sum() == 80
    assert "50 % changed" in ax.get_title("left")


def test_readout_shows_the_run_and_the_frozen_tests(cube):
    over, tests = all_axes(draw(cube_figures.readout, cube))
    n_moves = CUBE.steps // CUBE.ratio
    assert line(over, "trained").get_ydata().size == n_moves < 50  # no mean of 50 yet: a gap
    heights = [bar.get_height() for bar in tests.patches]
    np.testing.assert_allclose(heights, [0.9, 0, np.nan, 0.1, 0, np.nan])
    assert [t.get_text() for t in tests.texts].count("undefined") == 2


def test_groups_are_judged_by_groups(tmp_path):
    seed = make_seed(tmp_path, GROUPS)
    assert "group-level IoU" in words(draw(cube_figures.snapshot, seed))
    assert view.overlap(np.eye(8), np.array([1]), np.array([2]), group=4) == pytest.approx(0.5)


@pytest.mark.parametrize("silent", [LABELS, ("trained",)])
def test_a_silent_cube_is_undefined_in_words(tmp_path, silent):
    seed = make_seed(tmp_path, silent=silent)
    for name, make in figures.makers(CUBE).items():
        assert "nan" not in words(draw(make, seed)), name
    text = words(draw(cube_figures.activity, seed))
    assert "silent" in text
    if silent == LABELS:
        assert "silent: undefined" in text
        assert "undefined" in words(draw(cube_figures.reach, seed))
        assert "no spikes" in words(draw(cube_figures.snapshot, seed))


def test_a_run_that_learned_nothing_says_so(tmp_path):
    seed = make_seed(tmp_path, learned=False)
    assert "no weight has changed" in words(draw(cube_figures.weights, seed))


# --- blocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [1, 3, 4, 8])
def test_blocks_hold_every_spike_also_where_they_do_not_divide_the_cube(down):
    n, depth = 8, 5
    index = np.random.default_rng(0).integers(0, n * n * depth, 300)
    blocks = view.pooled(index, n, depth, down)
    assert blocks.count.sum() == 300
    for values, size in ((blocks.x, n), (blocks.y, n), (blocks.z, depth)):
        assert values.min() >= 0 and values.max() <= size - 1
        assert np.unique(values).size == -(-size // down)


def test_a_block_lies_in_the_middle_of_its_cells():
    blocks = view.pooled(np.array([(4 * 8 + 7) * 8 + 2]), 8, 5, 3)  # z 4, y 7, x 2
    assert (blocks.x[0], blocks.y[0], blocks.z[0]) == (1.0, 6.5, 3.5)


# --- the local layer ------------------------------------------------------------------------------


def test_the_learning_curve_is_the_running_overlap(local):
    axes = all_axes(draw(local_figures.learning, local))
    for label in LABELS:
        arrays = local.recording(label)
        mean = running_mean(step_overlap(LOCAL, arrays).iou, 50)
        np.testing.assert_array_equal(line(axes[0], label).get_ydata(), mean)
        rate = running_mean(arrays["n_hidden"] / 64, 50)
        np.testing.assert_array_equal(line(axes[1], label).get_ydata(), rate)
    off = [p for p in axes[0].patches if p.get_label() == "input off"]
    assert (off[0].get_x(), off[0].get_width()) == (200, 60)
    steps = local.results["trained"]["learning_steps"]["iou_0.9"]
    assert f"0.9 after {steps:.0f}" in words(axes[0].figure)


def test_the_error_is_target_minus_output(local):
    axes = all_axes(draw(local_figures.snapshot, local))
    trained, twin = axes[2].images[0].get_array(), axes[6].images[0].get_array()
    assert not trained.any()
    step = Shown.of(local).moment[1] - 1
    x, y = (local.recording("untrained")[k][step, 0] for k in ("next_x", "next_y"))
    assert twin[y, x] == 1 and np.abs(twin).sum() == 1


def test_motion_cells_lie_over_their_pixels(tmp_path):
    p = LocalParams(n=8, steps=400, hidden="motion")
    arrays = recording(LOCAL, ORBIT, "trained", False, True)
    index = np.array([3, 64 + 3, 3 * 64 + 10])
    image = view.pixel_counts(index, 8)
    assert image[0, 3] == 2 and image[1, 2] == 1 and image.sum() == 3
    arrays["hidden_i"] = arrays["hidden_i"] + 64 * (np.arange(arrays["hidden_i"].size) % 4)
    seed = make_seed(tmp_path, LOCAL, ORBIT)
    seed.params, seed.recording = p, lambda label: arrays
    before = recent_rate(LOCAL, ORBIT, arrays, 400)[0]
    assert recent_rate(p, ORBIT, arrays, 400)[0] == pytest.approx(before / 4)
    assert "motion cells" in words(draw(local_figures.snapshot, seed))


def test_recall_is_the_median_over_launches(local):
    axes = all_axes(draw(local_figures.recall, local))
    for ax, label in zip(axes, LABELS, strict=True):
        iou = local.recording(label)["recall_new_iou"]
        np.testing.assert_array_equal(line(ax, "median").get_ydata(), np.median(iou, axis=0))
        assert line(ax, "P/4").get_xdata()[0] == 14 / 4
    assert "no overlap in any step" in words(axes[0].figure)  # the twin


def test_a_silent_layer_is_drawn(tmp_path):
    seed = make_seed(tmp_path, LOCAL, PAUSE, silent=LABELS)
    for name, make in local_figures_of(seed):
        text = words(draw(make, seed))
        assert "nan" not in text and "silent" in text or name in ("tests", "weights")


def local_figures_of(seed):
    makers = figures.makers(seed.params)
    return [(name, make) for name, make in makers.items() if name != "recall"]


# --- several seeds --------------------------------------------------------------------------------


def run_of(*seeds):
    """A run of finished seeds."""
    return SimpleNamespace(seed=seeds.__getitem__, finished=range(len(seeds)))


def test_the_summary_joins_the_two_networks_of_each_seed(cube):
    figure = seeds_summary(TABLE, run_of(cube, cube))
    ax = all_axes(figure)[0]
    ili = [cube.results[label]["ili"] for label in ("untrained", "trained")]
    joined = ax.collections[0].get_segments()
    assert len(joined) == 2
    for line in joined:
        np.testing.assert_array_equal(line[:, 1], ili)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "mean"]


def test_the_summary_counts_what_is_undefined(cube, tmp_path):
    silent = make_seed(tmp_path, silent=("untrained",))
    figure = seeds_summary(TABLE, run_of(cube, silent))
    assert "undefined: 1 untrained" in words(figure)


# --- films ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["cube", "local"])
def test_a_film_has_as_many_frames_as_asked_for(which, request, tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "ffmpeg", lambda: None)
    seed = request.getfixturevalue(which)
    stop = int(seed.recording("trained")["kept_to"])
    file = animation.animate(seed, "trained", tmp_path / "film", stop - 12, stop, every=2)
    with Image.open(file) as image:
        assert image.n_frames == 6
        shown = []
        for k in range(6):
            image.seek(k)
            shown.append(np.asarray(image.convert("RGB")))
    assert any(not np.array_equal(shown[0], other) for other in shown[1:])


def test_a_frame_of_a_film_holds_the_spikes_of_its_steps(cube):
    with style.applied():
        film = animation.Film(Shown.of(cube, down=2), "trained", 4)
        film.put(120)
        arrays = cube.recording("trained")
        index = view.between(arrays, "cells", 120, 124)
        assert film.space[0].get_sizes().sum() == pytest.approx(panels.areas(index.size, 2))
        plane = view.plane_counts(index, 8, CUBE.L - 1) > 0
        np.testing.assert_array_equal(film.images[1].get_array(), plane)
        assert film.marks[0].get_xdata()[0] == arrays["x"][123, 0]


def test_a_film_outside_the_kept_window_is_refused(cube, tmp_path):
    with pytest.raises(ValueError, match="spikes were kept of 79 to 160"):
        animation.animate(cube, "trained", tmp_path / "film", 10, 100)
    with pytest.raises(ValueError, match="down must be 1 to 8"):
        animation.animate(cube, "trained", tmp_path / "film", down=9)


def test_a_film_that_could_not_be_written_leaves_no_half_one(cube, tmp_path, monkeypatch):
    broken = tmp_path / "ffmpeg"
    broken.write_text('#!/bin/sh\n[ "$1" = -version ] || { head -c 9999 >/dev/null; exit 3; }\n')
    broken.chmod(0o755)
    monkeypatch.setattr(animation, "ffmpeg", lambda: str(broken))
    (tmp_path / "films").mkdir()
    with pytest.raises(OSError):  # it ended, or its pipe is closed
        animation.animate(cube, "trained", tmp_path / "films" / "film", 120, 160, every=2)
    assert list((tmp_path / "films").iterdir()) == []
