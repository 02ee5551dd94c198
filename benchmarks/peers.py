"""The programs that are measured side by side: our backends, hand-written C++, NEST.

Each is a process that runs one network, goes on by so many units (trials, or moves of eight
steps) when it is asked, and answers with a line of JSON. So they can run in turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import networks
from benchmarks.timing import family, peak_mb
from driver.engine.compiler import compiler
from driver.engine.genn.found import check
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
HAND_WRITTEN = {"plain": ["-ffast-math"], "plain_ieee": []}  # flags of the compiler
NEST_THREADS = {"nest": 1, "nest_2": 2}


class PeerError(RuntimeError):
    """A program ended or could not be built; the message says how."""


def why_not(program: str) -> str | None:
    """Why a program cannot be measured here, or None."""
    if program in GENN:
        if not os.environ.get("GENN_PATH"):
            return "GENN_PATH is not set"
        try:
            check(program)
        except ValueError as error:
            return str(error)
    if program in (*HAND_WRITTEN, "cython", OURS) and compiler() is None:
        return "no C++ compiler"
    if program in NEST_THREADS and not nest_interpreter().exists():
        return "no interpreter with NEST (`make nest`, or set NEST_PYTHON)"
    return None


def nest_interpreter() -> Path:
    return Path(os.environ.get("NEST_PYTHON") or HERE.parent / ".venv-nest" / "bin" / "python")


def start(program: str, kind: str, size: int, folder: Path) -> Peer:
    """Start a program; `folder` is for what is compiled, and for files between programs."""
    if program in HAND_WRITTEN:
        begin = time.perf_counter()
        is_line = kind == "lateral_line"
        binary = build("plain_loop" if is_line else "plain_cube", folder, program)
        start_s = time.perf_counter() - begin
        if is_line:
            return Peer([binary, 123, size], start_s)
        command = [binary, kind, size, 0, *networks.dot_arguments(size)]
        return Peer(command, start_s, numbers_per_unit=networks.UNIT_STEPS[kind])
    if program in NEST_THREADS:
        file = folder / f"nest_{size}.npz"
        if not file.exists():
            networks.write_for_nest(size, file)
        script = HERE / "nest_peer.py"
        return Peer([nest_interpreter(), "-W", "ignore", script, file, NEST_THREADS[program]])
    request = {"kind": kind, "backend": program, "size": size, "folder": str(folder)}
    command = [sys.executable, "-m", "benchmarks.served", json.dumps(request)]
    return Peer(command, environment={"PROGRAM_CACHE": str(folder / "programs")})


def build(source: str, folder: Path, program: str) -> Path:
    """Compile one of the hand-written programs, with the flags of `program`."""
    binary = folder / f"{source}_{program}"
    command = [compiler(), "-O3", "-march=native", "-std=c++17", *HAND_WRITTEN[program]]
    done = subprocess.run(
        [*command, HERE / f"{source}.cpp", "-o", binary], capture_output=True, text=True
    )
    if done.returncode:
        raise PeerError(f"{source}.cpp does not compile:\n{done.stderr[-800:]}")
    return binary


class Peer:
    """A program that is running and waits to be asked.

    Parameters
    ----------
    command : list
    start_s : float, optional
        Seconds it took to make it; a program for which nothing is given tells by itself.
    numbers_per_unit : int
        What it counts in a unit (the hand-written cube counts steps).
    environment : dict, optional
        Variables besides those of this process.

    Attributes
    ----------
    settled : bool
        Whether it began in a state that another one had kept.
    """

    def __init__(
        self,
        command: list,
        start_s: float | None = None,
        numbers_per_unit: int = 1,
        environment: dict[str, str] | None = None,
    ):
        self.numbers_per_unit = numbers_per_unit
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed with the program)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=HERE.parent,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        greeting = {"start_s": start_s} if start_s is not None else self._read()
        self.start_s, self.settled = greeting["start_s"], greeting.get("settled", False)

    def ask(self, units: int) -> dict:
        """Go on by so many units; its answer, and ``wall_s`` as seen from here."""
        start = time.perf_counter()
        found = self._request(str(units * self.numbers_per_unit))
        return found | {"wall_s": time.perf_counter() - start, "units": units}

    def save(self) -> None:
        """Keep the state, in which others of ours begin; only ours can."""
        self._request("save")

    def memory_mb(self) -> float:
        """Peak resident memory of the program and of what it has running, MB."""
        return sum(peak_mb(pid) for pid in family(self.process.pid))

    def close(self) -> None:
        """Close its input, which ends it."""
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        self.errors.close()

    def _request(self, text: str) -> dict:
        with contextlib.suppress(BrokenPipeError):  # to read says how it ended
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        """The next line that is JSON; NEST prints a greeting first."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        status = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines() or ["no message"]
        raise PeerError(f"it ended with status {status}: {lines[-1]}")
