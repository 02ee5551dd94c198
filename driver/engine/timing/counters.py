"""Count the time of every object in the loop of a generated C++ program, for ``--profile``.

A profiled program is one of its own; the plain one has nothing of this in it. The clock is read
once after each object, the end of one being the start of the next. What a reading costs is
measured at the start and taken off, and no number of the model is touched.

After the arrays of a block such a program gives, as float64 and in nanoseconds: its loop without
the readings, the readings, and each object of ``manifest["objects"]``.
"""

from __future__ import annotations

import re
from pathlib import Path

CLOCK = """
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>
#if defined(__x86_64__)
#include <x86intrin.h>
static inline int64_t ticks() { return __rdtsc(); }  // a third of the cost of the other
#else
static inline int64_t ticks()
{
    return std::chrono::steady_clock::now().time_since_epoch().count();
}
#endif
static int64_t nanoseconds()
{
    using namespace std::chrono;
    return duration_cast<std::chrono::nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Counter { int64_t ticks, calls; };
static std::vector<Counter> counters;
std::vector<double> profile;  // what is given after a block, see driver/counters.py

static inline void count(Counter& counter, int64_t& last)
{
    const int64_t now = ticks();
    counter.ticks += now - last;
    counter.calls++;
    last = now;
}

static double cost_of_counting()  // ticks; the least of many tries: nothing came between
{
    double least = 1e9;
    for (int k = 0; k < 200; k++) {
        Counter counter = {0, 0};
        const int64_t start = ticks();
        int64_t last = start;
        for (int n = 0; n < 100; n++) count(counter, last);
        least = std::min(least, (last - start)/100.0);
    }
    return least;
}

static void report(int64_t ticks, int64_t nanoseconds)
{
    static const double cost = cost_of_counting();
    const double unit = ticks ? double(nanoseconds)/ticks : 0;
    profile.assign(2, 0);
    for (const Counter& counter : counters) {
        profile.push_back((counter.ticks - counter.calls*cost)*unit);
        profile[1] += counter.calls*cost*unit;
    }
    profile[0] = nanoseconds - profile[1];
}
"""


def begin_counting(n: int | str) -> list[str]:
    """Lines before the loop over the steps of a block, which counts `n` objects."""
    return [
        f"counters.assign({n}, {{0, 0}});",
        "const int64_t began = nanoseconds(), first = ticks();",
    ]


END_COUNTING = ["report(ticks() - first, nanoseconds() - began);"]
GIVE_PROFILE = "give(profile.data(), profile.size()*sizeof(double));"

RUNNING = "    Network::_globally_running = true;"
# (what Brian writes, what stands there instead), each once
EDITS = (
    ("#define Clock_epsilon", CLOCK + "\n#define Clock_epsilon"),
    (
        RUNNING + "\n",
        "\n".join([RUNNING, *begin_counting("objects.size()"), ""]),
    ),
    (
        "        for(size_t i=0; i<objects.size(); i++)\n",
        "        int64_t last = ticks();\n        for(size_t i=0; i<objects.size(); i++)\n",
    ),
    (
        "                    func();\n",
        "                {\n                    func();\n"
        "                    count(counters[i], last);\n                }\n",
    ),
    (
        "    Network::_globally_running = false;\n",
        "\n".join([*END_COUNTING, "    Network::_globally_running = false;", ""]),
    ),
)


def add_counters(network_file: Path) -> None:
    """Rewrite the generated ``network.cpp``.

    Raises
    ------
    RuntimeError
        If it is not the one that this was written for.
    """
    text = network_file.read_text()
    for before, after in EDITS:
        if text.count(before) != 1:
            raise RuntimeError(f"--profile: no {before.strip()!r} in the generated network.cpp")
        text = text.replace(before, after)
    network_file.write_text(text)


def counted(run_lines: list[str]) -> list[str]:
    """Objects in the order in which the generated `run_lines` add them, by Brian's names.

    A pathway has two pieces of code, of which one hands it the spikes; both go by its name.
    """
    functions = [re.match(r"\w+\.add\(&\w+, (\w+)\);", line.strip()) for line in run_lines]
    return [readable(found[1]) for found in functions if found]


def readable(function: str) -> str:
    """Name of the Brian object that a generated function belongs to.

    Examples
    --------
    >>> readable("_run_mon_ts_pre_push_spikes"), readable("watch_ts")
    ('mon_ts_pre', 'ts_spikes')
    """
    if function.startswith("watch_"):
        return function.removeprefix("watch_") + "_spikes"
    name = function.removeprefix("_run_").removesuffix("_codeobject")
    return name.removesuffix("_push_spikes")
