"""Figures of the sequence memory: drawn from a folder alone, with something in every panel."""

import builtins
import io
import os
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import sequence_brian2
from driver.figures import draw, style
from driver.run.saved import NotARun, Run
from models.sequence.params import FORMAT
from models.sequence.show import panels, view
from models.sequence.show.figures import FIGURES
from tests.figure_run import texts
from tests.program import BACKEND

BASE = ("--mode", "tiny", "--backend", BACKEND, "--no-figures", "--test-presentations", "2")
RUNS = {
    "one": ("--train-s", "1.5"),
    "three": (
        *("--train-s", "0.8", "--n-patterns", "3", "--t-pattern-ms", "60", "90", "120"),
        *("--cue-ms", "30", "--stp", "none", "--learning-rate", "one_over_steps"),
    ),
    "alone": (
        *("--train-s", "0.2", "--grid-columns", "1", "--grid-rows", "1", "--n-links", "0"),
        *("--k-min", "1", "--k-max", "1", "--n-inputs", "1", "--no-use-noise"),
    ),
}


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """One seed of each of `RUNS`."""
    root = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, words in RUNS.items():
            assert sequence_brian2.main([*BASE, "--run-name", name, *words]) == 0
    return {name: Run(root / "Runs" / name, FORMAT).seed() for name in RUNS}


@pytest.fixture(scope="session")
def drawn(runs):
    """Every figure of every run, laid out."""
    return {(run, name): made(runs[run], make) for run in RUNS for name, make in FIGURES.items()}


def made(seed, make):
    with style.applied():
        figure = make(seed)
        figure.set_dpi(60)
        FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("run", RUNS)
def test_every_panel_has_something_to_show_or_says_why_not(drawn, run, name):
    for ax in drawn[run, name].axes:
        shown = [*ax.lines, *ax.images, *ax.collections, *ax.patches]
        assert shown or ax.texts, ax.get_title()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("run", RUNS)
def test_all_that_is_written_is_within_the_page(drawn, run, name):
    figure = drawn[run, name]
    renderer = figure.canvas.get_renderer()
    width, height = figure.bbox.size
    for ax in [figure, *figure.axes]:
        words = ax.texts if ax is figure else [*ax.texts, ax.title, ax._left_title]
        labels = [] if ax is figure else [axis.label for axis in (ax.xaxis, ax.yaxis)]
        for text in filter(lambda t: t.get_text() and t.get_visible(), [*words, *labels]):
            box = text.get_window_extent(renderer)
            assert box.x0 > -2 and box.y0 > -2, text.get_text()
            assert box.x1 < width + 2 and box.y1 < height + 2, text.get_text()


def test_titles_of_neighbours_do_not_meet(drawn):
    for figure in drawn.values():
        renderer = figure.canvas.get_renderer()
        boxes = [ax._left_title.get_window_extent(renderer) for ax in figure.axes]
        for k, box in enumerate(boxes):
            assert not any(
                box.overlaps(other) for other in boxes[k + 1 :] if box.width * other.width
            )


def test_every_caption_says_what_it_shows():
    for make in FIGURES.values():
        assert len(draw.caption(make)) > 100


def test_trained_stands_beside_untrained_and_each_has_its_name(drawn):
    for name in ("presentation", "replay", "profiles", "completion", "learning"):
        said = texts(drawn["one", name])
        assert "untrained" in said and "\ntrained" in said, name


def test_two_of_several_patterns_are_shown_and_it_is_said(drawn):
    said = texts(drawn["three", "presentation"])
    assert "3 patterns (first 2 shown) of 60/90/120 ms" in said
    assert "trained, pattern 1" in said and "pattern 2" not in said
    assert "untrained: pattern 1" in texts(drawn["three", "profiles"])


def test_what_is_undefined_is_said(drawn):
    assert "undefined: no response varies" in texts(drawn["alone", "completion"])
    assert "no synapses" in texts(drawn["alone", "weights"])
    assert "no short-term plasticity" in texts(drawn["three", "windows"])


def test_a_figure_opens_no_file_but_those_of_its_run(runs, monkeypatch):
    opened = []

    def watch(function):
        def open_(file, *args, **kwargs):
            opened.extend([] if isinstance(file, int) else [str(file)])  # by its name, not a handle
            return function(file, *args, **kwargs)

        return open_

    seed = Run(runs["one"].run.folder, FORMAT).seed()
    for module in (builtins, io, os):
        monkeypatch.setattr(module, "open", watch(module.open))
    for make in FIGURES.values():
        make(seed)
    folder = str(Path(seed.run.folder))
    assert opened
    ours = [file for file in opened if not file.endswith((".py", ".pyc", ".ttf", ".json.gz"))]
    assert all(file.startswith(folder) for file in ours if "matplotlib" not in file), ours


def test_responses_are_computed_once_for_all_figures(runs, monkeypatch):
    seed, calls = Run(runs["one"].run.folder, FORMAT).seed(), []
    original = view.responses
    monkeypatch.setattr(view, "responses", lambda *a: calls.append(a) or original(*a))
    for make in FIGURES.values():
        make(seed)
    assert len(calls) == 2


def test_a_folder_of_another_wiring_is_not_drawn(runs):
    seed = Run(runs["one"].run.folder, FORMAT).seed()
    seed.weights["cell_cell_i"] = seed.weights["cell_cell_i"][::-1]
    with pytest.raises(NotARun, match="cell_cell"):
        view.network(seed, "trained")


def test_cells_are_in_the_order_of_their_assembly(runs):
    found = view.network(runs["one"], "trained")
    for order in found.orders:
        assert np.array_equal(np.sort(order), np.arange(order.size))


def test_the_window_of_the_paper_is_that_of_its_equation(runs):
    p = runs["one"].params
    peak = panels.PAPER_SCALE * panels.epsp(panels.WINDOW_MS, p.taus_s).max() - 1
    assert peak == pytest.approx(4.17, abs=0.01)
    assert panels.epsp(np.array([-5.0, 0.0]), p.taus_s) == pytest.approx(0)


def test_a_train_of_spikes_uses_resources_up(runs):
    p = runs["one"].params
    fast, slow = (panels.efficacies(20, gap, p) for gap in (10, 1e4))
    assert fast[0] == slow[0] == p.stp_u
    assert np.all(np.diff(fast[:5]) < 0) and slow == pytest.approx(p.stp_u)
    assert np.all(panels.efficacies(3, 10, runs["three"].params) == 1)
