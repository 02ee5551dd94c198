"""The command line in tests: a network as small as will fire, run once for each set of flags."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import jsonschema
import numpy as np
from referencing import Registry, Resource

import ll_stdp_brian2
from driver.command import resolve as command
from driver.engine.compiler import compiler
from driver.run.content import sealed
from models.lateral_line.options import Request
from models.lateral_line.room import ROOM

REPOSITORY = Path(__file__).parents[1]
SCRIPT = REPOSITORY / "ll_stdp_brian2.py"
SEED = 123
TRIALS = 8

# Sizes of `conftest.small_params`, so that all tests share one compiled program: with it a run
# takes a fraction of a second. Without a compiler the same runs take seconds on numpy.
BACKEND = "cpp_standalone" if compiler() else "numpy"
SMALL = (
    *("--mode", "ll_fast", "--backend", BACKEND),
    *("--n-ll", "30", "--n-mon", "60", "--n-ts", "24", "--ts-lateral-radius", "3"),
    *("--ll-mon-sigma", "4.5", "--mon-ts-gain-mv", "400"),
    *("--mon-global-inh-p", "0.5", "--mon-global-inh-drive-mv", "30"),
    *("--ts-feedback-p", "0.5", "--ts-feedback-drive-mv", "30"),
    *("--training-distance-max-cm", "1.2"),
    *("--training-noise-early", "0.5", "--training-noise-late", "0.5"),
    *("--trial-duration-s", "0.2", "--n-training-trials", str(TRIALS)),
    *("--checkpoint-trials", "2", "--checkpoint-save-every-n", "1"),
    *("--ll-mon-homeo-every-trials", "2", "--mon-ts-homeo-every-trials", "2"),
)
MARK = "TEST_MARK"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a command left behind."""

    status: int
    root: Path
    name: str
    said: str

    @property
    def folder(self) -> Path:
        return self.root / self.name

    @property
    def log(self) -> str:
        return (self.root / "Logs" / f"{self.name}.log").read_text(encoding="utf-8")

    def json(self, name: str) -> dict:
        return load_json(self.folder / name)

    @property
    def params(self) -> dict:
        return self.json("params.json")

    @property
    def summary(self) -> dict:
        return self.json("run_summary.json")

    def results(self, seed: int = SEED) -> dict:
        return self.json(f"artifacts/seed_{seed}_results.json")

    def weights(self, seed: int = SEED) -> dict[str, np.ndarray]:
        return load_npz(self.folder / f"artifacts/latest_seed_{seed}.npz")

    def recordings(self, seed: int = SEED) -> dict[str, np.ndarray]:
        return load_npz(self.folder / f"artifacts/seed_{seed}_recordings.npz")

    def checkpoint(self, seed: int = SEED) -> dict[str, np.ndarray]:
        return load_npz(self.folder / f"artifacts/mid_checkpoint_seed_{seed}.npz")

    def arrays(self, seed: int = SEED) -> dict[str, np.ndarray]:
        """Every array of a seed, under the name of its file."""
        files = {"weights": self.weights, "recordings": self.recordings}
        files["checkpoint"] = self.checkpoint
        return {f"{file}/{k}": a for file, read in files.items() for k, a in read(seed).items()}


def load_json(path: Path) -> dict:
    """JSON as the standard has it: ``NaN`` and ``Infinity`` are refused."""

    def refuse(word: str):
        raise ValueError(f"{path.name} holds {word}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


@functools.cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    folder = REPOSITORY / "tests" / "schemas"
    stored = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in folder.glob("*.json")}
    for schema in stored.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    registry = Registry().with_resources((k, Resource.from_contents(v)) for k, v in stored.items())
    return jsonschema.Draft202012Validator(stored[name], registry=registry)


def problems(content: dict, schema: str) -> list[str]:
    """Where JSON content is not as a schema of ``tests/schemas/`` says."""
    return [f"{e.json_path}: {e.message}"[:300] for e in validator(schema).iter_errors(content)]


def rewrite(path: Path, change) -> None:
    """Let ``change(content)`` change a JSON file of a run, and write it as the program would."""
    content = load_json(path)
    change(content)
    path.write_text(json.dumps(sealed(content)))


def load_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """Names of arrays that are not the same in every bit, type and shape."""
    return [
        key
        for key in sorted(set(one) | set(other))
        if key not in one
        or key not in other
        or one[key].dtype != other[key].dtype
        or one[key].shape != other[key].shape
        or one[key].tobytes() != other[key].tobytes()
    ]


def without_times(results: dict) -> dict:
    """A results file without the fields that hold seconds of the wall clock, and its checksum."""
    training = {k: v for k, v in results["training"].items() if not k.startswith("seconds")}
    assert len(training) == len(results["training"]) - 2
    return {k: v for k, v in results.items() if k != "sha256"} | {"training": training}


def resolve(argv) -> Request:
    """What a run of the lateral line is asked for by a command line."""
    return command.resolve(ROOM, argv)


def call(*flags) -> tuple[int, str, str]:
    """Status, standard output and standard error of ``main(flags)`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = ll_stdp_brian2.main([str(flag) for flag in flags])
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


def run(root: Path, *flags, name: str = "run") -> Run:
    """Run the small network in this process, without drawing figures."""
    return bare(root, *SMALL, *flags, name=name)


def bare(root: Path, *flags, name: str = "run") -> Run:
    """Run with just these flags in this process, without drawing figures."""
    places = ("--output-root", root, "--run-name", name, "--no-figures")
    status, _, said = call(*places, *flags)
    return Run(status, root, name, said)


@functools.cache
def home() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="ll_runs_")


@functools.cache
def shared(*flags) -> Run:
    """A run that several tests look at, made once; to be read only."""
    root = Path(tempfile.mkdtemp(dir=home().name))
    made = run(root, *flags)
    assert made.status == 0, made.said
    return made


def full() -> Run:
    """The small network, trained in one go."""
    return shared()


def render_nothing(patch) -> None:
    """Figures are made but not rendered, which takes most of the time: a dot is written instead."""
    from matplotlib.figure import Figure
    from PIL import Image

    dot, savefig = Image.new("RGB", (1, 1)), Figure.savefig

    def save(self, file, **options):  # frames of a film are raw pixels
        if options.get("format") == "rgba":
            return savefig(self, file, **options)
        return dot.save(file, "png")

    patch.setattr(Figure, "savefig", save)


def start(root: Path, *flags, code: str | None = None, name: str = "run", **options):
    """The small network as a process of its own, see `launch`; it writes to `root`."""
    words = [*SMALL, "--output-root", root, "--run-name", name, *flags]
    return launch(root, words, code=code, **options)


def launch(root: Path, words, *, code: str | None = None, environment=None, **options):
    """A command line as a process in a session of its own; `code` replaces the script.

    It has its temporary files in `root`, and carries a mark that `alive` finds.
    """
    root.mkdir(parents=True, exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    head = [sys.executable, *(("-c", code) if code else (str(SCRIPT),))]
    mark = uuid.uuid4().hex
    places = {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(root / "tmp"), MARK: mark}
    process = subprocess.Popen(
        [*head, *(str(word) for word in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | places | (environment or {}),
        **options,
    )
    process.mark = mark
    return process


def finish(process, root: Path, name: str = "run", timeout: float = 600) -> Run:
    """Wait for a process of `start`."""
    try:
        _, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Run(process.returncode, root, name, said)


def alive(mark: str) -> list[str]:
    """Commands of the running processes that carry a mark (by ``/proc``; else none is seen)."""
    return list(carriers(mark).values())


def carriers(mark: str) -> dict[int, str]:
    """Command by number of the running processes that carry a mark."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found


def gone(mark: str, seconds: float = 10.0) -> bool:
    """Whether no process that carries a mark is running, given a moment to end."""
    end = time.monotonic() + seconds
    while alive(mark) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(mark)


def listing(root: Path) -> dict[str, int]:
    """Every file below a folder and when it was last written."""
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in sorted(root.rglob("*"))}
