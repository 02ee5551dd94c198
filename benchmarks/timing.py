"""What benchmarks measure with: time and memory of processes, and repeats in turn. Linux only."""

from __future__ import annotations

import contextlib
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from driver.engine.compile import program
from driver.engine.compiler import compiler


def describe() -> dict[str, str | int]:
    """Processor, cores, compiler and Python; no host name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True).stdout
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": program.cores(),
        "compiler": version.splitlines()[0],
        "python": platform.python_version(),
        "flags": " ".join([program.HOT, *program.FLAGS]),
    }


# --- processes -----------------------------------------------------------------------------


def family(pid: int | None = None) -> list[int]:
    """A process (this one, if not given) and all that it started."""
    process = psutil.Process(pid)
    return [process.pid, *(child.pid for child in process.children(recursive=True))]


def cpu_seconds(pid: int) -> float:
    """CPU time of all running threads of a process, to the nanosecond."""
    total = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def peak_mb(pid: int) -> float:
    """Peak resident memory so far, MB; 0 of a process that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def peak_mb_of_run(arguments: list[str]) -> float:
    """Run a Python command; sum of the peak resident memory of its processes, MB."""
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL)
    peaks: dict[int, float] = {}
    while process.poll() is None:
        for pid in family(process.pid):
            peaks[pid] = max(peaks.get(pid, 0.0), peak_mb(pid))
        time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed with status {process.returncode}")
    return sum(peaks.values())


# --- repeats -------------------------------------------------------------------------------


def in_turn(measurements: dict[str, Callable], repeats: int) -> dict[str, list]:
    """What each call returns, by name; all in turn, beginning with another one each time.

    So a machine that becomes slower meanwhile does so for all of them.
    """
    found: dict[str, list] = {name: [] for name in measurements}
    order = list(measurements)
    for _ in range(repeats):
        for name in order:
            found[name].append(measurements[name]())
        order = order[1:] + order[:1]
    return found


def wall_seconds(call: Callable) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def spread(values: list[float]) -> dict[str, float | int]:
    """Median, lowest, highest and number of repeats."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "n": len(values),
    }


def spread_of_ratio(values: list[float], reference: list[float]) -> dict[str, float | int]:
    """Spread of the ratios, repeat by repeat."""
    return spread([a / b for a, b in zip(values, reference, strict=True)])
