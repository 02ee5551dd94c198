"""Count the time of every object in the loop of a generated C++ program, for ``--profile``.

A profiled program is one of its own; the plain one has nothing of this in it. The clock is read
once after each object, the end of one being the start of the next. What a reading costs is
measured at the start and taken off, and no number of the model is touched.

After the arrays of a block such a program gives, as float64 and in nanoseconds: its loop without
the readings, the readings, and each object of ``manifest["objects"]``.
"""

from __future__ import annotations

CLOCK = """
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>
#if defined(__x86_64__)
#include <x86intrin.h>
inline int64_t ticks() { return __rdtsc(); }  // a third of the cost of the other
#else
inline int64_t ticks()
{
    return std::chrono::steady_clock::now().time_since_epoch().count();
}
#endif
inline int64_t nanoseconds()
{
    using namespace std::chrono;
    return duration_cast<std::chrono::nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Counter { int64_t ticks, calls; };
inline std::vector<Counter> counters;
inline int64_t last;  // tick at which the counting of one thing ended and of the next began
inline std::vector<double> profile;  // what is given after a block

inline void count(Counter& counter, int64_t& last)
{
    const int64_t now = ticks();
    counter.ticks += now - last;
    counter.calls++;
    last = now;
}

inline double cost_of_counting()  // ticks; the least of many tries: nothing came between
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

inline void report(int64_t ticks, int64_t nanoseconds)
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
    """Lines before the loop over the steps of a block; `n` objects are counted."""
    return [
        f"counters.assign({n}, {{0, 0}});",
        "const int64_t began = nanoseconds(), first = ticks();",
    ]


END_COUNTING = ["report(ticks() - first, nanoseconds() - began);"]
GIVE_PROFILE = "give(profile.data(), profile.size()*sizeof(double));"


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
