"""Who is connected to whom: degrees, topography, its ends, its rounding, and the seeds."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import LL_BASELINE
from models.lateral_line.wiring import (
    Projection,
    Wiring,
    build_ll_to_mon_indices,
    build_mon_to_ts_indices,
    centres,
    initial_ll_mon_weights,
    initial_mon_ts_weights,
    lateral_kernel,
    mean_summed_input,
    mixed_contacts,
    topographic_contacts,
)

BASELINE = NetworkParams(**LL_BASELINE)
N_LL, N_MON, N_TS = 100, 3200, 300


def baseline(**changes) -> NetworkParams:
    return dataclasses.replace(BASELINE, **changes)


def ll_contacts(**changes) -> np.ndarray:
    """LL inputs of each MON cell, shape (n_mon, in-degree)."""
    i, _ = build_ll_to_mon_indices(baseline(**changes))
    return i.reshape(N_MON, -1)


def share_at_an_end(n: int, sigma: float) -> float:
    """Expected share of topographic draws on index 0: below 1/2, averaged over the centres."""
    c = np.arange(N_MON) / (N_MON - 1) * (n - 1)
    return float(np.mean([0.5 * math.erfc((x - 0.5) / sigma / math.sqrt(2)) for x in c]))


# degrees


@settings(max_examples=50, deadline=None)
@given(
    n_mon=st.integers(1, 40),
    n_partners=st.integers(1, 50),
    degree=st.integers(1, 12),
    sigma=st.floats(1e-6, 100),
    strength=st.floats(0, 1),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_cell_has_its_degree_and_partners_exist(
    n_mon, n_partners, degree, sigma, strength, seed
):
    rng = np.random.default_rng(seed)
    contacts = mixed_contacts(centres(n_mon, n_partners), degree, n_partners, sigma, strength, rng)
    assert contacts.shape == (n_mon, degree)
    assert np.issubdtype(contacts.dtype, np.integer)
    assert 0 <= contacts.min() and contacts.max() < n_partners


def test_ll_mon_in_degree_is_exact_and_out_degree_varies():
    i, j = build_ll_to_mon_indices(BASELINE)
    assert (np.bincount(j, minlength=N_MON) == 10).all()
    out = np.bincount(i, minlength=N_LL)
    assert out.size == N_LL and out.mean() == 320
    # section 4.1: 2 of 10 contacts topographic, 6.3 % of those on either end: 3200*(8/100 + 0.126)
    # = 659; 4 SD of a sum of Bernoulli draws
    expected = N_MON * (8 / N_LL + 2 * share_at_an_end(N_LL, 15.0))
    assert out[[0, -1]] == pytest.approx(expected, abs=4 * math.sqrt(expected))
    assert expected == pytest.approx(660, abs=2)  # as the design states it


def test_mon_ts_out_degree_is_exact_and_in_degree_varies():
    i, j = build_mon_to_ts_indices(BASELINE)
    assert (np.bincount(i, minlength=N_MON) == 16).all()
    into = np.bincount(j, minlength=N_TS)
    assert into.size == N_TS and into.mean() == pytest.approx(170.67, abs=0.01)
    expected = N_MON * (13 / N_TS + 3 * share_at_an_end(N_TS, 10.0))
    assert into[[0, -1]] == pytest.approx(expected, abs=4 * math.sqrt(expected))
    assert into.min() < 150  # elsewhere a Poisson-like spread around 170 or less


def test_duplicates_are_kept_as_separate_synapses():
    """Among random contacts two agree by chance; without them the degrees would not be exact."""
    for build in (build_ll_to_mon_indices, build_mon_to_ts_indices):
        pairs = np.stack(build(BASELINE))
        duplicates = pairs.shape[1] - np.unique(pairs, axis=1).shape[1]
        # about 1500 and 1580 (section 4.1), sums of rare events: 4 Poisson SD and its rounding
        assert duplicates == pytest.approx(1540, abs=40 + 4 * math.sqrt(1540))


# topography


def test_topographic_contacts_round_half_to_even():
    """The table of section 4.1; 0.05*10 = 0.5 gives 0, 0.15*10 = 1.5 gives 2."""
    strengths = (0.05, 0.08, 0.10, 0.15, 0.20, 0.40, 0.60, 0.80)
    assert [topographic_contacts(10, k) for k in strengths] == [0, 1, 1, 2, 2, 4, 6, 8]
    assert [topographic_contacts(16, k) for k in strengths] == [1, 1, 2, 2, 3, 6, 10, 13]
    assert [topographic_contacts(10, k) for k in (-1, 0, 0.25, 0.35, 1, 2)] == [0, 0, 2, 4, 10, 10]


@pytest.mark.parametrize(("n", "sigma", "stated"), [(N_LL, 15.0, 0.063), (N_TS, 10.0, 0.0143)])
def test_draws_beyond_the_ends_are_clipped_to_them(n, sigma, stated):
    share = share_at_an_end(n, sigma)
    assert share == pytest.approx(stated, rel=0.01)  # three digits are stated
    contacts = mixed_contacts(centres(N_MON, n), 10, n, sigma, 1.0, np.random.default_rng(3))
    tolerance = 4 * math.sqrt(share / contacts.size)  # 4 SD of the share of Bernoulli draws
    assert np.mean(contacts == 0) == pytest.approx(share, abs=tolerance)
    assert np.mean(contacts == n - 1) == pytest.approx(share, abs=tolerance)
    # wrapped draws would put half the contacts of the first cells on the far end; these have
    # their centres below n/15, so that 3/4 of the layer is more than 4.5 SD away
    assert contacts[:200].max() < 0.75 * n


def test_topographic_draws_have_their_width_around_a_linear_map():
    contacts = mixed_contacts(centres(N_MON, N_TS), 10, N_TS, 10.0, 1.0, np.random.default_rng(4))
    middle = slice(N_MON // 4, 3 * N_MON // 4)  # far from the ends
    offset = (contacts - (N_TS - 1) * np.arange(N_MON)[:, None] / (N_MON - 1))[middle]
    assert offset.mean() == pytest.approx(0, abs=4 * 10 / math.sqrt(offset.size))
    sd = math.sqrt(10**2 + 1 / 12)  # rounding to whole indices adds 1/12 to the variance
    assert offset.std() == pytest.approx(sd, rel=4 / math.sqrt(2 * offset.size))


def test_topographic_and_random_contacts_are_shuffled_within_a_cell():
    """Each place in a cell's list is topographic as often as any other."""
    rng = np.random.default_rng(5)
    contacts = mixed_contacts(np.full(10_000, 50.0), 10, N_LL, 1e-6, 0.2, rng)
    p = 0.2 + 0.8 / N_LL  # topographic draws all hit 50, random ones one time in 100
    share = np.mean(contacts == 50, axis=0)
    assert share == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 10_000))


def test_a_width_of_the_layer_or_more_means_uniform_draws():
    def end_share(sigma):
        rng = np.random.default_rng(6)
        return np.mean(mixed_contacts(centres(N_MON, N_LL), 10, N_LL, sigma, 1.0, rng) == 0)

    tolerance = 4 * math.sqrt(0.01 / (10 * N_MON))
    assert end_share(100.0) == pytest.approx(0.01, abs=tolerance)
    assert end_share(1000.0) == pytest.approx(0.01, abs=tolerance)
    assert end_share(99.0) > 0.2  # a normal draw this wide is clipped every third time


def test_a_single_mon_cell_looks_at_the_start():
    np.testing.assert_array_equal(centres(1, 100), [0])
    np.testing.assert_array_equal(centres(3, 101), [0, 50, 100])


# topography 0


def test_topography_0_keeps_the_in_degree_and_is_uniform():
    contacts = ll_contacts(ll_to_mon_topography_strength=0.0)
    assert contacts.shape == (N_MON, 10)
    out = np.bincount(contacts.ravel(), minlength=N_LL)
    assert out == pytest.approx(320, abs=5 * math.sqrt(320))  # 5 SD, for the worst of 100 cells
    place = np.corrcoef(np.arange(N_MON), contacts.mean(axis=1))[0, 1]
    assert abs(place) < 4 / math.sqrt(N_MON)  # no map left; 4 SD


def test_the_published_rule_for_topography_0_draws_every_pair():
    i, j = build_ll_to_mon_indices(
        baseline(ll_to_mon_topography_strength=0.0, ll_mon_bernoulli=True)
    )
    n_pairs = N_LL * N_MON
    assert i.size == pytest.approx(0.03 * n_pairs, abs=4 * math.sqrt(0.03 * 0.97 * n_pairs))
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == i.size  # no duplicates
    assert (np.diff(j) >= 0).all()
    into = np.bincount(j, minlength=N_MON)
    assert into.var() == pytest.approx(100 * 0.03 * 0.97, rel=4 * math.sqrt(2 / N_MON))


def test_the_published_rule_is_for_topography_0_only():
    np.testing.assert_array_equal(ll_contacts(ll_mon_bernoulli=True), ll_contacts())


# lateral kernel


def test_lateral_kernel_of_the_baseline_has_the_stated_count_and_sum():
    i, j, w = lateral_kernel(N_TS, 18, 1.5)
    assert i.size == 300 * 36
    assert (np.bincount(i) == 36).all() and (np.bincount(j) == 36).all()
    # P*(rho - 1) = 1.5*17 mV; sums of 36 terms, each good to 2**-53
    assert np.bincount(i, weights=w) == pytest.approx(25.5, rel=1e-13)
    assert np.bincount(j, weights=w) == pytest.approx(25.5, rel=1e-13)


@given(n_ts=st.integers(1, 40), radius=st.integers(1, 60), peak=st.floats(0, 10))
@settings(max_examples=60, deadline=None)
def test_lateral_kernel_is_a_triangle_on_the_ring(n_ts, radius, peak):
    i, j, w = lateral_kernel(n_ts, radius, peak)
    pairs = list(zip(i.tolist(), j.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)  # each pair once, also where the radius spans the ring
    assert pairs == sorted(pairs)
    expected = {}
    for a in range(n_ts):
        for b in range(n_ts):
            d = min(abs(a - b), n_ts - abs(a - b))
            if 0 < d <= radius:
                expected[a, b] = peak * (1 - d / radius)
    assert set(pairs) == set(expected)
    assert w == pytest.approx([expected[pair] for pair in pairs])


def test_a_radius_of_half_the_ring_counts_the_opposite_cell_once():
    i, _, _ = lateral_kernel(10, 5, 1.0)
    assert (np.bincount(i) == 9).all()
    i, _, w = lateral_kernel(10, 7, 1.0)
    assert (np.bincount(i) == 9).all()
    # twice the distances 1 to 4 and once 5, in sevenths: 9 - (2*10 + 5)/7
    assert np.bincount(i, weights=w) == pytest.approx(9 - 25 / 7)


# order inside the network


@given(
    pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
)
@settings(deadline=None)
def test_values_come_back_from_the_network_in_construction_order(pairs, seed):
    i, j = np.array(pairs).T
    projection = Projection.by_source(i, j)
    inside = list(zip(projection.to_network(i), projection.to_network(j), strict=True))
    assert inside == sorted(inside)
    values = np.random.default_rng(seed).random(len(i))
    np.testing.assert_array_equal(projection.from_network(projection.to_network(values)), values)


def test_duplicates_keep_their_order_in_the_network():
    projection = Projection.by_source([1, 0, 1, 1], [2, 3, 2, 2])
    np.testing.assert_array_equal(projection.to_network(np.arange(4)), [1, 0, 2, 3])


# initial weights


def test_initial_weights_are_uniform_above_their_lower_end():
    n = 32_000
    for w, low, high in (
        (initial_ll_mon_weights(BASELINE, n), 10, 18),
        (initial_ll_mon_weights(baseline(ll_mon_use_stdp=False), n), 11.5, 14.5),
        (initial_mon_ts_weights(BASELINE, n), 0.020, 0.025),
    ):
        assert low <= w.min() and w.max() < high
        sd = (high - low) / math.sqrt(12)
        assert w.mean() == pytest.approx((low + high) / 2, abs=4 * sd / math.sqrt(n))
        # of a uniform law the sample SD has a relative error of sqrt(0.2/n)
        assert w.std() == pytest.approx(sd, rel=4 * math.sqrt(0.2 / n))


def test_the_target_is_the_mean_over_cells_that_have_input():
    w = np.array([1.0, 2.0, 4.0])
    assert mean_summed_input(np.array([3, 3, 5]), w) == (3 + 4) / 2
    assert mean_summed_input(np.array([], int), np.array([])) == 0
    # ten inputs of 14 mV on average, SD 8/sqrt(12) mV; 4 SD of the mean of 32000
    sd = 10 * 8 / math.sqrt(12) / math.sqrt(32_000)
    assert Wiring.of(BASELINE).ll_mon_target_mV == pytest.approx(140, abs=4 * sd)


def test_drivers_of_global_inhibition_are_a_random_share():
    drives = Wiring.of(baseline(mon_to_global_inh_p=0.25)).mon_drives
    assert set(drives) == {0.0, 1.0}
    assert drives.sum() == pytest.approx(800, abs=4 * math.sqrt(600))  # binomial SD
    assert Wiring.of(baseline(use_ts_feedback_inh=False)).ts_drives.sum() == 0
    assert Wiring.of(baseline(mon_to_global_inh_p=1.0)).mon_drives.all()


# seeds


def arrays(wiring: Wiring) -> dict[str, np.ndarray]:
    projections = {"ll_mon": wiring.ll_mon, "mon_ts": wiring.mon_ts}
    contacts = {f"{n}.{e}": getattr(p, e) for n, p in projections.items() for e in "ij"}
    names = ("ll_mon_w_init_mV", "mon_ts_w_init", "mon_drives", "ts_drives")
    return contacts | {name: getattr(wiring, name) for name in names}


def test_the_same_seed_gives_the_same_wiring():
    one, two = Wiring.of(BASELINE), Wiring.of(baseline())
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(array, arrays(two)[name])
    assert one.sha256 == two.sha256


def test_neighbouring_seeds_agree_by_chance_only():
    one, two = Wiring.of(BASELINE), Wiring.of(baseline(seed=BASELINE.seed + 1))
    assert one.sha256 != two.sha256
    assert not (one.ll_mon_w_init_mV == two.ll_mon_w_init_mV).any()
    r = np.corrcoef(one.mon_ts_w_init, two.mon_ts_w_init)[0, 1]
    assert abs(r) < 4 / math.sqrt(one.mon_ts_w_init.size)
    contacts = [ll_contacts(ll_to_mon_topography_strength=0.0, seed=s) for s in (123, 124)]
    agree = np.mean(contacts[0] == contacts[1])
    assert agree == pytest.approx(1 / N_LL, abs=4 * math.sqrt(1 / N_LL / contacts[0].size))


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (dict(ll_to_mon_topography_strength=0.4), {"ll_mon.i"}),
        (dict(ll_to_mon_sigma=20.0), {"ll_mon.i"}),
        (dict(ll_to_mon_in_degree=9), {"ll_mon.i", "ll_mon.j", "ll_mon_w_init_mV"}),
        (dict(mon_to_ts_topography_strength=0.4), {"mon_ts.j"}),
        (dict(mon_to_ts_out_degree=15), {"mon_ts.i", "mon_ts.j", "mon_ts_w_init"}),
        (dict(ll_mon_w_jitter_stdp_mV=4.0), {"ll_mon_w_init_mV"}),
        (dict(mon_ts_w_jitter=0.004), {"mon_ts_w_init"}),
        (dict(mon_to_global_inh_p=0.5), {"mon_drives"}),
        (dict(ts_to_global_inh_p=0.5), {"ts_drives"}),
        (dict(bg_rate_mon_hz=5.0, n_training_trials=3, distance_cm=2.0), set()),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_change_of_one_parameter_leaves_the_other_draws_alone(change, touched):
    before, after = arrays(Wiring.of(BASELINE)), arrays(Wiring.of(baseline(**change)))
    differing = {name for name in before if not np.array_equal(before[name], after[name])}
    assert differing == touched


def test_more_contacts_keep_the_initial_weights_of_the_first_ones():
    more = baseline(mon_to_ts_out_degree=17, ll_to_mon_in_degree=11)
    for draw in (initial_mon_ts_weights, initial_ll_mon_weights):
        np.testing.assert_array_equal(draw(BASELINE, 500), draw(more, 1000)[:500])


def test_wider_jitter_stretches_the_same_draws():
    narrow, wide = (
        initial_ll_mon_weights(baseline(ll_mon_w_jitter_stdp_mV=jitter), 1000) for jitter in (2, 8)
    )
    np.testing.assert_allclose(4 * (narrow - 10), wide - 10, rtol=0, atol=1e-13)  # rounding at 18


def test_the_checksum_sees_every_contact():
    wiring = Wiring.of(BASELINE)
    j = wiring.mon_ts.j.copy()
    j[7] = (j[7] + 1) % N_TS
    moved = dataclasses.replace(wiring, mon_ts=Projection.by_source(wiring.mon_ts.i, j))
    assert moved.sha256 != wiring.sha256
