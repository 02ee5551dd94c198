"""The figures of a run, against small recordings made by hand: files, and what all have in common.

What stands in single figures is tested in ``test_figures_<kind>.py``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from driver.figures import style
from driver.run.saved import NotARun
from models.lateral_line.room import ROOM
from models.lateral_line.saved import Run
from models.lateral_line.show import figures, panels
from models.lateral_line.show.stimulus_figure import stimulus_figure
from models.lateral_line.show.summary_figure import multiseed_summary
from tests.figure_run import (
    SEED,
    TAG,
    make_run,
    make_sweep,
    saved_run,
    texts,
)

EXPECTED = [
    f"brian2_{name}_u_5.0_nMON_500_nTS_12.png"
    for name in (
        *("spatial_two_stage", "test_phase_only"),
        *("map_by_position", "map_over_training", "order_over_training"),
        *("learning_curves", "llmon_weights"),
        *("mon_ts_weight_profile", "mon_to_ts_receptive_fields", "ts_tuning"),
        *("mon_tuning_examples", "mon_ts_drive_heatmap", "mon_ts_drive_winner"),
        *("ll_spikes_vs_x_test", "mon_spikes_vs_x_test", "ts_spikes_vs_x_test"),
        "ts_pop_rate_train_test_transition",
    )
]
OVERVIEWS = "spatial_two_stage", "test_phase_only"
OF_TRAINING = {"map_over_training", "order_over_training"}  # None without one
# figures that show the test activity of a layer
SHOWING = {
    "ll": ("ll_spikes_vs_x_test",),
    "mon": (
        *("mon_tuning_examples", "mon_spikes_vs_x_test"),
        *("mon_ts_drive_heatmap", "mon_ts_drive_winner"),
    ),
    "ts": (
        *("map_by_position", "ts_tuning", "ts_spikes_vs_x_test"),
        "ts_pop_rate_train_test_transition",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("figures") / "a run of $5 and $6")


@pytest.fixture(scope="module")
def saved(folder):
    return Run(folder).seed(SEED)


@pytest.fixture(scope="module")
def makers(saved, tmp_path_factory):
    """What makes each figure of the program, by name."""
    sweep = Run(make_sweep(tmp_path_factory.mktemp("sweep") / "run", n_seeds=3))
    of_seed = {name: partial(make, saved) for name, make in figures.FIGURES.items()}
    return of_seed | {
        "multiseed_summary": partial(multiseed_summary, sweep),
        "stimulus": stimulus_figure,
    }


@pytest.fixture(scope="module")
def drawn(makers):
    """Every figure of the program by name, laid out, and its pixels."""
    return {name: draw(make) for name, make in makers.items()}


@pytest.fixture(scope="module")
def made(drawn):
    """Every figure of the program by name."""
    return {name: figure for name, (figure, _) in drawn.items()}


def draw(make):
    with style.applied():
        figure = make()
        figure.set_dpi(60)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return figure, np.asarray(canvas.buffer_rgba()).copy()


# --- files -----------------------------------------------------------------------------


def blank(*_):
    return Figure((2, 2))


def draw_run(run):
    """Every figure of a run, as the driver has them drawn."""
    files = [file for seed in run.finished for file in ROOM.draw_seed(run.seed(seed))]
    return [*files, *ROOM.draw_summary(run)]


def test_every_figure_of_a_single_seed_lies_in_the_folder_once_without_its_number(
    tmp_path, monkeypatch
):
    folder = make_run(tmp_path / "run")
    monkeypatch.setattr(figures, "FIGURES", dict.fromkeys(figures.FIGURES, blank))  # sooner drawn
    files = draw_run(Run(folder))
    assert matplotlib.image.imread(files[0]).shape[:2] == (2 * 180, 2 * 180)
    assert [f.name for f in files] == EXPECTED
    assert {f.name for f in (folder / "figures").iterdir()} == {*EXPECTED}


def test_a_single_seed_drawn_again_loses_the_second_names_of_an_earlier_program(
    tmp_path, monkeypatch
):
    folder = make_run(tmp_path / "run")
    monkeypatch.setattr(figures, "FIGURES", {"ts_tuning": blank})
    old = folder / "figures" / "brian2_ts_tuning_u_5.0_nMON_500_nTS_12_seed_7.png"
    old.parent.mkdir()
    for file in (old, old.with_name("mine.png")):
        file.write_bytes(b"old")
    draw_run(Run(folder))
    assert sorted(f.name for f in old.parent.iterdir()) == [
        "brian2_ts_tuning_u_5.0_nMON_500_nTS_12.png",
        "mine.png",
    ]


def test_the_analyses_of_the_weights_are_drawn_when_asked_for(tmp_path, monkeypatch, capsys):
    from models.lateral_line.words import words

    draw_figures = words(ROOM)["figures"]
    folder = make_run(tmp_path / "run")
    monkeypatch.setattr(figures, "FIGURES", dict.fromkeys(figures.FIGURES, blank))
    assert draw_figures([folder]) == 0
    assert not list((folder / "figures").glob("*multimodality*"))
    assert draw_figures([folder], analyses=True) == 0
    found = sorted(f.name.split("_u_")[0] for f in (folder / "figures").glob("*multimodality*"))
    what = ("", "_distance", "_ensemble")
    assert found == [f"brian2_tuning_multimodality{w}" for w in what]
    assert "figures in" in capsys.readouterr().out


def test_the_thesis_preset_has_its_overviews_under_two_more_names(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", dict.fromkeys(figures.FIGURES, blank))
    folder = make_run(tmp_path / "run", mode="ll_thesis")
    draw_run(Run(folder))
    found = {f.name: f.stat().st_ino for f in (folder / "figures").iterdir()}
    assert len(found) == len(EXPECTED) + 2
    for name, place in (("ACTIVE", 0), ("TEST_ONLY", 1)):
        assert found[f"LL_THESIS_BASELINE_{name}_latest.png"] == found[EXPECTED[place]]


def test_several_seeds_have_a_figure_of_all_and_one_seed_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", {})
    monkeypatch.setattr(figures, "multiseed_summary", blank)
    several = Run(make_sweep(tmp_path / "several", n_seeds=4))
    assert [f.name for f in draw_run(several)] == ["brian2_multiseed_summary_n4.png"]
    assert [f.name for f in several.figures.iterdir()] == ["brian2_multiseed_summary_n4.png"]
    assert draw_run(Run(make_run(tmp_path / "one"))) == []


@pytest.fixture
def two_seeds(tmp_path, monkeypatch):
    """A thesis run of seeds 7 and 8, and what makes a seed finish and be drawn: in its own size."""
    folder = make_run(tmp_path / "run", mode="ll_thesis", n_seeds=2)
    file = folder / "artifacts" / f"seed_{SEED}_results.json"
    text = file.read_text()
    file.unlink()
    sized = {"spatial_two_stage": lambda saved: Figure((saved.number, 2))}
    monkeypatch.setattr(figures, "FIGURES", sized)

    def finish(seed):
        file.with_name(f"seed_{seed}_results.json").write_text(text)
        figures.draw_seed(Run(folder).seed(seed))

    return folder, finish


def widths(folder) -> dict[str, float]:
    """Of all pictures, in inches; the overview has the name of its seed or of none."""
    found = {f.name: matplotlib.image.imread(f).shape[1] / 180 for f in folder.iterdir()}
    return {re.search(r"seed_\d|latest|nTS_12.png", name)[0]: w for name, w in found.items()}


def test_a_later_seed_leaves_the_unseeded_names_to_the_first(two_seeds):
    folder, finish = two_seeds
    finish(SEED)
    finish(SEED + 1)
    assert widths(folder / "figures") == {"seed_7": 7, "seed_8": 8, "nTS_12.png": 7, "latest": 7}
    files = {f.stat().st_ino for f in (folder / "figures").iterdir()}
    assert len(files) == 2  # nothing is there twice


def test_a_disk_without_hard_links_has_copies(two_seeds, monkeypatch):
    def no_links(*_):
        raise OSError("no links here")

    folder, finish = two_seeds
    monkeypatch.setattr("os.link", no_links)
    finish(SEED)
    finish(SEED)  # over the copies
    assert widths(folder / "figures") == {"seed_7": 7, "nTS_12.png": 7, "latest": 7}
    assert len({f.stat().st_ino for f in (folder / "figures").iterdir()}) == 3


def test_the_unseeded_names_go_to_the_first_seed_that_finished_whenever_that_was(two_seeds):
    folder, finish = two_seeds
    finish(SEED + 1)  # the first has failed
    assert widths(folder / "figures") == {"seed_8": 8, "nTS_12.png": 8, "latest": 8}
    finish(SEED)  # and succeeds when the run goes on
    assert widths(folder / "figures") == {"seed_7": 7, "seed_8": 8, "nTS_12.png": 7, "latest": 7}


def test_copies_that_were_cleared_away_come_back_with_the_figure_of_all(two_seeds, monkeypatch):
    folder, finish = two_seeds
    finish(SEED)
    for file in (folder / "figures").iterdir():
        if "_seed_" not in file.name:
            file.unlink()
    monkeypatch.setattr(figures, "multiseed_summary", blank)
    figures.draw_summary(Run(folder))
    (folder / "figures" / "brian2_multiseed_summary_n2.png").unlink()
    assert widths(folder / "figures") == {"seed_7": 7, "nTS_12.png": 7, "latest": 7}


def test_a_failed_drawing_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    class Broken(Figure):
        def savefig(self, file, **options):
            file.write(b"half")
            raise OSError("disk full")

    folder = make_run(tmp_path / "run")
    old = folder / "figures" / EXPECTED[0]
    old.parent.mkdir()
    old.write_bytes(b"old")
    monkeypatch.setattr(figures, "FIGURES", {"spatial_two_stage": lambda saved: Broken()})
    with pytest.raises(OSError, match="disk full"):
        figures.draw_seed(Run(folder).seed(SEED))
    assert [f.read_bytes() for f in old.parent.iterdir()] == [b"old"]


def test_missing_weights_are_an_error_that_names_them(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "artifacts" / f"{TAG}_seed_{SEED}_params.json").unlink()
    with pytest.raises(NotARun, match="no weights of seed 7"):
        figures.draw_seed(Run(folder).seed(SEED))


def test_drawing_again_gives_the_same_pictures_whatever_the_user_has_set(makers, drawn):
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "image.cmap": "jet"}):
        mine = dict(matplotlib.rcParams)
        for name, (_, first) in drawn.items():
            assert np.array_equal(draw(makers[name])[1], first), name
            assert np.ptp(first) > 0
        assert dict(matplotlib.rcParams) == mine


def test_neither_pyplot_nor_a_display_is_needed_and_a_run_starts_without_matplotlib(folder):
    code = (
        "import sys, driver.command.life, models.lateral_line.artifacts\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from models.lateral_line import saved\n"
        "from driver.figures import style\n"
        "from models.lateral_line.show import figures, stimulus_figure, summary_figure\n"
        "shown = ('learning_curves', 'ts_tuning', 'mon_ts_drive_heatmap')\n"
        "figures.FIGURES = {name: figures.FIGURES[name] for name in shown}\n"
        "style.SETTINGS['savefig.dpi'] = 30\n"
        f"figures.draw_seed(saved.Run({str(folder)!r}).seed({SEED}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what stands in the figures --------------------------------------------------------


def test_every_axis_has_a_label_with_its_unit_or_shares_one(made):
    unit = r"\((s|cm|Hz|mV|mV/ms|rad|count|1|dimensionless[^)]*)\)"
    known = re.compile(rf"{unit}|cell index|seed number")
    for name, figure in made.items():
        for ax in figure.axes:
            for axis, side in ((ax.xaxis, "labelbottom"), (ax.yaxis, "labelleft")):
                shown = axis.get_tick_params().get(side, True) and axis.get_ticklocs().size > 0
                label = axis.get_label_text()
                assert known.search(label) or (not shown and not label), (name, ax, label)
        assert any(known.search(ax.get_xlabel()) for ax in figure.axes), name


def test_nothing_is_clipped_and_no_title_lies_under_a_legend(made):
    for name, figure in made.items():
        assert_tidy(name, figure)


def assert_tidy(name, figure):
    page = figure.bbox
    headline = figure._suptitle.get_window_extent()
    for ax in figure.axes:
        box, where = ax.get_tightbbox(), (name, ax.get_title("left"))
        assert page.x0 <= box.x0 and box.x1 <= page.x1, where
        assert page.y0 <= box.y0 and box.y1 <= page.y1, where
        title, legend = ax._left_title.get_window_extent(), ax.get_legend()
        assert not title.overlaps(headline), where
        assert legend is None or not legend.get_window_extent().overlaps(title), where
        for legend in figure.legends:
            assert not legend.get_window_extent().overlaps(box), where
    assert page.x0 <= headline.x0 and headline.x1 <= page.x1, name
    assert headline.y1 <= page.y1, name


def test_every_figure_of_a_seed_says_of_which_run_and_seed_it_is(made):
    for name in figures.FIGURES:
        headline = made[name]._suptitle.get_text()
        assert "seed 7" in headline and r"\$5" in headline, name


@pytest.mark.parametrize("sizes", [{"n_mon": 1, "n_ts": 1}, {"n_ll": 1, "n_mon": 7, "n_ts": 5}])
def test_figures_of_very_few_cells_are_as_tidy(tmp_path, sizes):
    saved = saved_run(tmp_path / "run", **sizes)
    n_cells = {"ts": sizes["n_ts"], "mon": sizes["n_mon"]}
    shown = {
        **dict(ts_tuning=("ts", 16), mon_to_ts_receptive_fields=("ts", 8)),
        **dict(mon_tuning_examples=("mon", 8), llmon_weights=("mon", 6)),
        **dict(mon_ts_drive_winner=None, learning_curves=None),
    }
    for name, cells in shown.items():
        figure, _ = draw(partial(figures.FIGURES[name], saved))
        assert_tidy(name, figure)
        if cells:
            assert len(figure.axes) == min(cells[1], n_cells[cells[0]]), name
    angles = draw(partial(figures.FIGURES["learning_curves"], saved))[0].axes[2]
    assert ("chance" in texts(angles)) == (sizes["n_ts"] > 1)


def test_sigma_theta_never_stands_without_its_valid_fraction(made, saved):
    for name, figure in made.items():
        lines = [t for t in texts(figure).split("\n") if re.search(r"sigma_\\theta\$ [0-9]", t)]
        assert len(lines) == (2 if name in (*OVERVIEWS, "map_by_position") else 0), (
            name
        )  # trained and untrained
        twins = (saved.results, saved.results["untrained"])
        for line, numbers in zip(lines, twins, strict=False):
            assert f"{numbers['sigma_theta_rad']:.2f} rad, valid" in line
            assert f"valid {numbers['valid_fraction']:.2f}" in line


@pytest.mark.parametrize("layer", SHOWING)
def test_a_silent_layer_says_so_in_every_figure_of_it_and_in_no_other(tmp_path, layer):
    saved = saved_run(tmp_path / "run", silent=("test", "untrained"), who=layer)
    for name in figures.FIGURES.keys() - OVERVIEWS:
        with style.applied():
            said = texts(figures.FIGURES[name](saved))
        words = f"{layer.upper()} is silent in the test (trained and untrained)"
        assert (words in said) == (name in SHOWING[layer]), name


@pytest.mark.parametrize("layer", ["mon", "ts"])  # LL is the same in both networks
def test_a_layer_that_is_silent_in_one_network_says_in_which(tmp_path, layer):
    saved = saved_run(tmp_path / "run", silent=("untrained",), who=layer)
    for name in SHOWING[layer]:
        with style.applied():
            said = texts(figures.FIGURES[name](saved))
        assert f"{layer.upper()} is silent in the test (untrained)" in said, name


def test_a_run_without_training_says_so_in_every_figure(tmp_path):
    saved = saved_run(tmp_path / "run", n_training_steps=0)
    with style.applied():
        made = {name: make(saved) for name, make in figures.FIGURES.items()}
    assert {name for name, figure in made.items() if figure is None} == OF_TRAINING
    said = {name: texts(figure) for name, figure in made.items() if figure}
    assert said["spatial_two_stage"].count("no training") == 4
    assert "no weight has changed" in said["spatial_two_stage"]
    assert "training ended at 0 s" in said["test_phase_only"]
    for name in said.keys() - OVERVIEWS:
        assert "no training: trained and untrained are the same network" in said[name], name
    assert said["learning_curves"].count("no training") == 4 + 1


def test_weights_that_another_run_learned_are_not_called_untrained(tmp_path):
    folder = make_run(tmp_path / "run")
    path = folder / "artifacts" / f"seed_{SEED}_recordings.npz"
    with np.load(path) as file:
        np.savez(path, **(dict(file) | {"n_training_steps": 0}))
    figure = figures.FIGURES["ts_tuning"](Run(folder).seed(SEED))
    assert "learned in another" in texts(figure) and "same network" not in texts(figure)


def test_colours_stay_apart_in_grey():
    def grey(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return 116 * np.dot(linear, (0.2126, 0.7152, 0.0722)) ** (1 / 3) - 16  # L* of CIELAB

    for group in (
        panels.COLOUR.values(),
        (style.TRAINED, style.UNTRAINED, style.CHANCE, "white"),
    ):
        lightness = sorted(grey(c) for c in group)
        assert np.diff(lightness).min() > 12  # steps of L* that print apart
