"""Focus metrics against their definitions, hand-made cases and however a run is cut."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cube.lattice.trials import removal_steps
from models.cube.metrics import focus as focus_module
from models.cube.metrics.focus import (
    Activity,
    SpikeCounts,
    count_spikes,
    extinction,
    focus,
    input_correlation,
    link_matrix,
    received,
    share,
    spikes_per_step,
    survival,
)
from models.cube.metrics.tube import Tube
from models.cube.params import CubeParams
from models.cube.records import focus_window, judged_steps, kept_steps
from stimuli.dots import DotParams
from tests.cube.test_tube import EMPTY, literal_tube, random_tube


def random_spikes(seed, n_cells, n_steps, rate=0.2):
    """Steps and cells of Bernoulli spikes, in the order of a recording."""
    step, index = np.nonzero(np.random.default_rng(seed).random((n_steps, n_cells)) < rate)
    return index, step


def random_links(seed, n_cells, n_links):
    return np.random.default_rng(seed).integers(0, n_cells, (2, n_links))


def literal_kinds(tube, links, index, step, first, stop):
    """Spikes inside, of a wave and spontaneous, one by one."""
    fired = set(zip(index.tolist(), step.tolist(), strict=True))
    sources = {}
    for i, j in zip(*links.tolist(), strict=True):
        sources.setdefault(j, []).append(i)
    counts = {"inside": 0, "wave": 0, "spontaneous": 0}
    for i, t in fired:
        if not first <= t < stop:
            continue
        if i in literal_tube(tube, t):
            counts["inside"] += 1
        elif any((source, t - 1) in fired for source in sources.get(i, [])):
            counts["wave"] += 1
        else:
            counts["spontaneous"] += 1
    return counts


def as_dict(counts):
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in dataclasses.asdict(counts).items()
    }


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.02, 0.2, 0.7]), st.integers(0, 200))
def test_kinds_of_spikes_are_the_definition(seed, rate, n_links):
    tube = random_tube(seed, n=3, radius=0, reach_back=1)
    links = random_links(seed, tube.n_cells, n_links)
    index, step = random_spikes(seed, tube.n_cells, tube.n_steps, rate)
    first, stop = 3, 12
    counts = count_spikes(tube, link_matrix(*links, tube.n_cells), index, step, first, stop)
    literal = literal_kinds(tube, links, index, step, first, stop)
    assert int(counts.layer_inside.sum()) == literal["inside"]
    assert (counts.n_wave, counts.n_spontaneous) == (literal["wave"], literal["spontaneous"])
    assert counts.tube_size == sum(len(literal_tube(tube, t)) for t in range(first, stop))
    own = index[(step >= first) & (step < stop)]
    assert (counts.layer_inside + counts.layer_outside).tolist() == [
        int((own // 9 == z).sum()) for z in range(tube.depth)
    ]
    result = focus(counts, ratio=2)
    if own.size:
        total = result.ilf + result.wave_index + result.spontaneous_fraction
        assert total == pytest.approx(1)
    else:
        assert np.isnan([result.ilf, result.ili, result.wave_index]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.integers(2, 13))
def test_counts_do_not_depend_on_the_cut(seed, cut):
    tube = random_tube(seed, n=3, radius=0)
    links = link_matrix(*random_links(seed, tube.n_cells, 60), tube.n_cells)
    index, step = random_spikes(seed, tube.n_cells, tube.n_steps)
    whole = count_spikes(tube, links, index, step, 1, 14)
    parts = count_spikes(tube, links, index, step, 1, cut)
    late = step >= cut - 1  # a block with the step before it
    parts = parts + count_spikes(tube, links, index[late], step[late], cut, 14)
    assert as_dict(parts) == as_dict(whole)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([1, 20, 10**6]), st.sampled_from([1, 60, 10**6]))
def test_received_does_not_depend_on_the_size_of_a_chunk(seed, links_at_once, table_cells):
    n_cells = 20
    pre, post = random_links(seed, n_cells, 50)
    index, step = random_spikes(seed, n_cells, 30, 0.1)
    step = step + 7
    fired = set(zip(index.tolist(), step.tolist(), strict=True))
    literal = [
        any((i, t - 1) in fired for i in pre[post == j].tolist())
        for j, t in zip(index, step, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(focus_module, "LINKS_AT_ONCE", links_at_once)
        patch.setattr(focus_module, "TABLE_CELLS", table_cells)
        assert received(index, step, link_matrix(pre, post, n_cells)).tolist() == literal


def test_received_looks_along_the_link_and_one_step_back():
    links = link_matrix([0], [1], 3)
    # 0 fires at 5; 1 at 5 (same step), 6 (received) and 7 (two steps late); 2 has no link.
    index, step = np.array([0, 1, 1, 2, 1]), np.array([5, 5, 6, 6, 7])
    assert received(index, step, links).tolist() == [False, False, True, False, False]
    assert received(np.array([1, 0]), np.array([5, 6]), links).tolist() == [False, False]


def test_received_without_spikes_or_links():
    assert received(EMPTY, EMPTY, link_matrix([0], [1], 3)).shape == (0,)
    links = link_matrix(EMPTY, EMPTY, 3)
    assert received(np.array([0, 1]), np.array([0, 1]), links).tolist() == [False, False]


def test_links_that_cannot_be_are_refused():
    for pre, post in (([0], [3]), ([-1], [0]), ([0, 1], [0])):
        with pytest.raises(ValueError, match="links must be|equally long"):
            link_matrix(pre, post, 3)


def test_doubled_links_count_once():
    links = link_matrix([0, 0], [1, 1], 2)
    assert received(np.array([0, 1]), np.array([0, 1]), links).tolist() == [False, True]


def counts_of(inside, outside, *, n_steps=100, tube_size=40_000, n_cells=1000, n_wave=0):
    """Spikes in and out of the tube by layer; c = 0.4 unless told."""
    return SpikeCounts(
        n_steps=n_steps,
        n_cells=n_cells,
        tube_size=tube_size,
        layer_inside=np.array(inside),
        layer_outside=np.array(outside),
        n_wave=n_wave,
        n_spontaneous=int(np.sum(outside)) - n_wave,
    )


def test_focus_of_a_worked_example():
    result = focus(counts_of([60, 20], [0, 20], n_wave=15, tube_size=20_000), ratio=8)
    assert result.n_spikes == 100
    assert result.chance == 0.2
    assert result.ilf == 0.8
    assert result.ili == pytest.approx(0.75)
    assert result.wave_index == 0.15
    assert result.spontaneous_fraction == 0.05
    assert result.rate == 1e-3
    assert result.in_tube_rate == 80 / 20_000
    assert result.out_tube_rate == 20 / 80_000
    assert result.in_firing_band
    assert result.spikes_per_move.tolist() == [4.8, 3.2]
    assert result.layer_ilf.tolist() == [1.0, 0.5]
    assert result.reach == 1
    assert result.ili_is_meaningful


def test_spikes_independent_of_the_input_have_index_zero():
    assert focus(counts_of([40], [60]), 8).ili == pytest.approx(0)
    assert focus(counts_of([10], [0]), 8).ili == 1


def test_reach_wants_half_a_spike_per_move_and_half_of_them_locked():
    # 800 steps at ratio 8 are 100 moves: 50 spikes are just enough.
    def reach(inside, outside):
        return focus(counts_of(inside, outside, n_steps=800, tube_size=8000), 8).reach

    assert reach([50, 50, 50], [0, 0, 0]) == 2
    assert reach([50, 50, 49], [0, 0, 0]) == 1
    assert reach([50, 50, 50], [0, 0, 51]) == 1
    assert reach([50, 50, 50], [0, 0, 50]) == 2
    assert reach([50, 0, 50], [0, 0, 0]) == 2  # a gap is allowed
    assert np.isnan(reach([49, 0, 0], [0, 0, 0]))
    assert np.isnan(reach([0, 0, 0], [0, 0, 0]))


def test_without_spikes_fractions_are_undefined_and_rates_zero():
    result = focus(counts_of([0, 0], [0, 0]), 8)
    undefined = (result.ilf, result.ili, result.wave_index, result.spontaneous_fraction)
    assert np.isnan([*undefined, *result.layer_ilf]).all()
    assert result.rate == result.in_tube_rate == result.out_tube_rate == 0
    assert not result.in_firing_band


def test_without_a_tube_or_outside_rates_are_undefined():
    off = focus(counts_of([0], [5], tube_size=0), 8)
    assert np.isnan(off.in_tube_rate) and not off.in_firing_band
    assert off.ilf == off.ili == 0
    full = focus(counts_of([5], [0], tube_size=100_000), 8)
    assert np.isnan(full.out_tube_rate) and np.isnan(full.ili)


def test_without_steps_nothing_is_defined():
    result = focus(counts_of([0], [0], n_steps=0, tube_size=0), 8)
    assert np.isnan([result.chance, result.ili, result.rate, result.reach]).all()
    assert not result.ili_is_meaningful


@pytest.mark.parametrize(
    ("inside", "in_band"), [(39, False), (40, True), (10_000, True), (10_001, False)]
)
def test_the_firing_band_is_judged_in_the_tube(inside, in_band):
    assert focus(counts_of([inside], [0]), 8).in_firing_band is in_band


def test_a_large_chance_level_is_noted():
    assert focus(counts_of([5], [5], tube_size=30_000), 8).ili_is_meaningful
    result = focus(counts_of([5], [5], tube_size=31_000), 8)
    assert not result.ili_is_meaningful


def test_the_window_is_the_last_3000_steps_or_the_last_half():
    assert focus_window(24_000) == (21_000, 24_000)
    assert focus_window(6000) == (3000, 6000)
    assert focus_window(4000) == (2000, 4000)
    assert focus_window(5) == (2, 5)


def test_counts_of_other_cubes_are_not_added():
    with pytest.raises(ValueError, match="same cube"):
        counts_of([1], [0]) + counts_of([1], [0], n_cells=5)


def moving_dot(n=24, n_steps=800, depth=3, k=1, shown=None) -> Tube:
    """Dots on the closed loop, one move every 8 steps."""
    move = np.arange(n_steps)[:, None] // 8 + 11 * np.arange(k)
    period = 2 * (n - 1)
    x = (n - 1) - np.abs((n - 1) - move % period)
    y = (n - 1) - np.abs((n - 1) - (move + 9) % period)
    shown = np.ones(n_steps, dtype=bool) if shown is None else shown
    return Tube(n, depth, 3, 32, x, y, shown)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("lag", [0, 24, 160])
def test_a_delayed_copy_correlates_fully_at_its_delay(lag, k):
    tube, n = moving_dot(k=k), 24
    step = np.arange(lag, 800)
    index = (n * n + tube.dot_y[step - lag] * n + tube.dot_x[step - lag]).ravel()
    r, best = input_correlation(tube, index, np.repeat(step, k), 400, 800)
    assert best == lag
    assert r == pytest.approx(1)


def test_correlation_is_the_definition():
    tube, n_blocks = moving_dot(n=10, n_steps=200), 10
    index, step = random_spikes(3, tube.n_cells, 200, 0.02)
    series = np.zeros((2, 3 + 20, n_blocks, n_blocks))  # bins of steps 8 to 192
    for i, t in zip(index, step, strict=True):
        if 168 <= t < 192:
            series[0, (t - 8) // 8, i // 10 % 10, i % 10] += 1
    for t in range(8, 192):
        series[1, (t - 8) // 8, tube.dot_y[t, 0], tube.dot_x[t, 0]] += 1
    best = (-2, None)
    spikes = series[0, 20:].reshape(3, -1)
    for lag in range(21):
        dot = series[1, 20 - lag : 23 - lag].reshape(3, -1)
        a, b = spikes - spikes.mean(0), dot - dot.mean(0)
        best = max(best, (np.corrcoef(a.ravel(), b.ravel())[0, 1], -lag))
    r, lag = input_correlation(tube, index, step, 168, 195)
    assert (r, lag) == (pytest.approx(best[0]), -8 * best[1])


def test_correlation_of_what_does_not_vary_is_undefined():
    tube = moving_dot()
    steady = np.arange(400, 800)
    for index, step in ((EMPTY, EMPTY), (np.zeros(400, dtype=int), steady)):
        assert np.isnan(input_correlation(tube, index, step, 400, 800)).all()
    off = moving_dot(shown=np.zeros(800, dtype=bool))
    index, step = random_spikes(1, off.n_cells, 500, 0.01)
    assert np.isnan(input_correlation(off, index, step, 300, 500)).all()
    assert np.isnan(input_correlation(tube, index, step, 300, 310)).all()


def test_spikes_per_step():
    step = np.array([2, 4, 4, 7, 9])
    assert spikes_per_step(step, 4, 9).tolist() == [2, 0, 0, 1, 0]
    assert spikes_per_step(EMPTY, 4, 6).tolist() == [0, 0]


def test_survival_is_the_rate_left_in_steps_200_to_1000():
    with_input = np.full(1000, 4)
    left = np.zeros(1000, dtype=int)
    left[:200] = 50  # does not count
    assert survival(left, with_input) == 0
    left[200:] = 1
    assert survival(left, with_input) == 0.25
    assert np.isnan(survival(left[:999], with_input))
    assert np.isnan(survival(left, np.zeros(1000, dtype=int)))
    assert survival(left[:20], with_input[:20], window=(10, 20)) == 12.5


def test_extinction_counts_steps_since_the_removal():
    silent = np.zeros(100, dtype=int)
    assert extinction(silent) == (0, True)
    for last in (0, 39, 79):
        after = silent.copy()
        after[last] = 1
        assert extinction(after) == (last + 1, True)
    after[80] = 3
    assert extinction(after) == (81, False)
    assert extinction(np.ones(100, dtype=int)) == (100, False)
    assert extinction(silent[:19]) == (0, False)


def test_share_keeps_undefined_apart_from_zero():
    assert share(0, 2) == 0
    assert np.isnan(share(0, 0)) and np.isnan(share(np.nan, 1)) and np.isnan(share(1, np.nan))
    assert np.array_equal(share([1, 2], [0, 4]), [np.nan, 0.5], equal_nan=True)


SERIES = ("steps", "tube_size", "inside", "outside", "layers")


def fed(tube, index, step, stops, bin_steps, *, through_arrays=False):
    """An accumulator fed the blocks that end at `stops`."""
    activity = Activity.empty(tube.n, tube.depth, bin_steps)
    for stop in stops:
        own = (step >= activity.n_done) & (step < stop)
        activity.feed(tube, index[own], step[own], stop)
        if through_arrays:
            activity = Activity.from_arrays(activity.arrays() | {"other": np.zeros(3)})
    return activity


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**20),
    st.lists(st.integers(0, 14), max_size=4),
    st.integers(1, 20),
    st.sampled_from([0.0, 0.05, 0.5]),
    st.booleans(),
)
def test_activity_does_not_depend_on_the_cut(seed, cuts, bin_steps, rate, through_arrays):
    tube = random_tube(seed)
    index, step = random_spikes(seed, tube.n_cells, tube.n_steps, rate)
    whole = fed(tube, index, step, [14], bin_steps)
    parts = fed(tube, index, step, [*sorted(cuts), 14], bin_steps, through_arrays=through_arrays)
    assert parts.n_done == whole.n_done == 14
    for name in SERIES:
        assert np.array_equal(getattr(parts, name), getattr(whole, name)), name


def test_activity_is_the_definition():
    tube, bin_steps = random_tube(7), 4
    index, step = random_spikes(7, tube.n_cells, 14, 0.3)
    activity = fed(tube, index, step, [5, 14], bin_steps)
    assert activity.steps.tolist() == [4, 4, 4, 2]
    for b, n_steps in enumerate(activity.steps):
        first, stop = b * bin_steps, b * bin_steps + n_steps
        cells = [literal_tube(tube, t) for t in range(first, stop)]
        own = [(i, t) for i, t in zip(index, step, strict=True) if first <= t < stop]
        inside = sum(i in cells[t - first] for i, t in own)
        assert activity.tube_size[b] == sum(map(len, cells))
        assert (activity.inside[b], activity.outside[b]) == (inside, len(own) - inside)
        layers = [sum(i // 16 == z for i, _ in own) for z in range(tube.depth)]
        assert activity.layers[b].tolist() == layers
        c = activity.tube_size[b] / (n_steps * tube.n_cells)
        assert activity.ili[b] == pytest.approx((inside / len(own) - c) / (1 - c))
        assert activity.rate[b] == pytest.approx(len(own) / (n_steps * tube.n_cells))
        assert activity.in_tube_rate[b] * activity.tube_size[b] == pytest.approx(inside)
        out = activity.out_tube_rate[b] * (n_steps * tube.n_cells - activity.tube_size[b])
        assert out == pytest.approx(len(own) - inside)


def test_activity_agrees_with_the_counts():
    tube = random_tube(11)
    index, step = random_spikes(11, tube.n_cells, 14)
    counts = count_spikes(tube, link_matrix([0], [1], tube.n_cells), index, step, 0, 14)
    activity = fed(tube, index, step, [14], 14)
    assert activity.layers[0].tolist() == (counts.layer_inside + counts.layer_outside).tolist()
    assert activity.inside[0] == counts.layer_inside.sum()
    assert activity.tube_size[0] == counts.tube_size


def test_activity_of_silence_is_undefined_where_it_must_be():
    tube = moving_dot(shown=np.zeros(800, dtype=bool))
    activity = fed(tube, EMPTY, EMPTY, [16], 8)
    assert np.isnan(activity.ili).all() and np.isnan(activity.in_tube_rate).all()
    assert activity.out_tube_rate.tolist() == [0, 0]
    assert Activity.empty(4, 3, 8).ili.shape == (0,)


def test_activity_refuses_spikes_of_other_blocks_and_other_cubes():
    tube = random_tube(1)
    activity = fed(tube, EMPTY, EMPTY, [6], 4)
    for step, stop in (([5], 8), ([8], 8)):
        with pytest.raises(ValueError, match="in block 6 to 8"):
            activity.feed(tube, np.array([0]), np.array(step), stop)
    with pytest.raises(ValueError, match="not within"):
        activity.feed(tube, EMPTY, EMPTY, 5)
    with pytest.raises(ValueError, match="another size"):
        activity.feed(random_tube(1, depth=4), EMPTY, EMPTY, 8)
    assert activity.n_done == 6
    with pytest.raises(ValueError, match="lack inside"):
        arrays = activity.arrays()
        Activity.from_arrays({k: v for k, v in arrays.items() if k != "inside"})
    with pytest.raises(ValueError, match="bin_steps"):
        Activity.empty(4, 3, 0)


def test_saved_arrays_are_not_changed_by_what_follows():
    tube = random_tube(1)
    index, step = random_spikes(1, tube.n_cells, 14)
    activity = fed(tube, index, step, [2], 10)
    saved = activity.arrays()
    before = {name: value.copy() for name, value in saved.items()}
    own = step >= 2
    activity.feed(tube, index[own], step[own], 14)
    Activity.from_arrays(saved).feed(tube, index[own], step[own], 14)
    for name, value in saved.items():
        assert np.array_equal(value, before[name]), name


def test_what_is_judged_is_the_end_of_the_longest_time_with_input():
    params = CubeParams(n=8, L=8, steps=800)
    assert judged_steps(params, DotParams()) == (400, 800)
    early = DotParams(off_from=(9,), off_to=(16,))
    assert judged_steps(params, early) == (408, 800)
    assert kept_steps(params, early) == (407, 800)
    late = DotParams(off_from=(601,), off_to=(640,))
    assert judged_steps(params, late) == (300, 600)
    assert judged_steps(params, DotParams(off_from=(1,), off_to=(100,))) == (450, 800)
    assert judged_steps(params, DotParams(off_from=(701,), off_to=(900,))) == (350, 700)


@pytest.mark.parametrize("ratio", [1, 3, 6, 7, 8, 9])
def test_the_removal_is_long_enough_for_the_survival(ratio):
    steps = removal_steps(CubeParams(n=8, L=8, ratio=ratio, steps=ratio * 20))
    assert steps >= focus_module.SURVIVAL_STEPS[1] and steps % ratio == 0
