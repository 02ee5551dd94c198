"""Figures and film of the map that TS has of the source, on small recordings made by hand."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from driver.door import run as door
from driver.figures import film as films
from driver.figures import style
from models.lateral_line import cell_tuning, map_metrics, values
from models.lateral_line.passes import Pass
from models.lateral_line.room import ROOM
from models.lateral_line.saved import Run
from models.lateral_line.show import figures, map_figures, map_film, map_panels
from models.lateral_line.show.map_course import Course
from tests.figure_run import SEED, make_run, make_sweep, new_axes, saved_run, texts

MESSENGER = {
    **dict(mon_ts_rule="messenger", messenger_reach_start=6.0, messenger_reach_end=1.0),
    **dict(test_passes=5, n_ts=12),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network that organises itself; its map falls from cell to cell."""
    return saved_run(tmp_path_factory.mktemp("maps") / "run", **MESSENGER)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """STDP, and one pass of the test."""
    return saved_run(tmp_path_factory.mktemp("maps") / "once")


def drawn(make, saved):
    with style.applied():
        return make(saved)


def titles(figure) -> list[str]:
    return [ax.get_title("left") for ax in figure.axes if ax.get_title("left")]


def shown(ax) -> np.ndarray:
    """The image of a panel; NaN is grey."""
    return ax.images[0].get_array().filled(np.nan)


# --- by position ---------------------------------------------------------------------------


def test_cells_are_read_from_where_the_map_begins_and_the_other_way_if_mirrored():
    quarter = np.pi / 2
    cells, turned, mirrored = map_metrics.aligned_cells([False, False], [quarter, quarter], 8)
    assert (list(cells), turned, mirrored) == ([2, 3, 4, 5, 6, 7, 0, 1], 2, False)
    cells, turned, mirrored = map_metrics.aligned_cells([True, True], [-quarter, -quarter], 8)
    assert (list(cells), turned, mirrored) == ([2, 1, 0, 7, 6, 5, 4, 3], 6, True)
    assert map_metrics.aligned_cells([None, None], [None, None], 8) is None
    halves = map_metrics.aligned_cells([None, True], [None, 0.0], 4)
    assert list(halves[0]) == [0, 3, 2, 1]


@pytest.mark.parametrize("mirrored", [True, False])
def test_a_turned_and_mirrored_map_is_a_rising_diagonal_after_the_alignment(mirrored):
    rng, n_cells, window = np.random.default_rng(0), 40, (0.0, 4.0)
    x_cm = np.linspace(0, 4, 800, endpoint=False)
    passes = []
    for _ in range(4):
        step = np.sort(rng.integers(0, x_cm.size, 3000))
        place = np.floor(x_cm[step] / 4 * n_cells).astype(int)
        place = -1 - place if mirrored else place
        passes.append(Pass(step, (place + 13) % n_cells, x_cm))
    found = map_metrics.aligned_map(passes, n_cells, 0.001, window, n_permutations=0)
    cells, _, is_mirrored = map_metrics.aligned_cells(found.reflected, found.rotation_rad, n_cells)
    assert is_mirrored == mirrored
    tuning = cell_tuning.cell_tuning(passes, n_cells, 0.001, window)
    expected = (np.arange(n_cells) + 0.5) / n_cells * 4
    off = (tuning.preferred_cm[cells] - expected + 2) % 4 - 2
    assert np.abs(off).max() < 0.25


def test_rates_are_shares_of_the_peak_and_what_is_not_tuned_or_visited_is_grey():
    rate = np.array([[1.0, 4.0, np.nan], [0.0, 2.0, np.nan], [0.0, 0.0, np.nan]])
    share = map_panels.share_of_peak(rate, np.array([True, False, True]))
    np.testing.assert_equal(share, [[0.25, 1, np.nan], [np.nan] * 3, [np.nan] * 3])
    ax = map_panels.draw_map(new_axes(), share, (0.0, 4.0), 4.0)
    np.testing.assert_equal(shown(ax), share)
    assert not ax.lines  # the ends of the body are those of the panel
    assert len(map_panels.draw_map(new_axes(), share, (-0.5, 4.5), 4.0).lines) == 4
    assert "no TS cell is tuned" in texts(
        map_panels.draw_map(new_axes(), share[1:], (0, 4), 4.0).figure
    )


def test_the_map_stands_as_numbered_above_and_aligned_below_trained_beside_untrained(saved):
    figure = drawn(map_figures.map_by_position, saved)
    a, b, c, d = (ax for ax in figure.axes if ax.get_title("left"))
    for upper, lower, label in ((a, c, "trained"), (b, d, "untrained")):
        body = saved.numbers(label)["map"]["body"]
        cells, turned, mirrored = map_metrics.aligned_cells(
            body["reflected"], body["rotation_rad"], 12
        )
        np.testing.assert_equal(shown(lower), shown(upper)[cells])
        assert f"turned by {turned} cells" in lower.get_title("left")
        assert ("mirrored" in lower.get_title("left")) == mirrored
        assert f"{body['sigma_theta_rad']:.2f} rad" in lower.get_title("left")
        assert f"{body['sigma_theta_unaligned_rad']:.2f} rad" in upper.get_title("left")
        assert upper.get_title("left").startswith(f"{'A' if upper is a else 'B'}  {label}")
    assert "mirrored" in c.get_title("left")  # the map falls
    assert f"order {saved.results['map']['order']:.2f}" in a.get_title("left")
    band = saved.results["map"]["body"]["sigma_theta_chance_rad"]
    assert f"{band['p05']:.2f} to {band['p95']:.2f} rad" in figure.get_suptitle()
    assert "5 passes of the test" in figure.get_suptitle()
    for ax in (c, d):
        (x, y) = ax.lines[-1].get_data()
        np.testing.assert_allclose([x, y], [[0, saved.params.ll_body_length_cm], [0, 11]])


def test_a_test_of_one_pass_has_the_upper_row_alone(once):
    figure = drawn(map_figures.map_by_position, once)
    above, beside = titles(figure)
    assert above.startswith("A  trained, as the cells are numbered")
    assert f"{once.results['sigma_theta_body_rad']:.2f} rad, valid" in above
    assert beside.startswith("B  untrained") and "one pass" in figure.get_suptitle()
    assert not figure.legends


def test_a_silent_network_has_no_alignment_and_says_so(tmp_path):
    both = {"silent": ("test", "untrained")}
    silent = saved_run(tmp_path / "run", **both, **MESSENGER)
    figure = drawn(map_figures.map_by_position, silent)
    said = texts(figure)
    assert said.count("no alignment: nothing was decoded") == 2
    assert said.count("no TS cell is tuned") == 4 and "undefined, valid" in said
    assert "TS is silent in the test (trained and untrained)" in said


# --- over training -------------------------------------------------------------------------


def test_moments_are_evenly_apart_with_the_first_and_the_last(saved):
    course = Course.of(saved)
    assert course.moments(10) == [0, 1, 2, 3, 4, 5] and course.moments(2) == [0, 5]
    figure = drawn(map_figures.map_over_training, saved)
    reach = values.messenger_reach(saved.params, course.trial)
    shown = titles(figure)
    assert shown[0] == "untouched, reach 6 cells"
    assert shown[3] == f"trial 3, reach {reach[3]:.2g} cells"
    assert len(shown) == 6


def test_only_a_messenger_has_a_reach(once):
    assert titles(drawn(map_figures.map_over_training, once))[:2] == ["untouched", "trial 1"]
    figure = drawn(map_figures.order_over_training, once)
    assert len(figure.axes) == 2 and "mirrored" in texts(figure)


def test_order_rises_with_the_map_and_the_points_of_the_test_stand_at_the_right(saved):
    course = Course.of(saved)
    assert course.order[-1] > 0.8 > course.order[0]
    assert course.order_chance.low < 0.1
    figure = drawn(map_figures.order_over_training, saved)
    order, sigma, reach = figure.axes
    body = saved.results["map"]["body"]
    for ax, value in ((order, saved.results["map"]["order"]), (sigma, body["sigma_theta_rad"])):
        point = next(line for line in ax.lines if line.get_label() == "test, trained")
        assert point.get_ydata()[0] == value and point.get_xdata()[0] > course.trial[-1]
    a = saved.recordings
    better = np.minimum(a["pv_sigma_theta_series"], a["pv_sigma_theta_mirrored_series"])
    np.testing.assert_equal(sigma.lines[0].get_ydata(), better)
    np.testing.assert_equal(sigma.lines[0].get_xdata(), course.trial)
    assert [t.get_text() for t in reach.get_yticklabels()] == ["1", "6"]
    assert reach.get_xticklabels()[-1].get_text() == "test"


def test_a_run_without_training_or_of_an_earlier_program_has_none_of_it(tmp_path):
    untrained = saved_run(tmp_path / "untrained", n_training_steps=0)
    assert map_figures.map_over_training(untrained) is None
    assert map_figures.order_over_training(untrained) is None
    early = saved_run(tmp_path / "early")
    for name in ("passes_x_cm", "map_trial_series"):
        del early.recordings[name]
    assert [make(early) for make in figures.MAPS.values()] == [None] * 3


def test_nothing_is_clipped_and_titles_lie_clear_of_legends(saved):
    for name, make in figures.MAPS.items():
        with style.applied():
            figure = make(saved)
            figure.set_dpi(50)
            FigureCanvasAgg(figure).draw()
        for ax in figure.axes:
            box, title = ax.get_tightbbox(), ax._left_title.get_window_extent()
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, name
            legend = ax.get_legend()
            assert legend is None or not legend.get_window_extent().overlaps(title), name


def test_maps_come_first_on_the_page_of_a_run_that_tested_them(saved, once):
    for seed, first in ((saved, "map_by_position"), (once, "spatial_two_stage")):
        seed.figures.mkdir(exist_ok=True)
        for name in ("spatial_two_stage", "map_by_position"):
            file = seed.figures / f"{figures.names_of(seed, name)[0]}.png"
            matplotlib.image.imsave(file, np.full((2, 2), len(name)), vmin=0, vmax=30)
        assert figures.figures_of(seed.run).rest[0].name == first


# --- the film ------------------------------------------------------------------------------


def call(capsys, *words) -> tuple[int, str]:
    status = door(ROOM, ["animate", *map(str, words)])
    return status, capsys.readouterr().err


def test_a_film_has_a_frame_a_record_and_lies_in_the_folder_of_figures(saved, capsys):
    assert call(capsys, saved.run.folder, "--fps", 1)[0] == 0
    with Image.open(saved.figures / "map_forming.gif") as image:
        assert image.n_frames == 6
        frames = []
        for k in range(6):
            image.seek(k)
            frames.append(np.asarray(image.convert("RGB")))
    assert all(not np.array_equal(*pair) for pair in zip(frames, frames[1:], strict=False))
    assert not list(saved.figures.glob(".*"))


def test_a_frame_shows_its_record_and_points_to_it(saved):
    course = Course.of(saved)
    film = map_film.Film(course, "title")
    film.put(3)
    np.testing.assert_equal(shown(film.map), course.share(3))
    assert film.head.get_text() == course.moment(3)
    x, y = zip(*(point.get_data() for point in film.points), strict=True)
    assert np.ravel(x).tolist() == [3, 3, 3]
    assert y[0][0] == course.order[3] and y[2] == course.reach(course.trial[[3]])


def test_every_seed_of_several_has_its_own_film(tmp_path, capsys):
    folder = make_run(tmp_path / "run", n_seeds=2, **MESSENGER)
    target = tmp_path / "made" / "film.gif"
    assert call(capsys, folder, "--fps", 1, "--output", target)[0] == 0
    assert [f.name for f in target.parent.iterdir()] == [f"film_seed_{SEED}.gif"]


def test_what_cannot_be_filmed_is_refused_in_a_line(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(map_film, "ffmpeg", lambda: None)
    folder, untrained = saved.run.folder, make_run(tmp_path / "none", n_training_steps=0)
    unfinished = make_sweep(tmp_path / "unfinished", n_seeds=1, results={})
    refused = {
        (): "which run? Name its folder",
        (tmp_path / "nowhere",): "nowhere",
        (untrained,): "no maps over a training",
        (unfinished,): "no finished seed",
        (folder, "--fps", 0): "--fps 0: must be 1 to 60",
        (folder, "--fps", 61): "--fps 61: must be 1 to 60",
        (folder, "--output", tmp_path / "film.avi"): "the ending must be .gif or .mp4",
        (folder, "--output", tmp_path / "film.mp4"): "MP4 needs ffmpeg",
        (folder, untrained, "--output", tmp_path / "film.gif"): "one file for 2 runs",
    }
    for words, why in refused.items():
        status, said = call(capsys, *words)
        assert status == 2 and why in said and said.count("\n") == 1, words
    assert not list(tmp_path.glob("*film*"))


def test_the_writer_goes_by_the_ffmpeg_that_is_there():
    assert type(films.writer_of(None, 12)) is films.GifWriter
    assert films.writer_of("/some/ffmpeg", 7).fps == 7


def test_a_run_read_again_has_the_same_course(saved):
    again = Course.of(Run(saved.run.folder).seed(SEED))
    np.testing.assert_array_equal(again.order, Course.of(saved).order)
