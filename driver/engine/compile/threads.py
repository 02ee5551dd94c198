"""Let several threads share the loops over large groups of a generated C++ project.

Only loops in which every element stands for itself: state updates, tests of thresholds,
`run_regularly` without sums. Each element is computed as by one thread, so results keep every bit.
Brian's own OpenMP takes sums for such loops too, which is why it is refused.

A loop is shared from `CROSSOVER` elements on, see benchmarks/results/threads.md: to wake a thread
and to wait for it takes microseconds, in which one alone does some ten thousand cells.
"""

from __future__ import annotations

import re
from pathlib import Path

from driver.engine.compile.tune import COLLECT, THRESHOLD

CROSSOVER = 65_536
FLAG = "-fopenmp"
LOOP = "for(int _idx=0; _idx<_N; _idx++)"
SIZE = re.compile(r"const int64_t N = (\d+);")
WRITTEN = re.compile(r"(_ptr_\w+)\[[^\]]*\] [-+*/]?= ")


def share_loops(folder: Path, crossover: int) -> list[str]:
    """Rewrite the project in `folder`, before `tune`; returns what was rewritten."""
    done = []
    for file in sorted(folder.glob("code_objects/*.cpp")):
        text = file.read_text()
        size = SIZE.search(text)
        if size is None or int(size[1]) < crossover:
            continue
        shared = shared_loop(THRESHOLD.sub(shared_threshold, text))
        if shared != text:
            file.write_text(shared)
            done.append(file.name)
    return done


def shared_loop(text: str) -> str:
    """A loop over all elements, shared if every element is only ever touched by its own turn."""
    head, loop, body = text.partition(LOOP)
    if not loop or "rand" in body:
        return text
    for array in set(WRITTEN.findall(body)):
        if re.search(rf"{array}\[(?!_idx\])", body):
            return text
    return f"{head}#pragma omp parallel for simd schedule(static)\n    {loop}{body}"


def shared_threshold(found: re.Match) -> str:
    """The test of all cells, shared; the hits are collected in their order by one thread."""
    return f"""
    static std::vector<char> _hits((N + 7)/8*8);  // one for each cell, zeros behind the last
    char* const _hit = _hits.data();
    #pragma omp parallel for simd schedule(static)
    for(size_t _idx=0; _idx<N; _idx++)
    {{{found["test"]}
        _hit[_idx] = _cond;
    }}
    const size_t _base = 0;
    for(size_t _byte=0; _byte<_hits.size(); _byte+=8)
    {{{COLLECT.format(space=found["space"])}
    }}"""
