"""The input tube against its definition, cell by cell and step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cube.metrics import tube as tube_module
from models.cube.metrics.tube import Tube, check_spikes, chunks, spike_slices

EMPTY = np.zeros(0, dtype=int)


def literal_tube(tube: Tube, t: int) -> set[int]:
    """Lattice indices of Tube(t), by the definition."""
    cells = set()
    for z in range(tube.depth):
        for tau in range(z, z + tube.reach_back + 1):
            if t - tau < 0 or not tube.shown[t - tau]:
                continue
            for dx, dy in zip(tube.dot_x[t - tau], tube.dot_y[t - tau], strict=True):
                for y in range(tube.n):
                    for x in range(tube.n):
                        if max(abs(x - dx), abs(y - dy)) <= tube.radius:
                            cells.add((z * tube.n + y) * tube.n + x)
    return cells


def every_cell(tube: Tube, first: int, stop: int):
    """A spike of every cell at every step."""
    step = np.repeat(np.arange(first, stop), tube.n_cells)
    return np.tile(np.arange(tube.n_cells), stop - first), step


def random_tube(seed, n=4, depth=3, radius=1, reach_back=2, n_steps=14, k=1) -> Tube:
    """Dots that jump at random, with the input off at random steps."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, n, (2, n_steps, k))
    return Tube(n, depth, radius, reach_back, x, y, rng.random(n_steps) < 0.7)


def still_dot(n_steps=10, n=5, depth=4, radius=0, reach_back=0, shown=None) -> Tube:
    at = np.full((n_steps, 1), 2)
    shown = np.ones(n_steps, dtype=bool) if shown is None else shown
    return Tube(n, depth, radius, reach_back, at, at, shown)


@pytest.mark.parametrize("at_once", [1, 3, 256])
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    depth=st.integers(1, 4),
    radius=st.integers(0, 5),
    reach_back=st.integers(0, 4),
    k=st.integers(1, 3),
)
def test_inside_sizes_and_chance_are_the_definition(at_once, seed, depth, radius, reach_back, k):
    tube = random_tube(seed, 4, depth, radius, reach_back, 10, k)
    first, stop = seed % 4, 10
    literal = [literal_tube(tube, t) for t in range(first, stop)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tube_module, "STEPS_AT_ONCE", at_once)
        patch.setattr(tube_module, "SPIKES_AT_ONCE", 7 * at_once)
        index, step = every_cell(tube, first, stop)
        expected = [i in literal[t - first] for i, t in zip(index, step, strict=True)]
        assert tube.inside(index, step).tolist() == expected
        assert tube.sizes(first, stop).tolist() == [len(cells) for cells in literal]
    mean = np.mean([len(cells) for cells in literal]) / tube.n_cells
    assert tube.chance(first, stop) == pytest.approx(mean)


def test_a_flash_is_heard_one_layer_a_step_and_for_the_reach_back():
    shown = np.zeros(10, dtype=bool)
    shown[3] = True
    tube = still_dot(shown=shown, reach_back=1)
    index, step = every_cell(tube, 0, 10)
    inside = tube.inside(index, step)
    z, pixel = np.divmod(index[inside], 25)
    assert set(pixel) == {12}
    heard = sorted(zip(step[inside].tolist(), z.tolist(), strict=True))
    assert heard == [(3, 0), (4, 0), (4, 1), (5, 1), (5, 2), (6, 2), (6, 3), (7, 3)]
    assert tube.sizes(0, 10).tolist() == [0, 0, 0, 1, 2, 2, 2, 1, 0, 0]


def test_the_tube_fills_at_the_start_and_stays_while_the_dot_does():
    tube = still_dot(radius=1)
    assert tube.sizes(0, 6).tolist() == [9, 18, 27, 36, 36, 36]
    assert tube.chance(3, 6) == 0.36


def test_the_square_is_cut_off_at_the_border():
    corner = np.zeros((1, 1), dtype=int)
    tube = Tube(5, 1, 2, 0, corner, corner, np.ones(1, dtype=bool))
    assert tube.sizes(0, 1).tolist() == [9]
    index, step = every_cell(tube, 0, 1)
    assert index[tube.inside(index, step)].tolist() == [0, 1, 2, 5, 6, 7, 10, 11, 12]


def test_rows_and_columns_are_not_exchanged():
    tube = Tube(5, 1, 0, 0, np.array([[4]]), np.array([[1]]), np.ones(1, dtype=bool))
    index, step = every_cell(tube, 0, 1)
    assert index[tube.inside(index, step)].tolist() == [1 * 5 + 4]


def test_an_unshown_step_does_not_extend_the_tube_and_its_place_is_not_looked_at():
    shown = np.array([True, False, False])
    x = np.array([[1], [-1], [99]])
    tube = Tube(3, 1, 0, 1, x, x, shown)
    assert tube.sizes(0, 3).tolist() == [1, 1, 0]


def test_dots_on_one_pixel_are_one():
    x = np.full((4, 3), 1)
    one = Tube(4, 2, 1, 1, x[:, :1], x[:, :1], np.ones(4, dtype=bool))
    three = Tube(4, 2, 1, 1, x, x, np.ones(4, dtype=bool))
    assert three.sizes(0, 4).tolist() == one.sizes(0, 4).tolist()


def test_large_cube_late_in_a_run_needs_no_path_from_the_start():
    n, n_steps = 96, 40_000
    x = (np.arange(n_steps)[:, None] // 8) % n
    tube = Tube(n, n, 3, 32, x, x, np.ones(n_steps, dtype=bool))
    # The dot stands at 7; 32 steps before at 3; 95 steps before (and 32 more) at 92 (and 88).
    column = np.array([7, 0, 10, 11, 95, 85, 84, 7])
    z = np.array([0, 0, 0, 0, 95, 95, 95, 95])
    inside = tube.inside((z * n + column) * n + column, np.full(8, n_steps - 1))
    assert inside.tolist() == [True, True, True, False, True, True, False, False]
    assert 0.0 < tube.chance(n_steps - 5, n_steps) < 0.05


def test_no_spikes_and_no_steps():
    tube = still_dot()
    assert tube.inside(EMPTY, EMPTY).shape == (0,)
    assert tube.sizes(4, 4).shape == (0,)
    assert np.isnan(tube.chance(4, 4))


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.uint32])
def test_any_integers_will_do(dtype):
    tube = random_tube(5)
    index, step = every_cell(tube, 2, 9)
    same = tube.inside(index.astype(dtype), step.astype(dtype))
    assert same.tolist() == tube.inside(index, step).tolist()


@pytest.mark.parametrize(
    ("index", "step", "error"),
    [
        ([0], [10], ValueError),  # beyond the path
        ([100], [0], ValueError),  # beyond the cube
        ([-1], [0], ValueError),
        ([0], [-1], ValueError),
        ([0, 0], [3, 2], ValueError),  # not ascending
        ([0, 0], [3], ValueError),
        ([0], [0.5], TypeError),
    ],
)
def test_spikes_that_cannot_be_are_refused(index, step, error):
    with pytest.raises(error):
        still_dot().inside(index, step)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"n": 0}, ValueError),
        ({"radius": -1}, ValueError),
        ({"reach_back": -1}, ValueError),
        ({"dot_x": np.full((4, 1), 5)}, ValueError),
        ({"dot_x": np.full((4, 1), -1)}, ValueError),
        ({"dot_x": np.full((4, 2), 1)}, ValueError),
        ({"dot_x": np.full((4, 1), 1.0)}, TypeError),
        ({"shown": np.ones(4, dtype=int)}, TypeError),
        ({"shown": np.ones(5, dtype=bool)}, ValueError),
    ],
)
def test_tubes_that_cannot_be_are_refused(changes, error):
    at = np.ones((4, 1), dtype=int)
    values = {"n": 5, "depth": 2, "radius": 1, "reach_back": 1, "dot_x": at, "dot_y": at}
    values["shown"] = np.ones(4, dtype=bool)
    Tube(**values)
    with pytest.raises(error):
        Tube(**values | changes)


def test_sizes_of_steps_beyond_the_path_are_refused():
    for first, stop in ((0, 11), (-1, 3), (5, 4)):
        with pytest.raises(ValueError, match="not within"):
            still_dot().sizes(first, stop)


def test_slices_cover_the_steps_once():
    step = np.array([0, 0, 1, 1, 1, 4, 5])
    taken = [list(range(7))[part] for part in spike_slices(step, 1, 5, 2)]
    assert taken == [[2, 3], [4, 5]]
    assert list(chunks(3, 8, 2)) == [(3, 5), (5, 7), (7, 8)]


def test_large_arrays_are_not_copied():
    step = np.arange(5, dtype=np.int32)
    assert check_spikes(step, step, 5)[1] is step
