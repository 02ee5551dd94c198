"""Join what treats each cell by itself into one pass over the cells, without changing one bit.

Brian walks all cells once for the state update, once for each threshold, once for each
`run_regularly`, and by the time the next of them comes to a cell it has left the cache. Here
such pieces of code follow each other on a chunk of cells, and then on the next chunk; resets are
done with the cells of the chunk that fired.

Nothing is known of models. From the generated code of each object of a step are read the arrays
that it reads and writes, and at which index. A piece joins a pass if

* it touches arrays that the pass or it writes only at its own element, so that the elements of a
  chunk do not depend on those of another (and its events are those that the pass finds); and
* what stands between the pass and it, in the order of a step, does not write what it touches and
  does not touch what it writes, so that it can be done earlier.

Code of any other form stays where and as it is.

Under ``--threads`` the threads share the chunks of a pass over many cells; each notes who fired
among its own, and one of them puts the lists together. A pass is shared from `CROSSOVER` cells on,
see benchmarks/results/threads.md: to wake a thread and to wait for it takes microseconds. Brian's
own OpenMP takes sums for such loops too, which is why it is refused.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

CELLS_AT_A_TIME = 512  # with six arrays of theirs they fit into the nearest cache
CROSSOVER = 65_536
FLAG = "-fopenmp"

FUNCTION = re.compile(r"^void (_run_\w+)\(\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
POINTERS = re.compile(r"///// POINTERS ////////////\n(.*?)\n\n", re.DOTALL)
SIZE = re.compile(r"const int64_t N = (\d+);")
LOOP = re.compile(
    r"const int _N = N;\s*for\(int _idx=0; _idx<_N; _idx\+\+\)(?P<body>.*)", re.DOTALL
)
HITS = re.compile(
    r"long _count = 0;\s*for\(size_t _idx=0; _idx<N; _idx\+\+\)\s*\{(?P<test>.*?)"
    r"if\(_cond\) \{\s*(?P<space>\w+)\[_count\+\+\] = _idx;\s*\}\s*\}.*",
    re.DOTALL,
)
EVENTS = re.compile(
    r"const int32_t \*_events = (?P<space>\w+);\s*const int32_t _num_events = [^;]*;"
    r"(?P<head>.*?)for\(int32_t _index_events=0; _index_events<_num_events; _index_events\+\+\)"
    r"(?P<body>.*)",
    re.DOTALL,
)
ACCESS = re.compile(r"(?:_ptr)?(?:_dynamic)?(_array_\w+)\[([^][]*)\](\s*[-+*/]?= |\+\+)?")
NAME = re.compile(r"(?:_ptr)?(?:_dynamic)?(_array_\w+)")
DECLARED = re.compile(
    r"^\s*(?:const )?\w+\*\s+(?:const |__restrict )?\s*\w+ = [^;]*;", re.MULTILINE
)
PATHWAY = re.compile(r"\b(\w+)\.(?:advance|push|peek|n_spikes)\b")
LISTED = re.compile(r"(?:\*_events = |\.push\()(_ptr_array_\w+)")
OTHER = re.compile(r"rand|push_back|resize")  # what may write anything that it touches
INCLUDE = re.compile(r"^#include.*\n", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Piece:
    """Code of one object of a step, and what it touches.

    Attributes
    ----------
    function : str
        Its name in the generated program.
    every : int
        Steps from one call to the next.
    touched, written : frozenset of str
        Arrays, and pathways by name.
    size : int
        Elements that it treats one by one; 0 if it is not of this form.
    shared : frozenset of str
        Of `touched` those that are read at another place than the own element.
    finds, takes : str
        Space of the events that it finds, or answers to.
    text : str
        Of its file.
    """

    function: str
    every: int
    touched: frozenset[str]
    written: frozenset[str]
    size: int = 0
    shared: frozenset[str] = frozenset()
    finds: str = ""
    takes: str = ""
    text: str = ""

    def commutes(self, other: Piece) -> bool:
        """Whether the two may change places."""
        return not (self.written & other.touched or other.written & self.touched)


def read(text: str, every: int = 1) -> Piece:
    """What a generated file does; it is called each `every` steps."""
    found = FUNCTION.search(text)
    function, code = found[1], DECLARED.sub("", found[2])
    hits, events = HITS.search(code), EVENTS.search(code)
    finds = NAME.match(hits["space"])[1] if hits else ""
    takes = NAME.match(events["space"])[1] if events else ""
    accesses = ACCESS.findall(code)
    touched = set(NAME.findall(code))
    written = {array for array, _, sets in accesses if sets}
    # whatever is done with a name in any other way: lists of events are only read
    other = set(NAME.findall(ACCESS.sub("", LISTED.sub("", code))))
    written |= other
    if OTHER.search(code):
        written |= touched
    pathways = {f"pathway {name}" for name in PATHWAY.findall(code)}
    piece = Piece(function, every, frozenset(touched | pathways), frozenset(written | pathways))
    shared = {array for array, index, _ in accesses if index.strip() != "_idx"} - {finds, takes}
    listed = {NAME.match(name)[1] for name in LISTED.findall(code)}
    size = SIZE.search(code)
    if not size or OTHER.search(code) or not (hits or events or LOOP.search(code)):
        return piece
    if other or written & (shared | listed):
        return piece
    more = {"size": int(size[1]), "shared": frozenset(shared), "finds": finds, "takes": takes}
    return dataclasses.replace(piece, **more, text=text)


@dataclasses.dataclass
class Pass:
    """Pieces that are done together, in their order."""

    pieces: list[Piece]

    @property
    def spaces(self) -> list[str]:
        """Spaces of the events that are found."""
        return [piece.finds for piece in self.pieces if piece.finds]

    @property
    def size(self) -> int:
        return self.pieces[0].size

    @property
    def every(self) -> int:
        return self.pieces[0].every

    def takes(self, piece: Piece) -> bool:
        """Whether a piece that comes next can be done with the others."""
        if not piece.size or (piece.size, piece.every) != (self.size, self.every):
            return False
        if self.pieces[0].takes:  # events of before
            return False
        if piece.finds in self.spaces or (piece.takes and piece.takes not in self.spaces):
            return False
        return not any(p.shared & piece.written or piece.shared & p.written for p in self.pieces)


def join(steps: list[Piece]) -> list[Pass]:
    """The pieces of a step, in an order that gives the same results."""
    passes: list[Pass] = []
    for piece in steps:
        for there in reversed(passes):
            if there.takes(piece):
                there.pieces.append(piece)
                break
            if not all(piece.commutes(other) for other in there.pieces):
                passes.append(Pass([piece]))
                break
        else:
            passes.append(Pass([piece]))
    return passes


def is_better(found: Pass, is_shared: bool) -> bool:
    """Whether a pass is worth writing: it joins something, finds events, or is shared."""
    piece, *others = found.pieces
    return bool(others or (piece.size and (piece.finds or (is_shared and not piece.takes))))


def write_pass(folder: Path, found: Pass, is_shared: bool, first: int | None) -> str:
    """Write a pass into the project in `folder`, in the place of its pieces.

    Parameters
    ----------
    is_shared : bool
        By threads.
    first : int, optional
        Counter of the time of the first piece, see `driver.engine.timing.counters`.

    Returns
    -------
    str
        The function to call.
    """
    name = found.pieces[0].function.removesuffix("_codeobject") + "_pass"
    text = pass_text(name, found, is_shared, first)
    for piece in found.pieces:
        (folder / "code_objects" / f"{piece.function.removeprefix('_run_')}.cpp").unlink()
    (folder / "code_objects" / f"{name.removeprefix('_run_')}.cpp").write_text(text)
    return name


FIND = """
        int32_t _number = _count;
        for(size_t _base=_begin; _base<_end; _base+=64)
        {{
            const size_t _stop = _base + 64 < _end ? _base + 64 : _end;
            alignas(64) char _hit[64] = {{0}};
            if(_stop - _base == 64)  // a loop of known length needs no beginning and no rest
                for(size_t _k=0; _k<64; _k++)
                {{
                    const size_t _idx = _base + _k;{test}
                    _hit[_k] = _cond;
                }}
            else
                for(size_t _idx=_base; _idx<_stop; _idx++)
                {{{test}
                    _hit[_idx - _base] = _cond;
                }}
            uint64_t _hits = 0;  // a bit for each cell; the product moves bit 0 of byte k to bit k
            for(int _k=0; _k<8; _k++)
            {{
                uint64_t _word;  // little-endian: the lowest byte is the first cell
                std::memcpy(&_word, _hit + 8*_k, 8);
                _hits |= (_word*0x0102040810204080ULL >> 56) << 8*_k;
            }}
            for(; _hits; _hits &= _hits - 1)
                {space}[_number++] = _base + __builtin_ctzll(_hits);
        }}
        _count = _number;"""
PASS = """
static void {name}_range(const size_t _from, const size_t _to, int32_t* const _found)
{{
    using namespace ::brian;
{before}
    for(size_t _begin=_from; _begin<_to; _begin+={chunk})
    {{
        const size_t _end = _begin + {chunk} < _to ? _begin + {chunk} : _to;
{calls}
    }}
{after}
}}

void {name}()
{{
    using namespace ::brian;{whole}
}}
"""
ALONE = """
    int32_t _found[{n} + 1] = {{0}};
    {name}_range(0, {size}, _found);
{ends}"""
SHARED = """
    const int _threads = omp_get_max_threads();
    const size_t _chunks = ({size} + {chunk} - 1)/{chunk};
    static std::vector<int32_t> _found(_threads*16), _start(_threads);
    #pragma omp parallel for schedule(static, 1)
    for(int _thread=0; _thread<_threads; _thread++)
    {{
        const size_t _from = _chunks*_thread/_threads*{chunk};
        const size_t _to = _chunks*(_thread + 1)/_threads*{chunk};
        _start[_thread] = _from;
        for(int _n=0; _n<{n}; _n++) _found[_thread*16 + _n] = _from;
        {name}_range(_from, _to < {size} ? _to : {size}, &_found[_thread*16]);
    }}
    int32_t* const _spaces[] = {{{spaces}}};
    for(int _n=0; _n<{n}; _n++)
    {{
        size_t _total = 0;
        for(int _thread=0; _thread<_threads; _thread++)
        {{
            const int32_t* const _theirs = _spaces[_n] + _start[_thread];
            const size_t _more = _found[_thread*16 + _n] - _start[_thread];
            std::memmove(_spaces[_n] + _total, _theirs, _more*sizeof(int32_t));
            _total += _more;
        }}
        _spaces[_n][{size}] = _total;
    }}"""


def pass_text(name: str, joined: Pass, is_shared: bool, first: int | None) -> str:
    """A file with the pass; its pieces stand in namespaces of their own, with what they need."""
    spaces = joined.spaces
    if len(spaces) > 16:
        raise RuntimeError(f"{name} finds events of {len(spaces)} kinds, of 16 that are expected")
    before = [f"    int32_t _n{space} = _found[{n}];" for n, space in enumerate(spaces)]
    calls = [f"        const int32_t _last{space} = _n{space};" for space in spaces]
    parts = []
    for k, piece in enumerate(joined.pieces):
        parts.append(f"namespace {name}_{k} {{\n{part_text(piece)}\n}}")
        before.append(f"    auto _piece_{k} = {name}_{k}::prepare();")
        given = "_begin, _end"
        if piece.finds:
            given += f", _n{piece.finds}"
        if piece.takes:
            given = f"_last{piece.takes}, _n{piece.takes}"
        calls.append(f"        _piece_{k}({given});")
        if first is not None:
            calls.append(f"        count(counters[{first + k}], last);")
    after = [f"    _found[{n}] = _n{space};" for n, space in enumerate(spaces)]
    ends = [f"    {space}[{joined.size}] = _found[{n}];" for n, space in enumerate(spaces)]
    fields = {"name": name, "size": joined.size, "chunk": CELLS_AT_A_TIME, "n": len(spaces)}
    lists = {"ends": "\n".join(ends), "spaces": ", ".join(spaces) or "nullptr"}
    whole = (SHARED if is_shared else ALONE).format(**fields, **lists)
    includes = [line for piece in joined.pieces for line in INCLUDE.findall(piece.text)]
    head = [*dict.fromkeys(includes), "#include <cstring>\n", "#include <vector>\n"]
    head += ["#include <omp.h>\n"] if is_shared else []
    head += ['#include "counters.h"\n'] if first is not None else []
    texts = {"before": before, "calls": calls, "after": after}
    joint = {key: "\n".join(lines) for key, lines in texts.items()}
    return "".join(head) + "\n".join(parts) + PASS.format(**fields, **joint, whole=whole)


def part_text(piece: Piece) -> str:
    """The file of a piece, which gives its loop as a function of the elements to treat.

    What is the same for all elements is computed once a pass. The pointers are declared again
    inside, since a captured one would no longer be known to be the only one to its array.
    """
    found = FUNCTION.search(piece.text)
    code = found[2]
    if hits := HITS.search(code):
        head = code[: hits.start()]
        given = "const size_t _begin, const size_t _end, int32_t& _count"
        loop = FIND.format(test=hits["test"], space=hits["space"])
    elif events := EVENTS.search(code):
        head = code[: events.start()] + events["head"]
        given = "const int32_t _from, const int32_t _to"
        loop = f"const int32_t* const _events = {events['space']};\n"
        loop += "for(int32_t _index_events=_from; _index_events<_to; _index_events++)"
        loop += events["body"]
    else:
        over_all = LOOP.search(code)
        head = code[: over_all.start()]
        given = "const int _begin, const int _end"
        loop = "for(int _idx=_begin; _idx<_end; _idx++)" + over_all["body"]
    pointers = POINTERS.search(code)[1]
    prepare = f"static inline auto prepare()\n{{\n{head}\n    return [=]({given})\n    {{\n"
    prepare += f"{pointers}\n{loop}\n    }};\n}}"
    return INCLUDE.sub("", piece.text[: found.start()]) + prepare
