"""Pieces of a step that treat each cell by itself are joined, and no result can tell."""

import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.engine.compile.passes import FIND, Piece, is_better, join, read
from driver.engine.compiler import compiler

HEAD = """
void _run_mon_stateupdater_codeobject()
{
    using namespace brian;
    ///// CONSTANTS ///////////
    const int64_t N = 3200;
    const size_t _numv = 3200;
    ///// POINTERS ////////////

    double* __restrict  _ptr_array_mon_v = _array_mon_v;
    double*   _ptr_array_mon_a = _array_mon_a;

"""
OVER_ALL = "const int _N = N;\n    for(int _idx=0; _idx<_N; _idx++)\n    {\n%s\n    }\n}\n"
OWN = "_ptr_array_mon_v[_idx] = _ptr_array_mon_v[_idx] + _ptr_array_mon_a[0];"
FIRED = """
    long _count = 0;
    for(size_t _idx=0; _idx<N; _idx++)
    {
        const char _cond = _ptr_array_mon_v[_idx] > 0;
        if(_cond) {
            _ptr_array_mon__spikespace[_count++] = _idx;
        }
    }
    _ptr_array_mon__spikespace[N] = _count;
}
"""
RESET = """
    const int32_t *_events = _ptr_array_mon__spikespace;
    const int32_t _num_events = _ptr_array_mon__spikespace[N];
    for(int32_t _index_events=0; _index_events<_num_events; _index_events++)
    {
        const size_t _idx = _events[_index_events];
        _ptr_array_mon_v[_idx] = 0;
    }
}
"""


def test_what_a_piece_does_is_read_from_its_code():
    loop = read(HEAD + OVER_ALL % OWN)
    assert (loop.size, loop.touched) == (3200, {"_array_mon_v", "_array_mon_a"})
    assert (loop.written, loop.shared) == ({"_array_mon_v"}, {"_array_mon_a"})
    fired, reset = read(HEAD + FIRED), read(HEAD + RESET)
    assert fired.finds == reset.takes == "_array_mon__spikespace"
    assert [len(found.pieces) for found in join([loop, fired, reset])] == [3]
    # events of the step before: the reset comes before its threshold
    assert [len(found.pieces) for found in join([loop, reset, fired])] == [1, 1, 1]


@pytest.mark.parametrize(
    "body",
    [
        "_ptr_array_mon_S[_postsynaptic_idx] += _ptr_array_mon_w[_idx];",  # a sum
        "_ptr_array_mon_S[0] = _ptr_array_mon_w[_idx];",
        "_ptr_array_mon_v[_idx] = _ptr_array_mon_v[_other_idx];",  # before or after its turn
        "_ptr_array_mon_v[_idx] = _rand(_vectorisation_idx);",  # a sequence
        "_ptr_array_mon_v[_idx] = 1; store(_ptr_array_mon_v, _idx);",  # who knows
        "_ptr_array_mon_v[_ptr_array_mon_to[_idx]] = 1;",
    ],
)
def test_elements_that_depend_on_each_other_stay_alone(body):
    assert read(HEAD + OVER_ALL % body).size == 0
    assert read(HEAD + OVER_ALL % OWN).size == 3200


def test_a_threshold_of_an_unknown_form_stays_as_it_is():
    piece = read(HEAD + FIRED.replace("_count++", "_count += 1"))
    assert piece.size == 0 and not is_better(join([piece])[0], is_shared=True)


# pieces of a toy language: what they do to arrays of six cells

N, ARRAYS = 6, "abcd"


@st.composite
def toys(draw) -> list[Piece]:
    """Steps of pieces that write one array from their own element, or from those of others."""
    steps = []
    for k in range(draw(st.integers(2, 9))):
        to, own, other = (draw(st.sampled_from(ARRAYS)) for _ in range(3))
        kind = draw(st.sampled_from(["own", "shared", "gather"]))
        touched, written = {to, own, other}, frozenset({to})
        # "shared" reads element 0 of another array, "gather" the neighbours': no piece for a pass
        is_own = kind == "own" or (kind == "shared" and other != to)
        shared = frozenset({other} if kind == "shared" else ())
        touched = frozenset({to, own} if kind == "own" else touched)
        every = draw(st.sampled_from([1, 1, 1, 2]))
        name = f"{k} {kind} {to} {own} {other}"
        steps.append(Piece(name, every, touched, written, N if is_own else 0, shared))
    return steps


def do(piece: Piece, arrays: dict, cells: slice) -> None:
    k, kind, to, own, other = piece.function.split()
    mine = arrays[own][cells] * (2 + int(k))
    if kind == "shared":
        mine = mine + arrays[other][0]
    if kind == "gather":
        mine = mine + np.roll(arrays[other], 1)[cells]
    arrays[to][cells] = mine + arrays[to][cells] % 7 + 1


@settings(max_examples=300, deadline=None)
@given(toys())
def test_any_step_gives_the_same_after_joining(steps):
    """Also where a pass is done in chunks, and the last of them first."""
    start = {name: np.arange(N) * (3 + n) + n for n, name in enumerate(ARRAYS)}
    plain = {name: array.copy() for name, array in start.items()}
    for piece in steps:
        do(piece, plain, slice(0, N))
    passes = join(steps)
    assert sorted(p.function for f in passes for p in f.pieces) == sorted(p.function for p in steps)
    joined = {name: array.copy() for name, array in start.items()}
    for found in passes:
        assert len({piece.every for piece in found.pieces}) == 1
        chunks = [slice(4, 6), slice(0, 2), slice(2, 4)] if found.size else [slice(0, N)]
        for cells in chunks:
            for piece in found.pieces:
                do(piece, joined, cells)
    for name in ARRAYS:
        np.testing.assert_array_equal(joined[name], plain[name])


@pytest.mark.compiler
@pytest.mark.parametrize("n", [1, 7, 63, 64, 65, 200])
def test_thresholds_find_the_same_cells(tmp_path, n):
    """Few, many, all or none of them; also where the last chunk is not full."""
    find = FIND.format(test="const char _cond = v[_idx] > 0;", space="_spikespace")
    (tmp_path / "fire.cpp").write_text(
        f"""
        #include <cstdint>
        #include <cstdio>
        #include <cstring>
        int main() {{
            const size_t _begin = 0, _end = {n};
            double v[{n}]; int32_t _spikespace[{n} + 1];
            while (fread(v, 8, {n}, stdin) == {n}) {{
                int32_t _count = 0;
                {find}
                for (int k = 0; k < _count; k++) printf("%d ", _spikespace[k]);
                printf("\\n");
            }}
        }}"""
    )
    subprocess.run([compiler(), "-O1", "fire.cpp", "-o", "fire"], cwd=tmp_path, check=True)
    v = np.random.default_rng(n).normal(size=(20, n)) - np.linspace(-3, 3, 20)[:, None]
    ran = subprocess.run([tmp_path / "fire"], input=v.tobytes(), capture_output=True, check=True)
    found = [[int(word) for word in line.split()] for line in ran.stdout.decode().splitlines()]
    assert found == [np.flatnonzero(row > 0).tolist() for row in v]
