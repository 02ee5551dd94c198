"""A complete model with a network of Brian's, in 300 lines: what a room costs, and what it gets."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from driver.experiment import learning
from driver.run import checkpoint
from driver.run.isolation import INTERRUPTED
from tests.program import render_nothing
from tests.small import door, experiment, params
from tests.small.room import ROOM

HERE = Path(__file__).parent
SHORT = ("--steps", "3000", "--n-cells", "4", "--backend", "numpy")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of two seeds, drawn."""
    root = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PYTHONPATH", str(HERE.parent))
        assert small("--run-name", "a", "--multi-seed", "2", *SHORT) == 0
    return root / "Runs" / "a"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    render_nothing(monkeypatch)
    return tmp_path


def small(*words) -> int:
    try:
        return door.main([str(word) for word in words])
    except SystemExit as end:  # of the library that reads flags
        return end.code


def arrays(path) -> dict:
    with np.load(path) as file:
        return dict(file)


def require_same_bits(run: Path, other: Path, seed: int) -> None:
    for name in (f"latest_seed_{seed}", f"seed_{seed}_trained", f"seed_{seed}_untrained"):
        ours, theirs = (arrays(folder / "artifacts" / f"{name}.npz") for folder in (run, other))
        assert ours.keys() == theirs.keys()
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key], err_msg=f"{name} {key}")


@pytest.mark.parametrize(("room", "most"), [("small", 300), ("toy", 150)])
def test_a_room_costs_so_many_lines(room, most):
    lines = [path.read_text().splitlines() for path in (HERE / room).glob("*.py")]
    assert sum(map(len, lines)) <= most


def test_cells_find_the_inputs_that_fire_together():
    found = experiment.simulate(params.Params(), experiment.Session(backend="cpp_standalone"))
    trained, twin = (
        experiment.measure(params.Params(), found.recordings[label])
        for label in ("trained", "untrained")
    )
    assert trained["preference"] > 0.15 > 0.05 > abs(twin["preference"])
    assert trained["answered"] > 2 * twin["answered"] > 0


def test_inputs_without_an_event_in_common_are_not_told_apart():
    p = params.Params(**params.PRESETS["uncorrelated"])
    found = experiment.simulate(p, experiment.Session(backend="cpp_standalone"))
    assert abs(experiment.measure(p, found.recordings["trained"])["preference"]) < 0.05


def test_a_seed_alone_is_the_seed_among_others(made, here):
    assert small("--run-name", "b", "--seed-start", "2", "--no-figures", *SHORT) == 0
    require_same_bits(made, Path("Runs/b"), seed=2)


def test_an_interrupted_run_goes_on_to_the_same_bits(made, here, monkeypatch):
    monkeypatch.setattr(learning, "CHECKPOINT_S", 0.0)
    feed, fed = experiment.Records.feed, []

    def stop(self, block, first, last):
        fed.append(first)
        if len(fed) == 5:  # in the twin
            raise KeyboardInterrupt
        return feed(self, block, first, last)

    monkeypatch.setattr(experiment.Records, "feed", stop)
    assert small("--run-name", "b", "--no-figures", *SHORT) == INTERRUPTED
    assert Path("Runs/b/artifacts", checkpoint.name(1)).exists()
    monkeypatch.setattr(experiment.Records, "feed", feed)
    assert small("--resume-from", "Runs/b", "--run-name", "c", "--eta", "1e-3", *SHORT) == 2
    assert small("--run-name", "b", "--no-figures", "--go-on", *SHORT) == 0
    require_same_bits(made, Path("Runs/b"), seed=1)
    assert not Path("Runs/b/artifacts", checkpoint.name(1)).exists()


def test_a_run_has_its_numbers_figures_and_page(made):
    summary = json.loads((made / "run_summary.json").read_text())
    assert summary["aggregate"]["trained"]["preference"]["n"] == 2
    assert summary["runs"][0]["untrained"]["answered"] is not None
    names = {path.name for path in (made / "figures").iterdir()}
    assert names == {
        *("weights.png", "weights_seed_1.png", "weights_seed_2.png", "seeds_summary_n2.png")
    }
    page = (made / "report.html").read_text()
    for words in ("spikes of a cell per event", "Plastic synapse", "--w-start", "Ceiling"):
        assert words in page
    assert len(re.findall("<img", page)) >= 3


def test_its_numbers_are_exported(made, here, capsys):
    assert small("export", made) == 0
    (file,) = capsys.readouterr().out.split()
    assert small("export", made, "--to", "nwb") == 2  # it says nothing of its spikes
    rows = list(csv.DictReader(Path(file).open()))
    assert [row["seed"] for row in rows] == ["1", "2"]
    assert float(rows[0]["difference.preference"]) == pytest.approx(
        float(rows[0]["trained.preference"]) - float(rows[0]["untrained.preference"])
    )


def test_a_sweep_compares_its_conditions(here, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent))
    assert small("sweep", "s", "--grid", "correlation=0,0.4", *SHORT, "--no-figures") == 0
    rows = list(csv.DictReader(Path("Runs/s/sweep.csv").open()))
    assert [row["correlation"] for row in rows] == ["0", "0.4"]
    assert all(row["trained.preference"] for row in rows)
    page = Path("Runs/s/report.html").read_text()
    assert "correlated inputs" in page and "<img" in page
    assert 'href="correlation%3D0.4_seed_1/"' in page


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--w-start", "0.5"), "--w-start 0.5 is larger than --w-max 0.06"),
        (("--mode", "none"), "--mode 'none' is not one of song, uncorrelated"),
        (("--steps", "many"), "--steps"),
        (("--colour", "red"), "--colour"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(words, complaint, here, capsys):
    assert small("--run-name", "a", *words) == 2
    assert complaint in capsys.readouterr().err
    assert not list(here.iterdir())


def test_a_room_of_one_dataclass_has_its_flags_read_for_it():
    assert ROOM.flags()[1] is params.Params
    request = ROOM.read(["--mode", "uncorrelated", "--steps", "5"])
    assert (request.params.correlation, request.params.steps) == (0.0, 5)
    assert ROOM.headline(request) == "5 steps"
