"""Let pathways of a generated C++ project walk the synapses of the spiking cells directly.

In Brian's code a spike copies its synapse numbers into a queue, and from there into a second
list; without delays there is no need of either.

A project that does not look as expected is left as Brian wrote it. That the results stay the same
is tested against the numpy target.
"""

from __future__ import annotations

import re
from pathlib import Path

from driver.engine.compile.passes import ACCESS, OTHER

AHEAD = 8  # spikes
N_TARGETS = re.compile(r"const int64_t _n_targets = (\d+);")
POST = re.compile(r"const int32_t _postsynaptic_idx = (_ptr_array_\w+__synaptic_post)\[_idx\];")
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
        in_order = std::is_sorted(source, source + n_synapses);
        for (int k = 0; k < n_synapses; k++) first[source[k] - begin_source + 1]++;
        for (size_t s = 1; s < first.size(); s++) first[s] += first[s - 1];
        if (in_order) return;
        synapses.resize(n_synapses);
        std::vector<int32_t> next(first.begin(), first.end());
        for (int k = 0; k < n_synapses; k++) synapses[next[source[k] - begin_source]++] = k;
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


def direct_pathways(folder: Path, crossover: int = 0) -> list[str]:
    """Let pathways walk the synapses of the spiking cells; all of them or none.

    Threads share one onto `crossover` cells or more (0: none), if it can be (see `by_target`).
    Returns the functions that they share.
    """
    texts = {file: file.read_text() for file in sorted(folder.glob("code_objects/*.cpp"))}
    walking = {file: text for file, text in texts.items() if ".peek()" in text}
    if not walking or not all(PATHWAY.search(text) for text in walking.values()):
        return []
    shared = []
    for file, text in walking.items():
        found = PATHWAY.search(text)
        pushed = texts[folder / "code_objects" / f"{found['pathway']}_push_spikes.cpp"]
        targets = int(N_TARGETS.search(pushed)[1])
        body = text[found.end() : text.index("void _debugmsg")]
        post = by_target(body) if 0 < crossover <= targets else ""
        least = crossover // 64  # spikes: fewer are done before a thread has woken
        share = {"n": targets, "post": post, "least": least} if post else None
        text = PATHWAY.sub(lambda f, share=share: walk(f, share), text)
        if post:
            end = "\n}\n\nvoid _debugmsg"
            text = "#include <omp.h>\n" + text.replace(end, "\n}" + end, 1)
            shared.append(f"_run_{file.stem}")
        file.write_text(text)
    (folder / "synapses_classes.h").write_text(PATHWAY_CLASS)
    return shared


def by_target(body: str) -> str:
    """The array of the targets, if each synapse concerns nothing but itself and its target.

    Then threads may each take the synapses onto their share of the cells: what comes to a cell
    still comes in its order.
    """
    found = POST.search(body)
    if not found or OTHER.search(body):
        return ""
    at: dict[str, set[str]] = {}
    written = set()
    for array, index, sets in ACCESS.findall(body):
        at.setdefault(array, set()).add(index.strip())
        if sets:
            written.add(array)
    places = [at[array] for array in written]
    return found[1] if all(p in ({"_idx"}, {"_postsynaptic_idx"}) for p in places) else ""


def walk(found: re.Match, share: dict | None) -> str:
    """The loop over the synapses of the spiking cells; threads share it if `share` says how.

    What a cell a few places further on will need is asked for early: where it lies in memory the
    processor cannot foresee.
    """
    pathway = found["pathway"]
    arrays = dict.fromkeys(re.findall(r"(_ptr_array_\w+)\[_idx\]", found.string[found.end() :]))
    early = " ".join(f"__builtin_prefetch({name} + _to);" for name in arrays)
    each = SHARE.format(**share, pathway=pathway) if share else ""
    skip = SKIP.format(**share) if share else ""
    mine = MINE.format(**share) if share else ""
    return f"""
    const int32_t* const _listed = {pathway}.in_order ? nullptr : {pathway}.synapses.data();
    const int32_t* const _first = {pathway}.first.data() - {pathway}.begin_source;
    const int32_t* const _fired = {pathway}.spikes;
    const int _n_fired = {pathway}.n_spikes;
    const auto _early = [=](const int _spike)
    {{
        if(_spike + {AHEAD} >= _n_fired) return;
        const int32_t _to = _first[_fired[_spike + {AHEAD}]];
        if(_listed) __builtin_prefetch(_listed + _to);
        else {{ {early} }}
    }};
    {each}
    {found["between"]}
        for(int _spike=0; _spike<_n_fired; _spike++)
        for(int32_t _k=(_early(_spike), _first[_fired[_spike]]), _last=_first[_fired[_spike] + 1];
            _k<_last; _k++)
        {{
            {skip}
            const size_t _idx = _listed ? _listed[_k] : _k;
            {mine}"""


SHARE = """
    static const bool _ascending = !_listed && [&]  // the targets of each source
    {{
        for(int _s={pathway}.begin_source; _s<{pathway}.end_source; _s++)
            if(!std::is_sorted({post} + _first[_s], {post} + _first[_s + 1])) return false;
        return true;
    }}();
    #pragma omp parallel for schedule(static, 1) if(_n_fired > {least})
    for(int _share=0; _share<omp_get_max_threads(); _share++)
    {{
    const int32_t _low = int64_t({n})*_share/omp_get_max_threads();
    const int32_t _high = int64_t({n})*(_share + 1)/omp_get_max_threads();"""
SKIP = """if(_ascending && ({post}[_k] >= _high || {post}[_last - 1] < _low)) break;"""
MINE = "if({post}[_idx] < _low || {post}[_idx] >= _high) continue;"
