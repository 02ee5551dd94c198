"""docs/dots.md tells the truth about the moving dot."""

import re
import shlex
import shutil

import numpy as np
import pytest

from driver.command.resolve import resolve
from driver.experiment.learning import CHECKPOINT_S
from driver.report.tables import names
from models.cube import docs, equations, records, trials
from models.cube.lattice import values
from models.cube.lattice.trials import REMOVAL_STEPS
from models.cube.local import measure
from models.cube.local.trials import CUE_MOVES
from models.cube.metrics import focus, output, verdict
from models.cube.presets import PRESETS
from models.cube.room import ROOM
from stimuli.dots import SHIFT_COLUMNS, dot_path, is_held_out, on_loop, period
from stimulus import DotParams
from tests.cube import door
from tests.pages import PAGES, commands, folders
from tests.program import render_nothing

PAGE = PAGES["docs/dots.md"]
KINDS = ("cube", "local", "groups", "predict")


def test_what_was_found_is_written_down():
    found = PAGE.split("## What was found")[1].split("\n## ")[0]
    assert len(found) > 1000
    assert "<!--" not in found


# --- commands ------------------------------------------------------------------------------------


def test_every_command_can_be_run(tmp_path, monkeypatch):
    """As far as the checks go that are made before a run begins; words, on a small run."""
    monkeypatch.chdir(tmp_path)
    render_nothing(monkeypatch)
    lines = [line for line in commands("cube") if "cuda" not in line]  # needs what is not here
    assert len(lines) >= 14
    for name in folders(lines):
        shutil.copytree(door.shared("cube"), tmp_path / "Runs" / name)
    for line in lines:
        if not line[0].startswith("-"):
            status, said = door.call(*line)
            assert status == 0, (line, said)
        elif "--help" not in line:
            resolve(ROOM, [*line, "--overwrite"])


def test_the_python_of_the_page_does_what_it_says(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    shutil.copytree(door.shared("cube"), tmp_path / re.search(r'"(Runs/\w+)"', code).group(1))
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(code, space)
    assert space["seed"].number == 0


@pytest.mark.parametrize("mode", [name for name, p in PRESETS.items() if p.reference is not None])
def test_the_flags_of_the_table_make_the_reference(mode):
    flags = shlex.split(docs.reference_flags(PRESETS[mode]))
    by_flags = ROOM.read(["--mode", mode, *flags])
    reference = ROOM.read(["--mode", mode, "--fidelity", "reference"])
    assert (by_flags.params, by_flags.dots) == (reference.params, reference.dots)


# --- equations -----------------------------------------------------------------------------------


def test_every_equation_is_on_the_page():
    named = {name for name in vars(equations) if name.isupper()}
    blocks = {name for name in named if isinstance(getattr(equations, name), str)}
    shown = {name for group in docs.EQUATIONS.values() for _, name in group}
    assert shown | docs.LEFT_OUT == blocks
    assert not shown & docs.LEFT_OUT


# --- files, arrays and numbers of real runs ------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_a_run_are_those_of_the_table(kind):
    """Of a finished run that drew nothing: without checkpoints, figures and report."""
    folder = door.shared(kind)
    named = {name.replace("<s>", "0").replace("<tag>", "latest") for name in docs.FILES}
    later = {n for n in named if n.startswith(("artifacts/mid_", "figures/", "report."))}
    assert len(later) == 4
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == named - later


def arrays(file: str, kinds) -> dict[str, np.ndarray]:
    """Arrays of a file by name, of the first of some runs that has one of that name."""
    found = {}
    for kind in kinds:
        with np.load(door.shared(kind) / "artifacts" / file) as archive:
            found = dict(archive) | found
    return found


FILLED = {"<projection>": docs.PROJECTIONS, "<test>": docs.TESTS}
TYPES = {"int": "i", "float": "f", "bool": "b"}


def rows(table):
    """Pattern of an array's name, kind of its type, number of its axes."""
    for key, (what, _, _) in table.items():
        kind, shape = what.split(" ", 1)
        n_axes = len([axis for axis in shape.strip("()").split(",") if axis.strip()])
        for name in key.split(", "):
            pattern = re.escape(name)
            for place, filled in FILLED.items():
                pattern = pattern.replace(place, f"({'|'.join(names(filled))})")
            yield pattern, TYPES[kind], n_axes


@pytest.mark.parametrize(
    "file, kinds, table",
    [
        ("seed_0_trained.npz", ("cube", "groups", "waves"), docs.CUBE_ARRAYS),
        ("seed_0_untrained.npz", ("cube",), docs.CUBE_ARRAYS),
        ("seed_0_trained.npz", ("local", "predict"), docs.LOCAL_ARRAYS),
        ("seed_0_untrained.npz", ("predict",), docs.LOCAL_ARRAYS),
        ("latest_seed_0.npz", KINDS, docs.WEIGHT_ARRAYS),
    ],
)
def test_arrays_are_those_of_the_table(file, kinds, table):
    unnamed = arrays(file, kinds)
    for pattern, kind, n_axes in rows(table):
        own = {name: a for name, a in unnamed.items() if re.fullmatch(pattern, name)}
        assert own, pattern
        for name, array in own.items():
            assert (array.dtype.kind, array.ndim) == (kind, n_axes), name
            del unnamed[name]
    assert not unnamed


def test_tests_and_projections_are_those_of_the_tables():
    found = [door.results(door.shared(kind))["trained"] for kind in (*KINDS, "waves")]
    assert {name for r in found for name in r["tests"]} == set(docs.TESTS)
    rare = {"residual", "field", "surround", "intra"}  # of presets that none of these runs has
    assert {n for r in found for n in r["weights"]} == set(names(docs.PROJECTIONS)) - rare


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_a_results_file_is_defined(kind):
    by_name = {*docs.TESTS, *names(docs.PROJECTIONS)}
    for name in set(named(door.results(door.shared(kind))["trained"])) - by_name:
        assert f"`{name}`" in PAGE, name


def named(content):
    """All names in nested dicts; those of conditions are their own explanation."""
    for name, inner in content.items():
        yield name
        if isinstance(inner, dict):
            yield from named(inner)


SAID = (
    f"the last {records.FOCUS_STEPS} steps",
    f"where c > {verdict.LARGEST_CHANCE:g}",
    f"from {focus.FIRING_BAND[0]:g} to {focus.FIRING_BAND[1]:g}",
    f"at least {focus.MIN_SPIKES_PER_MOVE:g} spikes per move",
    f"{focus.N_BLOCKS} x {focus.N_BLOCKS} blocks and bins of {focus.BIN_STEPS} steps",
    f"of 0 to {focus.MAX_LAG_STEPS} steps",
    f"spikes in steps {focus.SURVIVAL_STEPS[0]} to {focus.SURVIVAL_STEPS[1]} after",
    f"if {focus.QUIET_STEPS} silent steps follow",
    f"0, 1, ... {output.MAX_LAG_STEPS}/ratio moves",
    f"last {measure.LAST_STEPS} steps",
    f"the mean of {output.LEARNING_STEPS} steps reaches",
    f"until {output.RECALL_STEPS} steps begin",
    f"not above {output.TIMES_CHANCE} times chance",
    f"cut after {CUE_MOVES} moves",
    f"{trials.N_LAUNCHES} random launches",
    f"{SHIFT_COLUMNS} columns on",
    f"a running mean over {values.N_MEAN_MOVES} moves",
    f"and {REMOVAL_STEPS} more",
    f"every {CHECKPOINT_S:g} s",
)


@pytest.mark.parametrize("words", SAID)
def test_numbers_in_the_text_are_those_of_the_code(words):
    assert words in " ".join((PAGE + PAGES["docs/files.md"]).split())


# --- what the page says of the stimulus ----------------------------------------------------------


@pytest.mark.parametrize("n, every", [(8, 4), (11, 3), (12, 2)])
def test_a_held_out_loop_shows_no_pair_of_position_and_direction_of_another(n, every):
    """Away from the borders, where a dot has two directions at once."""
    pairs = {True: set(), False: set()}
    for number in range(period(n)):
        start = on_loop(number, 0, n)
        held = bool(is_held_out(start, n, every)[0])
        path = dot_path(
            DotParams(stimulus="orbit"), n, 1, period(n) + 1, 0, shown_at_launch=True, start=start
        )
        x, y = path.x[:, 0], path.y[:, 0]
        inside = (x % (n - 1) > 0) & (y % (n - 1) > 0)
        moves = zip(x[:-1], y[:-1], np.diff(x), np.diff(y), strict=True)
        pairs[held] |= {m for m, keep in zip(moves, inside[:-1], strict=True) if keep}
    assert pairs[True] and not pairs[True] & pairs[False]
