"""What benchmarks measure with: time and memory of processes, and repeats in turn. Linux only."""

from __future__ import annotations

import contextlib
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from driver.engine.compiler import FLAGS, HOT, cores
from driver.run.environment import compiler_version


def describe() -> dict[str, str | int]:
    """Processor, cores, compiler and Python; no host name."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": cores(),
        "compiler": compiler_version(),
        "python": platform.python_version(),
        "flags": " ".join([HOT, *FLAGS]),
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


def cpu_clock() -> Callable[[], float]:
    """A clock of the CPU seconds of this process and of all that it has running now."""
    programs = family()[1:]
    return lambda: time.process_time() + sum(cpu_seconds(pid) for pid in programs)


def peak_mb(pid: int) -> float:
    """Peak resident memory so far, MB; 0 of a process that has ended."""
    with contextlib.suppress(OSError):
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(peak[1]) / 1024 if peak else 0.0
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
    low, median, high = min(values), statistics.median(values), max(values)
    return {"median": median, "low": low, "high": high, "n": len(values)}


def spread_of_ratio(values: list[float], reference: list[float]) -> dict[str, float | int]:
    """Spread of the ratios, repeat by repeat."""
    return spread([a / b for a, b in zip(values, reference, strict=True)])
