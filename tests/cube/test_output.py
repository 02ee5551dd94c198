"""Output metrics against sets of pixels, hand-made cases and their definitions."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cube.metrics import output
from models.cube.metrics.output import (
    chance_iou,
    copy_iou,
    defined_mean,
    expected_lag,
    hits,
    lagged_iou,
    learning_times,
    plane_spikes,
    recall,
    relearning_speed_up,
    running_mean,
    step_iou,
    target_pixels,
)

EMPTY = np.zeros(0, dtype=int)


def columns(*values):
    """One dot: coordinates as (n_steps, 1)."""
    return np.array(values)[:, None]


def spikes(*pixels_of_step):
    """Output of every step as a tuple of pixels -> pixel, step."""
    pairs = [(p, t) for t, pixels in enumerate(pixels_of_step) for p in pixels]
    return tuple(np.array(pairs, dtype=int).reshape(-1, 2).T)


def random_output(seed, n, n_steps, rate):
    step, pixel = np.nonzero(np.random.default_rng(seed).random((n_steps, n * n)) < rate)
    return pixel, step


def random_targets(seed, n, n_steps, k):
    """K dots a step, each there in two of three steps."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, n, (2, n_steps, k))
    away = rng.random((n_steps, k)) < 1 / 3
    return np.where(away, -1, x), np.where(away, -1, y)


def sets_of(pixel, row, n_rows):
    return [set(pixel[row == t].tolist()) for t in range(n_rows)]


def target_sets(x, y, n):
    return [
        {int(b * n + a) for a, b in zip(xs, ys, strict=True) if a >= 0}
        for xs, ys in zip(x, y, strict=True)
    ]


def literal_iou(a, b):
    return len(a & b) / len(a | b) if a | b else np.nan


@pytest.mark.parametrize("pixels_at_once", [1, 40, 10**6])
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.1, 0.6]), st.integers(1, 3))
def test_step_iou_is_the_definition(pixels_at_once, seed, rate, k):
    n, n_steps = 3, 15
    pixel, step = random_output(seed, n, n_steps + 2, rate)
    x, y = random_targets(seed, n, n_steps, k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "PIXELS_AT_ONCE", pixels_at_once)
        got = step_iou(pixel, step, x, y, n)
    fired, wanted = sets_of(pixel, step, n_steps), target_sets(x, y, n)
    expected = [literal_iou(a, b) for a, b in zip(fired, wanted, strict=True)]
    assert np.array_equal(got.iou, expected, equal_nan=True)
    assert got.n_output.tolist() == [len(a) for a in fired]
    assert got.n_target.tolist() == [len(b) for b in wanted]
    assert got.n_undefined == np.isnan(expected).sum()


def test_step_iou_by_hand():
    # n = 3, target pixel 5 = (x 2, y 1); step 3 has no target.
    got = step_iou(*spikes([5], [5, 4], [4], [0], [], []), columns(2, 2, 2, -1, 2, -1),
                   columns(1, 1, 1, -1, 1, -1), 3)  # fmt: skip
    assert np.array_equal(got.iou, [1, 0.5, 0, 0, 0, np.nan], equal_nan=True)
    assert got.n_undefined == 1
    assert got.mean == 1.5 / 5


def test_silence_without_a_target_is_not_success():
    off = np.full((4, 2), -1)
    got = step_iou(EMPTY, EMPTY, off, off, 3)
    assert got.n_undefined == 4 and np.isnan(got.mean)


def test_dots_on_one_pixel_are_one_target():
    x = np.array([[2, 2, 0]])
    got = step_iou(*spikes([5, 3]), x, np.array([[1, 1, 1]]), 3)
    assert got.iou.tolist() == [1.0] and got.n_target.tolist() == [2]


def test_a_pixel_that_fires_twice_counts_once():
    got = step_iou(np.array([5, 5]), np.array([0, 0]), columns(2), columns(1), 3)
    assert got.iou.tolist() == [1.0]


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        ([[3]], [[0]], ValueError),
        ([[-2]], [[0]], ValueError),
        ([[-1]], [[0]], ValueError),
        ([0], [0], ValueError),
        ([[0, 1]], [[0]], ValueError),
        ([[0.0]], [[0]], TypeError),
    ],
)
def test_targets_that_cannot_be_are_refused(x, y, error):
    with pytest.raises(error):
        target_pixels(x, y, 3)


def test_plane_spikes_are_pixels_of_one_layer():
    index, step = np.array([0, 8, 9, 17, 18]), np.arange(5)
    pixel, when = plane_spikes(index, step, 3, 1)
    assert pixel.tolist() == [0, 8] and when.tolist() == [2, 3]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), max_size=30),
    st.integers(1, 12),
)
def test_running_mean_is_the_definition(values, width):
    got = running_mean(values, width)
    for t in range(len(values)):
        window = [v for v in values[max(0, t - width + 1) : t + 1] if not np.isnan(v)]
        if t + 1 < width or not window:
            assert np.isnan(got[t])
        else:
            assert got[t] == pytest.approx(np.mean(window))


def test_running_mean_wants_a_width():
    with pytest.raises(ValueError, match="width"):
        running_mean([1.0], 0)


def test_learning_times_by_hand():
    iou = np.zeros(300)
    iou[100:] = 1.0  # after 100 + k steps the mean is k / 50
    assert learning_times(iou) == {0.5: 125, 0.8: 140, 0.9: 145}
    times = learning_times(iou[:140])
    assert times[0.8] == 140 and np.isnan(times[0.9])
    assert learning_times(np.ones(60))[0.9] == 50
    assert np.isnan(list(learning_times(np.ones(49)).values())).all()
    assert np.isnan(list(learning_times(np.full(80, np.nan)).values())).all()


def test_a_level_reached_once_counts_though_it_is_lost():
    iou = np.concatenate([np.ones(50), np.zeros(100)])
    assert learning_times(iou)[0.9] == 50


def test_relearning_speed_up():
    iou = np.concatenate([np.zeros(160), np.ones(40), np.full(30, np.nan), np.ones(100)])
    assert relearning_speed_up(iou, 200, 230) == 200 / 50
    assert np.isnan(relearning_speed_up(iou, 199, 230))  # the level is not reached before
    assert np.isnan(relearning_speed_up(iou, 200, 300))  # nor after
    with pytest.raises(ValueError, match="pause"):
        relearning_speed_up(iou, 230, 200)


@pytest.mark.parametrize("n_output", range(5))
@pytest.mark.parametrize("n_target", range(5))
def test_chance_is_the_mean_over_all_sets_of_that_size(n_output, n_target):
    target = set(range(n_target))
    drawn = [literal_iou(set(o), target) for o in combinations(range(4), n_output)]
    got = chance_iou([n_output], [n_target], 4)
    if n_output == n_target == 0:
        assert np.isnan(got[0])
    else:
        assert got[0] == pytest.approx(np.mean(drawn))


def test_chance_keeps_the_shape():
    got = chance_iou(np.array([[1, 0], [2, 1]]), 1, 2304)
    assert got == pytest.approx(np.array([[1, 0], [1, 1]]) / 2304)
    assert chance_iou(EMPTY, EMPTY, 4).shape == (0,)


def test_a_copy_of_a_moving_dot_scores_zero_and_of_a_still_one_full():
    x = columns(0, 1, 2, 2, 2)
    assert copy_iou(x, x, 3) == 0.5
    assert copy_iou(x, x, 3, horizon=2) == pytest.approx(1 / 3)
    assert copy_iou(x[:3], x[:3], 3) == 0
    off = np.full((3, 1), -1)
    assert np.isnan(copy_iou(off, off, 3)) and np.isnan(copy_iou(x[:1], x[:1], 3))
    with pytest.raises(ValueError, match="horizon"):
        copy_iou(x, x, 3, horizon=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 3), st.integers(1, 4))
def test_copy_is_the_definition(seed, k, horizon):
    x, y = random_targets(seed, 2, 12, k)
    sets = target_sets(x, y, 2)
    expected = [literal_iou(a, b) for a, b in zip(sets, sets[horizon:], strict=False)]
    assert copy_iou(x, y, 2, horizon) == pytest.approx(defined_mean(expected), nan_ok=True)


@pytest.mark.parametrize("pixels_at_once", [1, 10**6])
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3))
def test_hits_are_the_definition(pixels_at_once, seed, k, radius, first):
    n, n_rows = 4, 10
    pixel, row = random_output(seed, n, n_rows, 0.1)
    x, y = random_targets(seed, n, n_rows, k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "PIXELS_AT_ONCE", pixels_at_once)
        got = hits(pixel, row, x, y, n, radius, first)

    def near(p, a, b):
        return max(abs(p % n - a), abs(p // n - b)) <= radius

    fired = sets_of(pixel, row, n_rows)
    hit = [[] for _ in range(k)]
    precise = []
    for t in range(first, n_rows):
        dots = [(j, a, b) for j, (a, b) in enumerate(zip(x[t], y[t], strict=True)) if a >= 0]
        for j, a, b in dots:
            hit[j].append(any(near(p, a, b) for p in fired[t]))
        precise += [any(near(p, a, b) for _, a, b in dots) for p in fired[t]]
    assert got.hit_rate == pytest.approx(defined_mean(sum(hit, [])), nan_ok=True)
    assert got.hit_rate_of_dot == pytest.approx([defined_mean(h) for h in hit], nan_ok=True)
    assert got.precision == pytest.approx(defined_mean(precise), nan_ok=True)


def test_hits_of_several_dots_by_hand():
    x, y = np.array([[0, 2], [0, -1]]), np.array([[0, 2], [1, -1]])
    got = hits(*spikes([0, 4], [8]), x, y, 3)
    assert got.hit_rate_of_dot.tolist() == [0.5, 0.0]
    assert got.hit_rate == pytest.approx(1 / 3)
    assert got.precision == pytest.approx(1 / 3)
    assert hits(*spikes([0, 4], [8]), x, y, 3, radius=1).hit_rate_of_dot.tolist() == [0.5, 1.0]
    nothing = hits(EMPTY, EMPTY, x, y, 3)
    assert nothing.hit_rate == 0 and np.isnan(nothing.precision)


def loop(n, n_moves, k=1):
    """A bouncing dot (or several), one row a move."""
    move = np.arange(n_moves)[:, None] + 5 * np.arange(k)
    x = (n - 1) - np.abs((n - 1) - move % (2 * n - 2))
    y = (n - 1) - np.abs((n - 1) - (move + 3) % (2 * n - 2))
    return x, y


def delayed_copy(x, y, n, delay, ratio):
    """Back-plane spikes that show each dot once, `delay` moves late."""
    move = np.arange(delay, len(x))
    pixel = y[move - delay] * n + x[move - delay]
    return pixel.ravel(), np.repeat(move * ratio + 3, x.shape[1])


@pytest.mark.parametrize("k", [1, 2])
def test_lagged_iou_finds_the_delay_of_the_cube(k):
    n, ratio = 12, 8
    x, y = loop(n, 200, k)
    pixel, step = delayed_copy(x, y, n, 5, ratio)
    got = lagged_iou(pixel, step, x, y, n, ratio=ratio, depth=48, first_move=50)
    assert (got.best_iou, got.best_lag, got.expected_lag) == (1, 5, 5)
    assert got.iou_of_lag.shape == (26,)
    assert got.hit_rate == got.precision == 1
    assert got.hit_rate_of_dot.tolist() == [1] * k
    assert got.n_undefined == 0


def test_blurred_output_lowers_the_overlap_but_not_the_hits():
    n = 12
    x, y = loop(n, 100)
    pixel, step = delayed_copy(x, y, n, 2, 8)
    beside = np.where(pixel % n < n - 1, pixel + 1, pixel - 1)
    pixel, step = np.stack([pixel, beside], 1).ravel(), np.repeat(step, 2)
    got = lagged_iou(pixel, step, x, y, n, ratio=8, depth=24, first_move=10)
    assert (got.best_iou, got.best_lag) == (0.5, 2)
    assert got.hit_rate == got.precision == 1
    far = np.where(pixel == beside.repeat(2), (pixel + n * n // 2) % (n * n), pixel)
    order = np.argsort(step, kind="stable")
    got = lagged_iou(far[order], step[order], x, y, n, ratio=8, depth=24, first_move=10)
    assert got.hit_rate == 1 and got.precision < 0.6


@pytest.mark.parametrize("pixels_at_once", [1, 10**6])
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([1, 2]), st.integers(0, 4), st.sampled_from([0, 0.1]))
def test_lagged_iou_is_the_definition(pixels_at_once, seed, group, first, rate):
    n, ratio, n_moves = 4, 60, 8  # lags 0 to 3
    pixel, step = random_output(seed, n, ratio * n_moves, rate / 20)
    x, y = random_targets(seed, n, n_moves, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "PIXELS_AT_ONCE", pixels_at_once)
        got = lagged_iou(pixel, step, x, y, n, ratio=ratio, depth=3, group=group, first_move=first)

    def cell(p):
        return p // n // group * (n // group) + p % n // group

    fired = [{cell(p) for p in a} for a in sets_of(pixel, step // ratio, n_moves)]
    wanted = [{cell(p) for p in b} for b in target_sets(x, y, n)]
    expected = [
        [literal_iou(fired[k], wanted[k - lag]) for k in range(max(first, lag), n_moves)]
        for lag in range(4)
    ]
    means = [defined_mean(values) for values in expected]
    assert got.iou_of_lag == pytest.approx(means, nan_ok=True)
    best = int(np.nanargmax(means))
    assert got.best_iou == pytest.approx(means[best])
    assert got.n_undefined == np.isnan(expected[int(got.best_lag)]).sum()
    side, moves = n // group, range(max(first, best), n_moves)
    precise = [
        any(
            max(abs(p % side - q % side), abs(p // side - q // side)) <= 1 for q in wanted[k - best]
        )
        for k in moves
        for p in fired[k]
    ]
    assert got.precision == pytest.approx(defined_mean(precise), nan_ok=True)


def test_groups_are_judged_on_their_own_map():
    n = 12
    x, y = loop(n, 100)
    pixel, step = delayed_copy(x, y, n, 2, 8)
    same_group = pixel // n // 4 * 4 * n + pixel % n // 4 * 4  # the first pixel of the group
    fine = lagged_iou(same_group, step, x, y, n, ratio=8, depth=12, first_move=10)
    coarse = lagged_iou(same_group, step, x, y, n, ratio=8, depth=12, group=4, first_move=10)
    assert fine.best_iou < 0.5
    assert (coarse.best_iou, coarse.best_lag) == (1, 2)
    with pytest.raises(ValueError, match="divide"):
        lagged_iou(pixel, step, x, y, n, ratio=8, depth=12, group=5)


def test_lagged_iou_of_a_silent_plane():
    x, y = loop(6, 30)
    got = lagged_iou(EMPTY, EMPTY, x, y, 6, ratio=8, depth=6, first_move=26)
    assert (got.best_iou, got.best_lag, got.hit_rate) == (0, 0, 0)
    assert np.isnan(got.precision)
    off = np.full_like(x, -1)
    got = lagged_iou(EMPTY, EMPTY, off, off, 6, ratio=8, depth=6)
    assert np.isnan([got.best_iou, got.best_lag, got.hit_rate, got.precision]).all()
    assert got.n_undefined == 30


def test_expected_lag():
    assert [expected_lag(depth, 8) for depth in (48, 24, 16)] == [5, 2, 1]
    assert expected_lag(48, 1) == 47


def run_recall(pixels_of_step, n=6, ratio=1, k=1):
    n_steps = len(pixels_of_step)
    loop_x, loop_y = loop(n, 2 * n - 2, k)
    at = np.arange(n_steps) // ratio % len(loop_x)
    args = (loop_x[at], loop_y[at], loop_x, loop_y, n)
    return recall(*spikes(*pixels_of_step), *args, ratio=ratio)


def phantom(n, n_steps, ahead=0, ratio=1):
    x, y = loop(n, 2 * n - 2)
    at = (np.arange(n_steps) // ratio + ahead) % len(x)
    return [[int(p)] for p in (y * n + x)[at, 0]]


def test_perfect_recall():
    got = run_recall(phantom(6, 30))
    assert got.mean_iou == 1 and got.n_steps_held == 30
    assert (got.best_phase_hit, got.best_phase) == (1, 0)
    assert got.on_loop_fraction == 1 and got.output_per_step == 1
    n_loop = len({p for (p,) in phantom(6, 10)})
    assert got.on_loop_chance == n_loop / 36
    assert got.chance_of_step == pytest.approx(np.full(30, 1 / 36))


@pytest.mark.parametrize("ratio", [1, 4])
def test_recall_ahead_of_the_phantom_is_found_by_its_phase(ratio):
    got = run_recall(phantom(6, 40, ahead=3, ratio=ratio), ratio=ratio)
    assert (got.best_phase_hit, got.best_phase) == (1, 3)
    assert got.mean_iou < 0.5 and got.mean_phase_hit < 0.5


def test_recall_that_fades_holds_until_its_window_falls_to_five_times_chance():
    # A silent step has no chance, so one good step of ten is enough.
    assert run_recall(phantom(6, 20) + [[]] * 20).n_steps_held == 20
    # With one wrong pixel of 36 in each step, 5/36 of ten steps takes two good ones.
    wrong = [[(p + 18) % 36] for (p,) in phantom(6, 20)]
    got = run_recall(phantom(6, 20) + wrong)
    assert got.iou.tolist() == [1] * 20 + [0] * 20
    assert got.n_steps_held == 19


def test_recall_that_comes_back_does_not_count_as_held():
    got = run_recall([[]] * 20 + phantom(6, 20, ahead=20))
    assert got.n_steps_held == 0
    assert got.mean_iou == 0.5


def test_silence_recalls_nothing():
    got = run_recall([[]] * 25)
    assert got.mean_iou == got.n_steps_held == got.best_phase_hit == got.output_per_step == 0
    assert np.isnan(got.on_loop_fraction)
    assert run_recall([[]] * 5).n_steps_held == 0


def test_all_pixels_on_are_no_recall():
    got = run_recall([range(36)] * 25)
    assert got.n_steps_held == 0
    assert got.best_phase_hit == got.mean_phase_hit == 1
    assert got.on_loop_fraction == pytest.approx(got.on_loop_chance)


def test_recall_of_two_dots_is_shared_between_them():
    got = run_recall(phantom(6, 30), k=2)
    assert 0.5 <= got.best_phase_hit < 0.75
    assert got.mean_iou <= 0.6


def test_recall_of_no_steps_is_undefined():
    empty = np.zeros((0, 1), dtype=int)
    got = recall(EMPTY, EMPTY, empty, empty, *loop(6, 10), 6)
    undefined = (got.mean_iou, got.best_phase_hit, got.best_phase, got.output_per_step)
    assert np.isnan(undefined).all() and got.n_steps_held == 0


def test_a_loop_with_holes_is_refused():
    x, y = loop(6, 10)
    hole = x.copy()
    hole[2] = -1
    with pytest.raises(ValueError, match="both|loop"):
        recall(EMPTY, EMPTY, x, y, hole, np.where(hole < 0, -1, y), 6)
