"""The programs that are measured side by side: our backends, hand-written C++, NEST.

Each is a process that runs one network, goes on by so many units (trials, or moves of eight
steps) when it is asked, and answers with a line of JSON. So they can run in turn.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import networks
from benchmarks.machine import family, high_water_mb
from driver.engine.compiler import compiler
from driver.engine.model import GENN

HERE = Path(__file__).parent
OURS = "cpp_standalone"
LABELS = {
    OURS: "ours, `cpp_standalone`",
    "cython": "ours, `cython`",
    "numpy": "ours, `numpy`",
    "genn": "ours, `genn`",
    "genn_gpu": "ours, `genn_gpu`",
    "plain": "hand-written C++, `-ffast-math`",
    "plain_ieee": "hand-written C++, IEEE as ours",
    "nest": "NEST, 1 thread",
    "nest_2": "NEST, 2 threads",
}
THREADS = {"nest": 1, "nest_2": 2}


class PeerError(RuntimeError):
    """A program ended or could not be built; the message says how."""


def why_not(program: str) -> str | None:
    """Why a program cannot be measured here, or None."""
    if program in GENN and (reason := why_no_genn(program)):
        return reason
    if program in ("plain", "plain_ieee", "cython", OURS) and compiler() is None:
        return "no C++ compiler"
    if program in THREADS and not nest_interpreter().exists():
        return "no interpreter with NEST (`make nest`, or set NEST_PYTHON)"
    return None


def why_no_genn(backend: str) -> str | None:
    """What GeNN lacks here, or None."""
    if not os.environ.get("GENN_PATH"):
        return "GENN_PATH is not set"
    from driver.engine.genn.found import check

    try:
        check(backend)
    except ValueError as error:
        return str(error)
    return None


def nest_interpreter() -> Path:
    return Path(os.environ.get("NEST_PYTHON") or HERE.parent / ".venv-nest" / "bin" / "python")


@dataclasses.dataclass
class Workshop:
    """Where programs are built and files are handed over.

    Attributes
    ----------
    folder : Path
        Holds the compiled programs of this measurement, so that all of them are compiled anew.
    compiled_s : dict of float
        Wall seconds that each hand-written program took to compile.
    """

    folder: Path
    compiled_s: dict[Path, float] = dataclasses.field(default_factory=dict)

    def state_file(self, kind: str, size: int) -> Path:
        return self.folder / f"state_{kind}_{size}.npz"

    def start(self, program: str, kind: str, size: int) -> Peer:
        """Start a program; ours begin in the settled state of `cpp_standalone` if there is one."""
        if program in THREADS:
            return self.start_nest(program, size)
        if program.startswith("plain"):
            return self.start_plain(program, kind, size)
        request = {"kind": kind, "backend": program, "size": size}
        request["state"] = str(self.state_file(kind, size))
        if program == "cython":
            request["cython_cache"] = str(self.folder / "cython")
        environment = {"PROGRAM_CACHE": str(self.folder / "programs")}
        command = [sys.executable, "-m", "benchmarks.served", json.dumps(request)]
        return Peer(command, environment=environment)

    def start_plain(self, program: str, kind: str, size: int) -> Peer:
        source = "plain_loop" if kind == "lateral_line" else "plain_cube"
        start = time.perf_counter()
        binary = build(source, self.folder, *(["-ffast-math"] if program == "plain" else []))
        ready = {"start_s": self.compiled_s.setdefault(binary, time.perf_counter() - start)}
        if kind == "lateral_line":
            return Peer([binary, "123", str(size)], ready=ready)
        arguments = [kind, str(size), "0", *networks.dot_arguments(size)]
        numbers = networks.UNIT_STEPS[kind]
        return Peer([binary, *arguments], ready=ready, numbers_per_unit=numbers)

    def start_nest(self, program: str, size: int) -> Peer:
        file = self.folder / f"nest_{size}.npz"
        if not file.exists():
            networks.write_for_nest(size, file)
        command = [nest_interpreter(), "-W", "ignore", HERE / "nest_peer.py", file]
        return Peer([*command, str(THREADS[program])])


def build(source: str, folder: Path, *flags: str) -> Path:
    """Compile one of the hand-written programs, unless it is there."""
    binary = folder / (source + "".join(flags))
    if not binary.exists():
        command = [compiler(), "-O3", "-march=native", "-std=c++17", *flags]
        command += [HERE / f"{source}.cpp", "-o", binary]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"{source}.cpp does not compile:\n{done.stderr[-800:]}")
    return binary


class Peer:
    """A program that is running and waits to be asked.

    Parameters
    ----------
    command : list
    ready : dict, optional
        What is known of its start; a program for which nothing is given says so itself.
    numbers_per_unit : int
        What it counts in a unit (the hand-written cube counts steps).
    """

    def __init__(
        self, command: list, *, ready: dict | None = None, numbers_per_unit=1, environment=None
    ):
        self.numbers_per_unit = numbers_per_unit
        self.complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed with the program)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=HERE.parent,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
        )
        self.ready = self._read() if ready is None else ready

    def ask(self, units: int) -> dict:
        """Go on by so many units; its answer, and ``wall_s`` as seen from here."""
        start = time.perf_counter()
        self._write(str(units * self.numbers_per_unit))
        answer = self._read()
        return answer | {"wall_s": time.perf_counter() - start, "units": units}

    def save(self, file: Path) -> None:
        self._write(f"save {file}")
        self._read()

    def memory_mb(self) -> float:
        """Peak resident memory of the program and of what it has running, MB."""
        return sum(high_water_mb(pid) for pid in family(self.process.pid))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.complaints.close()

    def _write(self, text: str) -> None:
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise PeerError(self._complaint()) from error

    def _read(self) -> dict:
        """The next line that is JSON; NEST prints a greeting first."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise PeerError(self._complaint())

    def _complaint(self) -> str:
        status = self.process.wait()
        self.complaints.seek(0)
        lines = self.complaints.read().strip().splitlines()
        return f"it ended with status {status}: {lines[-1] if lines else 'no message'}"
