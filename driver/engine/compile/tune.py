"""Rewrite the hot loops of a generated C++ project, changing its speed and not one bit of a result.

Brian's templates are general; three of their loops cost a network of this kind half its time:

* thresholds test one cell after the other, with a branch; here a chunk of cells is tested in
  one vectorised loop, and its hits are collected eight at a time;
* a spike copies its synapse numbers into a queue, and from there into a second list; without
  delays a pathway can walk the synapses of the spiking cells directly;
* the network asks the operating system for its CPU time in every step.

A file that does not look as expected is left as Brian wrote it. That the results stay the same
is tested against the numpy target.
"""

from __future__ import annotations

import re
from pathlib import Path

CHUNK = 64


def tune(folder: Path) -> list[str]:
    """Rewrite the project in `folder`; returns what was rewritten."""
    done = []
    for file in sorted(folder.glob("code_objects/*_thresholder_codeobject.cpp")):
        if not file.name.startswith(("before_run", "after_run")):
            done += rewrite(file, vectorised_threshold)
    done += direct_pathways(folder)
    done += rewrite(folder / "network.cpp", lambda t: t.replace("current = std::clock();", ""))
    return done


def rewrite(file: Path, change) -> list[str]:
    before = file.read_text()
    after = change(before)
    if after == before:
        return []
    file.write_text(after)
    return [file.name]


THRESHOLD = re.compile(
    r"for\(size_t _idx=0; _idx<N; _idx\+\+\)\s*\{(?P<test>.*?)"
    r"if\(_cond\) \{\s*(?P<space>\w+)\[_count\+\+\] = _idx;\s*\}\s*\}",
    re.DOTALL,
)


# the hits of eight cells; little-endian: the lowest byte is the first cell
COLLECT = """
            uint64_t _word;
            std::memcpy(&_word, _hit + _byte, 8);
            for(; _word; _word &= _word - 1)
                {space}[_count++] = _base + _byte + __builtin_ctzll(_word)/8;"""


def vectorised_threshold(text: str) -> str:
    """Test `CHUNK` cells in a loop without branches, then collect the hits eight at a time."""
    return THRESHOLD.sub(
        lambda found: (
            f"""
    for(size_t _base=0; _base<N; _base+={CHUNK})
    {{
        const size_t _stop = _base + {CHUNK} < N ? _base + {CHUNK} : N;
        alignas(64) char _hit[{CHUNK}] = {{0}};
        for(size_t _idx=_base; _idx<_stop; _idx++)
        {{{found["test"]}
            _hit[_idx - _base] = _cond;
        }}
        for(size_t _byte=0; _byte<{CHUNK}; _byte+=8)
        {{{COLLECT.format(space=found["space"])}
        }}
    }}"""
        ),
        text,
    )


PATHWAY = re.compile(
    r"std::vector<int> \*_spiking_synapses = (?P<pathway>\w+)\.peek\(\);\s*"
    r"const int _num_spiking_synapses = _spiking_synapses->size\(\);"
    r"(?P<between>[\s{]*)"
    r"for\(int _spiking_synapse_idx=0;\s*_spiking_synapse_idx<_num_spiking_synapses;\s*"
    r"_spiking_synapse_idx\+\+\)\s*\{\s*"
    r"const size_t _idx = \(\*_spiking_synapses\)\[_spiking_synapse_idx\];"
)

# synapses of each source in one list, in the order of the queue that it replaces
PATHWAY_CLASS = """
#ifndef _BRIAN_SYNAPSES_H
#define _BRIAN_SYNAPSES_H
#include <algorithm>
#include <cstdint>
#include <vector>
using namespace std;  // as Brian's spike queue does

class SynapticPathway
{
public:
    std::vector<int>& sources;
    const int begin_source, end_source;
    std::vector<int32_t> first, synapses;
    const int32_t* spikes = nullptr;
    int n_spikes = 0;
    bool in_order = true;  // the synapses of every source stand side by side

    SynapticPathway(std::vector<int>& _sources, int _begin, int _end)
        : sources(_sources), begin_source(_begin), end_source(_end) {}

    template <typename scalar>
    void prepare(int, int, scalar*, int, int* source, int n_synapses, double)
    {
        first.assign(end_source - begin_source + 1, 0);
        synapses.resize(n_synapses);
        for (int k = 0; k < n_synapses; k++) first[source[k] - begin_source + 1]++;
        for (size_t s = 1; s < first.size(); s++) first[s] += first[s - 1];
        std::vector<int32_t> next(first.begin(), first.end());
        for (int k = 0; k < n_synapses; k++) synapses[next[source[k] - begin_source]++] = k;
        for (int k = 0; k < n_synapses; k++) in_order &= synapses[k] == k;
    }

    void advance() {}

    void push(const int32_t* fired, int n)
    {
        const int32_t* from = std::lower_bound(fired, fired + n, begin_source);
        spikes = from;
        n_spikes = std::lower_bound(from, fired + n, end_source) - from;
    }
};
#endif
"""


def direct_pathways(folder: Path) -> list[str]:
    """Let pathways walk the synapses of the spiking cells; all of them or none."""
    files = [
        file for file in sorted(folder.glob("code_objects/*.cpp")) if ".peek()" in file.read_text()
    ]
    if not files or not all(PATHWAY.search(file.read_text()) for file in files):
        return []
    for file in files:
        file.write_text(PATHWAY.sub(walk, file.read_text()))
    (folder / "synapses_classes.h").write_text(PATHWAY_CLASS)
    return [file.name for file in files]


def walk(found: re.Match) -> str:
    pathway = found["pathway"]
    return f"""
    const int32_t* const _listed = {pathway}.in_order ? nullptr : {pathway}.synapses.data();
    {found["between"]}
        for(int _spike=0; _spike<{pathway}.n_spikes; _spike++)
        for(int32_t _k={pathway}.first[{pathway}.spikes[_spike] - {pathway}.begin_source],
            _last={pathway}.first[{pathway}.spikes[_spike] - {pathway}.begin_source + 1];
            _k<_last; _k++)
        {{
            const size_t _idx = _listed ? _listed[_k] : _k;"""
