"""Mistakes of the first hour, at every door: each is answered in one line that leads on.

`test_readme.py` walks the way of a newcomer who makes none.
"""

import contextlib
import io
import shlex
from pathlib import Path

import pytest

import cube_brian2
import ll_stdp_brian2
import predictive_brian2
import sequence_brian2
from driver.command.life import parameter_file
from driver.command.resolve import resolve
from tests.program import listing

DOORS = {
    "ll": ll_stdp_brian2,
    "cube": cube_brian2,
    "sequence": sequence_brian2,
    "predictive": predictive_brian2,
}
FAST, DOT, SWEEP = "--mode ll_fast", "--mode local-predict", "sweep s --mode ll_fast"
MISTAKES = [
    # words
    ("ll", "satus", "satus: not one of figures, report, status", "meant status"),
    ("ll", "list", "list: not one of", "meant status"),
    ("cube", "train", "train: not one of", "meant run"),
    ("ll", "ll_fast", "meant --mode ll_fast)"),
    ("predictive", "tiny", "meant --mode tiny of sequence_brian2.py)"),
    ("ll", "Runs/three", "Runs/three is a run: `report Runs/three`"),
    ("ll", "run three", "run --from three repeats that run"),
    ("sequence", "report", "which run?", "Runs/ten", "`status` lists them"),
    ("ll", "compare three", "two runs"),
    ("ll", "export three --to xlsx", "--to xlsx: needed one of csv, nwb, neo"),
    ("ll", "export three --out x", "no flag --out (perhaps you meant --output)"),
    # presets
    (
        "ll",
        "--mode ll_selfrog",
        "--mode 'll_selfrog' is not one of ll_thesis, ll_fast",
        "meant ll_",
    ),
    ("cube", "--mode predict", "meant local-predict)"),
    ("cube", "--mode ll_fast", "meant --mode ll_fast of ll_stdp_brian2.py)"),
    ("ll", "--preset ll_fast", "no flag --preset (perhaps you meant --mode)"),
    ("predictive", "--mode mnist", "meant rate-mnist)"),
    # flags
    ("ll", f"{FAST} --n-mo 3", "no flag --n-mo (perhaps you meant --n-mon)"),
    ("ll", f"{FAST} --N-MON 3", "no flag --N-MON (perhaps you meant --n-mon)"),
    ("ll", f"{FAST} --seed 5", "no flag --seed (perhaps you meant --multi-seed, --seed-start)"),
    ("sequence", "--mode tiny --seeds 5", "no flag --seeds (perhaps you meant --multi-seed)"),
    ("ll", f"{FAST} --verbose", "no flag --verbose; --help lists them"),
    ("ll", "-mode ll_fast", "no flag -mode (perhaps you meant --mode)"),
    ("ll", "—mode ll_fast", "—mode: begins with a long dash; a flag begins with --"),
    (
        "cube",
        f"{DOT} --tau-ref 5",
        "no flag --tau-ref: it is one of --mode focus, relay-a, relay-b",
    ),
    ("predictive", "--mode rate --w-learns 1", "no flag --w-learns: it is one of --mode spiking"),
    ("ll", f"{FAST} --use-ll-mon-stdp false", "a switch has no value; ", "--no-use-ll-mon-stdp"),
    ("cube", f"{DOT} --figures=no", "--figures no: a switch has no value; ", "--no-figures"),
    # values
    ("ll", f"{FAST} --n-mon 80.5", "--n-mon 80.5: needed a whole number"),
    ("ll", f"{FAST} --distance-cm 8mm", "--distance-cm 8mm: needed a number"),
    ("ll", f"{FAST} --run-name", "--run-name: its value is missing"),
    ("ll", f"{FAST} --run-name my run", "run: of which flag? A value with a space needs quotes"),
    ("ll", f"{FAST} --tau-m-ms 0", "--tau-m-ms 0.0: ", "0.1"),
    ("ll", f"{FAST} --dt-s 1", "--tau-m-ms 10 (ms) is shorter than a step, --dt-s 1 (s)"),
    ("ll", f"{FAST} --dt-ms 1", "no flag --dt-ms (perhaps you meant --dt-s"),
    ("ll", f"{FAST} --backend gpu", "--backend gpu: needed one of auto, numpy"),
    ("cube", f"{DOT} --n 1000", "--n 1000: about 18.4 GB of memory", "--allow-large"),
    ("sequence", "--mode sequence --train-s 0", "--train-s 0.0: ", "greater than 0"),
    ("predictive", "--mode rate --epochs 0", "--epochs 0: ", "greater than or equal to 1"),
    # runs and places
    ("ll", "report thre", "no run thre, here or in Runs (perhaps you meant three)"),
    ("ll", "report dot", "Runs/dot is a run of cube_brian2.py"),
    ("predictive", "status Runs", "Runs is a folder of runs: name one of them, such as Runs/dot"),
    ("ll", "figures topo", "Runs/topo is a sweep: name one of its runs"),
    ("ll", f"{FAST} --resume-from thre", "--resume-from thre: ", "meant three)"),
    ("ll", "--weights-from three", "Runs/three has no finished seed 123"),
    ("ll", "--weights-from nowhere", "--weights-from nowhere: there is no run"),
    ("ll", "--weights-from topo", "--weights-from topo: Runs/topo is a sweep"),
    ("cube", "run --from three", "--from three: Runs/three is a run of ll_stdp_brian2.py"),
    ("ll", f"{FAST} --go-on", "--go-on needs --run-name"),
    ("ll", f"{FAST} --run-name three", "Runs/three holds an unfinished run", "--go-on"),
    ("ll", f"{FAST} --run-name notes", "Runs/notes is a file; choose another --run-name"),
    ("sequence", "--config plan.toml", "--config plan.toml: No such file"),
    # sweeps
    ("ll", "sweep --mode ll_fast --grid n_ts=2,4", "sweep NAME --grid FLAG=VALUE,VALUE"),
    ("ll", "sweep three --grid n_ts=2,4", "Runs/three is the folder of a run"),
    ("ll", f"{SWEEP} --grid n_ts=8,-5", "--n-ts -5: ", "greater than or equal to 1"),
    ("ll", f"{SWEEP} --grid n_tss=8,5", "no flag --n-tss to set (perhaps you meant n_ts)"),
    ("ll", f"{SWEEP} --grid n_ts 8 5", "--grid n_ts: expected name=value,value"),
    ("cube", "sweep s --grid seed=1,2", "--seed-start and --multi-seed set the seeds"),
    ("ll", f"{SWEEP} --grid use_ll_mon_stdp=0,1", "a switch is True or False"),
]


def call(door: str, line: str) -> tuple[int, str, str]:
    """Status and both streams of a command line."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = DOORS[door].main(shlex.split(line))
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run of two doors, which was not begun, a sweep, and a file in the way."""
    root = tmp_path_factory.mktemp("first_hour")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for door, words in (("ll", f"{FAST} --run-name three"), ("cube", f"{DOT} --run-name dot")):
            room = DOORS[door].room
            asked = resolve(room, words.split())
            asked.folder.path.mkdir(parents=True)
            asked.folder.write_json("params.json", parameter_file(room, asked))
    (root / "Runs" / "topo").mkdir()
    (root / "Runs" / "topo" / "sweep.json").write_text("{}")
    (root / "Runs" / "notes").write_text("words")
    return root


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m[0]} {m[1]}")
def test_a_mistake_is_answered_in_one_line_that_leads_on(mistake, place, monkeypatch):
    door, line, *words = mistake
    monkeypatch.chdir(place)
    before = listing(place)
    status, out, err = call(door, line)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith(f"{Path(DOORS[door].__file__).name}: error: ")
    for part in words:
        assert part in err
    assert len(err) < 700 and listing(place) == before


def test_many_mistakes_at_every_door_are_tried():
    assert len(MISTAKES) >= 50 and {door for door, *_ in MISTAKES} == {*DOORS}
