"""What the numbers were measured on, and how much a process used."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
from pathlib import Path

from driver.engine.compile import program
from driver.engine.compiler import compiler


def describe() -> dict[str, str | int]:
    """Processor, cores, compiler and Python; no host name."""
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True).stdout
    return {
        "cpu": cpu,
        "cores": program.cores(),
        "compiler": version.splitlines()[0],
        "python": platform.python_version(),
        "flags": " ".join([program.HOT, *program.FLAGS]),
    }


def cpu_seconds(*pids: int) -> float:
    """CPU time of this process and of running children, in seconds (children on Linux only)."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = own.ru_utime + own.ru_stime
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def spread(values: list[float]) -> dict[str, float | int]:
    """Median, extremes and number of repeats."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "n": len(values),
    }


def ranged(values: dict) -> str:
    """Median and extremes of a `spread`, in words."""
    return f"{values['median']:.3g} ({values['low']:.3g} to {values['high']:.3g})"


def peak_memory_mb(arguments: list[str]) -> float:
    """Run a Python command; sum of the peak resident memory of its processes, MB (Linux)."""
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL)
    peaks: dict[int, float] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for pid in family(process.pid):
                peaks[pid] = max(peaks.get(pid, 0.0), high_water_mb(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    done.set()
    watcher.join()
    if status:
        raise RuntimeError(f"{' '.join(arguments)} failed with status {status}")
    return sum(peaks.values())


def descendants(pid: int | None = None) -> list[int]:
    """Running processes that a process (this one, if not given) has started."""
    return family(pid or os.getpid())[1:]


def thread_seconds(pid: int) -> float:
    """CPU time of all running threads of a process, to the nanosecond (Linux)."""
    total = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            for child in children:
                found += family(int(child))
    return found


def high_water_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0
