"""The moving dots: worked examples, and NumPy against the equations that the networks run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.experiment.network import Session
from models.cube.params import CubeParams, LocalParams
from models.cube.simulation import Simulation, without_input
from stimuli import dots as d
from stimuli.dots import DotParams, Launch, dot_path
from tests.cube.bench import Bench

N = 8


def positions(path, dot=0):
    return list(zip(path.x[:, dot].tolist(), path.y[:, dot].tolist(), strict=True))


def test_a_dot_bounces_along_a_closed_loop():
    start = Launch.of((2, 0, 1, 1))
    path = dot_path(DotParams(stimulus="orbit"), N, 1, 15, 0, shown_at_launch=True, start=start)
    assert positions(path) == [
        *((2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 5), (6, 6), (5, 7)),
        *((4, 6), (3, 5), (2, 4), (1, 3), (0, 2), (1, 1), (2, 0)),
    ]


def test_a_dot_moves_every_ratio_steps_and_is_first_seen_after_a_move():
    start = Launch.of((2, 0, 1, 1))
    path = dot_path(DotParams(stimulus="orbit"), N, 3, 7, 0, shown_at_launch=False, start=start)
    assert positions(path) == [(3, 1)] * 3 + [(4, 2)] * 3 + [(5, 3)]
    assert path.move.tolist() == [1, 1, 1, 2, 2, 2, 3]


def test_the_target_lies_ahead_on_the_path():
    path = dot_path(DotParams(stimulus="orbit"), N, 1, 30, 3, shown_at_launch=True, ahead=4)
    np.testing.assert_array_equal(path.next_x[:-4], path.x[4:])
    np.testing.assert_array_equal(path.next_y[:-4], path.y[4:])


def test_an_unseen_dot_waits_or_moves_on():
    waits = DotParams(stimulus="orbit", off_from=(4,), off_to=(6,), dot_when_off="stop")
    moves_on = DotParams(stimulus="orbit", off_from=(4,), off_to=(6,))
    always = dot_path(DotParams(stimulus="orbit"), N, 1, 20, 1, shown_at_launch=True)
    one, other = (dot_path(p, N, 1, 20, 1, shown_at_launch=True) for p in (waits, moves_on))
    assert one.shown.tolist() == other.shown.tolist() == [True] * 3 + [False] * 3 + [True] * 14
    assert positions(one)[2:6] == positions(always)[2:3] * 4
    assert positions(one)[6:] == positions(always)[3:17]
    assert positions(other) == positions(always)


def test_launches_start_at_an_edge_inwards():
    for number in range(200):
        start = d.launch(DotParams(speed=2), 9, 5, number)
        x, y, vx, vy = (int(v[0]) for v in (start.x, start.y, start.vx, start.vy))
        inwards = [(x == 0, vx == 2), (x == 8, vx == -2), (y == 0, vy == 2), (y == 8, vy == -2)]
        assert any(at and goes for at, goes in inwards)
        assert sorted(map(abs, (vx, vy))) == [1, 2]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(3, 50), number=st.integers(0, 10**6), at=st.integers(0, 200),
    speed=st.integers(1, 2),
)  # fmt: skip
def test_a_dot_never_leaves_its_loop(n, number, at, speed):
    start = d.on_loop(number % d.period(n), at, n, speed)
    path = dot_path(
        DotParams(stimulus="orbit"), n, 1, 2 * d.period(n), 0, shown_at_launch=True, start=start
    )
    x, y = path.x[:, 0], path.y[:, 0]
    np.testing.assert_array_equal(x[: d.period(n)], x[d.period(n) :])
    vx, vy = np.diff(path.x[:, 0]), np.diff(path.y[:, 0])
    inside = (x[:-1] > 0) & (x[:-1] < n - 1) & (y[:-1] > 0) & (y[:-1] < n - 1)
    inside &= (np.abs(vx) == speed) & (np.abs(vy) == speed)
    later = Launch(x[:-1][inside], y[:-1][inside], vx[inside], vy[inside])
    assert set(d.loop_number(later, n).tolist()) <= set(d.loop_number(start, n).tolist())


@pytest.mark.parametrize("n", [8, 9, 24, 48])
@pytest.mark.parametrize("every", [2, 3, 4, 7])
def test_training_never_launches_on_a_held_out_loop(n, every):
    p = DotParams(held_out_every=every, dots=2)
    free = DotParams(dots=2)
    assert not any(d.is_held_out(d.launch(p, n, 1, k), n, every).any() for k in range(400))
    assert any(d.is_held_out(d.launch(free, n, 1, k), n, every).any() for k in range(400))


def test_mirror_and_reverse_are_what_they_say():
    start = d.launch(DotParams(stimulus="orbit"), N, 4)
    orbit, mirror, reverse = (
        dot_path(DotParams(stimulus=s), N, 1, d.period(N) + 1, 4, shown_at_launch=True)
        for s in ("orbit", "mirror", "reverse")
    )
    assert positions(orbit)[0] == (int(start.x[0]), int(start.y[0]))
    np.testing.assert_array_equal(mirror.x, N - 1 - orbit.x)
    np.testing.assert_array_equal(mirror.y, orbit.y)
    assert positions(reverse) == positions(orbit)[::-1]


CASES = {
    "orbit": dict(stimulus="orbit"),
    "relaunch": dict(stimulus="relaunch", relaunch_every=5),
    "held out": dict(stimulus="relaunch", relaunch_every=3, held_out_every=2),
    "mirror": dict(stimulus="mirror"),
    "reverse": dict(stimulus="reverse"),
    "three dots": dict(stimulus="relaunch", relaunch_every=7, dots=3),
    "fast": dict(stimulus="relaunch", relaunch_every=6, speed=3, speed_t=2),
    "off, moves on": dict(stimulus="relaunch", relaunch_every=4, off_from=(20,), off_to=(31,)),
    "off, stops": dict(
        stimulus="relaunch", relaunch_every=4, off_from=(20, 60), off_to=(31, 64),
        dot_when_off="stop",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_equations_move_the_dots_as_numpy_does(case):
    """What lights the retina is the path, step by step, in blocks that end anywhere."""
    p, n_steps = DotParams(**CASES[case]), 90
    bench = Bench(LocalParams(n=9, sigma_noise=0, seed=7), p)
    path = dot_path(p, 9, 1, n_steps, 7, shown_at_launch=True)
    state, lit = bench.start(None), []
    for first, stop in ((0, 17), (17, 50), (50, n_steps)):
        block = bench.block(state, first, stop - first)
        lit += zip(
            block.spikes["retina"].step.tolist(), block.spikes["retina"].index.tolist(), strict=True
        )
        state = block.state
    expected = {
        (t, int(y * 9 + x))
        for t in range(n_steps)
        for x, y in zip(path.x[t], path.y[t], strict=True)
        if path.shown[t]
    }
    assert set(lit) == expected


@pytest.mark.parametrize("ratio", [2, 8])
def test_the_equations_move_the_dots_every_ratio_steps(ratio):
    p = DotParams(stimulus="relaunch", relaunch_every=4, dots=2)
    bench = Bench(LocalParams(n=9, sigma_noise=0, seed=3, ratio=ratio), p)
    path = dot_path(p, 9, ratio, 100, 3, shown_at_launch=True)
    block = bench.block(bench.start(None), 0, 100)
    where = {
        (t, int(y * 9 + x)) for t in range(100) for x, y in zip(path.x[t], path.y[t], strict=True)
    }
    spikes = block.spikes["retina"]
    assert set(zip(spikes.step.tolist(), spikes.index.tolist(), strict=True)) == where


def test_a_cube_sees_as_many_times_without_input_as_it_is_told_of():
    """Two of them within one block and within one move."""
    p = DotParams(stimulus="orbit", off_from=(9, 13, 20), off_to=(10, 14, 41))
    params = CubeParams(n=6, L=3, ratio=8, steps=64)
    path = dot_path(p, 6, 8, 64, 0, shown_at_launch=False)
    with Simulation(params, p, Session("numpy")) as sim:
        lit = [
            s
            for b, _ in sim.blocks(sim.initial_state(), 0, 64, learn=True)
            for s in b.spikes["retina"].step
        ]
    assert sorted(lit) == np.flatnonzero(path.shown).tolist()


def test_removing_the_input_leaves_no_other_window():
    p = without_input(DotParams(off_from=(9, 70), off_to=(10, 90)), 64, 128)
    assert (p.off_from, p.off_to, p.dot_when_off) == ((65,), (128,), "continue")
