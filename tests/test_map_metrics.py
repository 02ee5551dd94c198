"""Maps that may be turned and mirrored, on Poisson populations whose order is known."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks
from scipy.stats import spearmanr

from models.lateral_line import cell_tuning as tuning_curves
from models.lateral_line import metrics, readout
from models.lateral_line.cell_tuning import cell_tuning
from models.lateral_line.map_metrics import aligned_chance_band, aligned_map, map_order
from models.lateral_line.passes import Pass, joined
from models.lateral_line.readout import decoding_error

BODY, LENGTH_CM, DT_S, N_CELLS, N_T = (0.0, 4.0), 4.0, 0.001, 100, 1000
PATH_CM = -0.5 + 0.005 * np.arange(N_T)
PERFECT_CM = (np.arange(N_CELLS) + 0.5) * LENGTH_CM / N_CELLS
SHUFFLED_CM = np.random.default_rng(7).permutation(PERFECT_CM)
NO_SPIKE = np.zeros(0, dtype=int)


def sweeps(*preferred_cm, n_passes=8, peak_hz=60.0, sd_cm=0.25, seed=0):
    """Poisson spikes of cells with Gaussian tuning, one peak for each array of positions."""
    rng, passes = np.random.default_rng(seed), []
    for number in range(n_passes):
        x_cm = PATH_CM if number % 2 == 0 else PATH_CM[::-1]
        at = [np.exp(-0.5 * ((x_cm[:, None] - p) / sd_cm) ** 2) for p in preferred_cm]
        passes.append(Pass(*np.nonzero(rng.random(at[0].shape) < sum(at) * peak_hz * DT_S), x_cm))
    return passes


def noise(seed, n_passes=4, n_spikes=300):
    rng = np.random.default_rng(seed)
    draw = [rng.integers(0, high, (n_passes, n_spikes)) for high in (N_T, N_CELLS)]
    return [
        Pass(step, index, PATH_CM[:: 1 - 2 * (number % 2)])
        for number, (step, index) in enumerate(zip(*draw, strict=True))
    ]


def silent(n_passes):
    return [Pass(NO_SPIKE, NO_SPIKE, PATH_CM)] * n_passes


def aligned(passes, **options):
    return aligned_map(passes, N_CELLS, DT_S, BODY, **{"n_permutations": 0, **options})


def tuning(passes):
    return cell_tuning(passes, N_CELLS, DT_S, BODY)


def order(passes, **options):
    found = tuning(passes)
    return map_order(found.preferred_cm, found.tuned, BODY, N_CELLS, **options)


def decoding(passes):
    return decoding_error(passes, N_CELLS, DT_S, BODY)


def flat(result):
    """All numbers of a result, None as NaN."""
    values = [np.ravel(np.array(v, dtype=float)) for v in dataclasses.astuple(result)]
    return np.concatenate(values)


# Known maps. Tuning of 0.25 cm and about 75 spikes a window of 20 ms decode to some 0.1 rad.


def test_a_perfect_map_is_one_by_every_number():
    passes = sweeps(PERFECT_CM)
    found, cells, ordered = aligned(passes), tuning(passes), order(passes)
    assert found.sigma_theta_rad == found.sigma_theta_unaligned_rad < 0.15
    assert found.rms_error_rad < 0.25 and found.reflected == (False, False)
    assert found.rms_error_cm == pytest.approx(found.rms_error_rad * LENGTH_CM / (2 * np.pi))
    assert found.valid_fraction > 0.99
    assert cells.n_tuned == N_CELLS and cells.single_peaked_share > 0.95
    assert np.median(np.abs(cells.preferred_cm - PERFECT_CM)) < 0.1
    # A Gaussian is 2.355 SD wide at half height; smoothing adds 0.1 cm in quadrature.
    assert cells.width_cm == pytest.approx(2.355 * np.hypot(0.25, 0.1), abs=0.1)
    assert ordered.order > 0.95 and ordered.order_on_line > 0.95
    assert ordered.n_pieces == 1 and ordered.coverage > 0.9


def test_turned_and_mirrored_it_is_as_good():
    passes = sweeps((1.3 - PERFECT_CM) % LENGTH_CM)
    found, ordered = aligned(passes), order(passes)
    assert found.reflected == (True, True)
    assert found.sigma_theta_rad < 0.15 and found.rms_error_rad < 0.25
    assert found.sigma_theta_unaligned_rad > metrics.chance_band(N_CELLS)[0]
    # Mirrored at 1.3 of 4 cm: the readout is -theta_hat + 1.3 of 4 turns.
    assert metrics.wrap(np.add(found.rotation_rad, 2 * np.pi * 1.3 / 4)) == pytest.approx(
        0, abs=0.1
    )
    assert ordered.order > 0.95 and ordered.n_pieces == 1
    assert ordered.order_on_line < 0.7  # it ends in the middle of the body


def test_shuffled_cells_have_no_order_but_can_be_decoded():
    passes = sweeps(SHUFFLED_CM)
    found, ordered = aligned(passes, n_permutations=60), order(passes)
    low, _, high = found.permuted_rad
    assert low <= found.sigma_theta_rad <= high
    assert abs(ordered.order) < 0.1 and ordered.n_pieces > 10
    # Two draws of as many spikes differ by a few percent of the error.
    perfect, shuffled = decoding(sweeps(PERFECT_CM)), decoding(passes)
    assert shuffled.linear_rms_cm == pytest.approx(perfect.linear_rms_cm, rel=0.15)
    assert shuffled.likelihood_rms_cm == pytest.approx(perfect.likelihood_rms_cm, rel=0.15)
    assert shuffled.linear_rms_cm < shuffled.constant_rms_cm / 2
    assert shuffled.likelihood_median_cm <= shuffled.likelihood_rms_cm < 0.2


def test_a_smooth_map_without_order_scores_better_than_independent_bins():
    """Why the chance to compare with is that of permuted cells."""
    found = aligned(sweeps(SHUFFLED_CM), n_permutations=60)
    assert found.permuted_rad[1] < found.chance_rad[0]
    assert found.chance_rad == aligned_chance_band(N_CELLS)


def test_cells_with_two_peaks_are_seen():
    passes = sweeps(PERFECT_CM, (PERFECT_CM + 2) % LENGTH_CM, peak_hz=100)
    assert tuning(passes).single_peaked_share < 0.1


def test_a_map_in_two_pieces_has_two():
    passes = sweeps(np.where(np.arange(N_CELLS) < N_CELLS // 2, 2 - PERFECT_CM, PERFECT_CM))
    ordered = order(passes)
    assert ordered.n_pieces == 2
    assert ordered.order_permuted[2] < ordered.order < 0.7
    assert aligned(passes).sigma_theta_rad > 0.5


def test_a_map_of_half_of_the_body_covers_half():
    found = order(sweeps(PERFECT_CM / 2, peak_hz=100))
    assert found.coverage == pytest.approx(0.5, abs=0.08) and found.n_pieces == 1


# Choosing on one half and scoring on the other.


@pytest.mark.parametrize(
    ("n_passes", "expected"),
    [(2, [0, 1]), (3, [0, 0, 1]), (8, [0, 0, 1, 1, 0, 0, 1, 1])],
)
def test_each_half_has_both_directions(n_passes, expected):
    test = joined(silent(n_passes), N_CELLS, 20, BODY)
    assert test.half[:: N_T + 20].tolist() == expected


def test_passes_start_on_windows_and_do_not_touch():
    ragged = [Pass(np.array([0, 9]), np.array([1, 2]), PATH_CM[:n]) for n in (10, 41)]
    test = joined(ragged, N_CELLS, 20, BODY)
    assert test.step.tolist() == [0, 9, 40, 49] and test.x_cm.size == 40 + 80
    assert np.isnan(test.x_cm[10:40]).all() and test.x_cm[40] == PATH_CM[0]


def test_noise_gains_nothing_from_its_alignment():
    """Choosing on the half that is scored would gain the better of two draws."""
    gain, cheated, below = [], [], 0
    for seed in range(20):
        passes = noise(seed)
        found = aligned(passes, n_permutations=40)
        gain.append(found.sigma_theta_unaligned_rad - found.sigma_theta_rad)
        below += found.sigma_theta_rad < found.permuted_rad[0]
        halves = [found_half(passes, which) for which in (passes[:2], passes[2:])]
        cheated.append(found.sigma_theta_unaligned_rad - np.mean(halves))
    # Not below 0 but where spikes of opposite cells cancel, and rounding is decoded.
    assert np.mean(cheated) > 0.05 and min(cheated) > -0.01
    assert abs(np.mean(gain)) < 3 * np.std(gain) / math.sqrt(20)
    assert below <= 4  # of 20 at 5 %: more has a probability of 0.003


def found_half(passes, half):
    """The better of both reflections on these passes themselves."""
    hats = []
    for one in half:
        hats.append(
            metrics.pv_map_quality_from_ts_spikes(
                step=one.step,
                index=one.index,
                n_cells=N_CELLS,
                x_cm=one.x_cm,
                dt_s=DT_S,
                window=BODY,
            )
        )
    theta, hat = (
        np.concatenate([getattr(h, k) for h in hats]) for k in ("theta_true", "theta_hat")
    )
    biases = [metrics.bin_errors(theta, metrics.wrap(s * hat - theta), N_CELLS)[0] for s in (1, -1)]
    return min(map(metrics.circular_sd, biases))


def test_without_reflection_the_score_is_that_of_one_pass():
    passes = sweeps(PERFECT_CM, n_passes=2)
    single = [
        metrics.pv_map_quality_from_ts_spikes(
            step=p.step, index=p.index, n_cells=N_CELLS, x_cm=p.x_cm, dt_s=DT_S, window=BODY
        )
        for p in passes
    ]
    expected = np.mean([one.sigma_theta for one in single])
    assert aligned(passes).sigma_theta_unaligned_rad == pytest.approx(expected)


def test_readouts_are_calibrated_on_the_other_half():
    """Codes of the halves that contradict each other decode worse than a constant."""
    one, other = sweeps(PERFECT_CM), sweeps(LENGTH_CM - PERFECT_CM)
    found = decoding([*one[:2], *other[:2]])
    assert found.linear_rms_cm > found.constant_rms_cm
    assert found.likelihood_rms_cm > found.constant_rms_cm


def test_a_readout_of_noise_is_no_better_than_a_constant():
    found = [decoding(noise(seed, n_passes=8)) for seed in range(10)]
    # Cross-validation mostly chooses the largest penalty; what it keeps is of either sign.
    assert np.mean([f.linear_rms_cm / f.constant_rms_cm for f in found]) == pytest.approx(
        1, abs=0.01
    )
    # Positions that are uniform over the body.
    assert found[0].constant_rms_cm == pytest.approx(LENGTH_CM / math.sqrt(12), rel=0.01)
    assert found[0].n_windows == 8 * 40


def test_a_window_without_spikes_is_decoded_as_the_intercept():
    passes = sweeps(PERFECT_CM, n_passes=2)
    _, intercept = readout._ridge(np.array([[0.0], [1], [2], [3]]), np.array([1.0, 2, 3, 4]))
    assert intercept == pytest.approx(1, abs=1e-4)  # of the smallest penalty
    lone = Pass(np.array([500]), np.array([50]), PATH_CM)  # all windows but one are empty
    assert decoding([passes[0], lone]).empty_fraction == pytest.approx(39 / 80, abs=0.02)


# What the numbers are made of.


@pytest.mark.parametrize("n_bins", [2, 10, 100])
def test_the_better_of_two_is_below_one(n_bins):
    both, one = aligned_chance_band(n_bins), metrics.chance_band(n_bins)
    assert all(b < o for b, o in zip(both, one, strict=True))


def test_chance_with_reflection_agrees_with_theory():
    """R of n vectors is Rayleigh; the larger of two exceeds r with 1 - (1 - exp(-n r^2))^2."""
    n, found = 100, aligned_chance_band(100)
    for share, value in zip((0.05, 0.5, 0.95), found, strict=True):
        r2 = -math.log(1 - math.sqrt(1 - share)) / n
        assert value == pytest.approx(math.sqrt(-math.log(r2)), abs=0.06)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=30), st.integers(0, 1000))
def test_peaks_are_those_of_scipy(heights, seed):
    """Prominence as there; distinct heights, as scipy counts both of two equal summits."""
    curve = np.array(heights) + np.random.default_rng(seed).uniform(0.1, 0.9, len(heights))
    top = curve.max()
    expected, _ = find_peaks(np.pad(curve, 1), height=top / 2, prominence=top / 4)
    assert tuning_curves._n_peaks(curve[None], np.array([top])) == expected.size


def test_equal_summits_with_a_shallow_dip_are_one_peak():
    curves = np.array([[0, 8, 7, 8, 0], [8, 0, 8, 0, 0], [8, 8, 8, 8, 8]], dtype=float)
    assert tuning_curves._n_peaks(curves, np.full(3, 8.0)).tolist() == [1, 2, 1]


def test_constant_firing_is_flat_up_to_the_ends_and_in_hertz():
    """Half of the kernel is missing at an end, of spikes and of time alike."""
    step = np.arange(N_T)
    found = tuning([Pass(step, np.zeros_like(step), PATH_CM)])
    assert found.rate_Hz[0] == pytest.approx(1000) and (found.rate_Hz[1:] == 0).all()
    assert found.tuned.tolist() == [True] + [False] * (N_CELLS - 1)
    assert found.n_peaks[0] == 1 and found.width_cm == pytest.approx(LENGTH_CM)
    assert np.isnan(found.preferred_cm[1:]).all() and np.isnan(found.n_peaks[1:]).all()


def test_four_spikes_tune_no_cell_and_five_do():
    for n, n_tuned in ((4, 0), (5, 1)):
        one = Pass(np.arange(400, 400 + n), np.full(n, 3), PATH_CM)
        assert tuning([one]).n_tuned == n_tuned


def test_order_is_spearman_over_pairs():
    rng = np.random.default_rng(3)
    preferred, tuned = rng.integers(0, 50, 40) * 0.08 + 0.04, rng.random(40) < 0.7
    cell = np.flatnonzero(tuned)
    first, second = np.triu_indices(cell.size, 1)
    ts, body = (np.abs(v[first] - v[second]) for v in (cell, preferred[cell].round(6)))
    found = map_order(preferred, tuned, BODY, 40)
    on_line = spearmanr(ts, body.round(6)).statistic
    on_ring = spearmanr(np.minimum(ts, 40 - ts), np.minimum(body, 4 - body).round(6)).statistic
    assert (found.order, found.order_on_line) == pytest.approx((on_ring, on_line))
    low, median, high = found.order_permuted
    assert low < median < high and abs(median) < 0.05


@pytest.mark.parametrize("n_tuned", [0, 1, 2])
def test_fewer_than_three_tuned_cells_have_no_order(n_tuned):
    found = map_order(PERFECT_CM, np.arange(N_CELLS) < n_tuned, BODY, N_CELLS)
    assert np.isnan(flat(found)[:-1]).all()
    assert found.coverage == (n_tuned > 0) / 25  # of cells side by side


def test_equal_preferences_have_no_rank_correlation():
    found = map_order(np.full(20, 1.0), np.full(20, True), BODY, 20)
    assert np.isnan(found.order) and np.isnan(found.order_permuted).all() and found.n_pieces == 1


# What is undefined.


def test_silence_is_undefined():
    passes = silent(4)
    found, cells, error = aligned(passes, n_permutations=5), tuning(passes), decoding(passes)
    assert found.valid_fraction == 0 and found.reflected == (None, None)
    assert np.isnan(np.delete(flat(found), 8)).all()  # all but the valid share
    assert cells.n_tuned == 0 and np.isnan([cells.single_peaked_share, cells.width_cm]).all()
    assert np.isnan(flat(error)[:3]).all() and error.empty_fraction == 1
    assert order(passes).coverage == 0


def test_one_spike_crashes_nothing_and_is_no_map():
    lone = Pass(np.array([500]), np.array([5]), PATH_CM)
    for passes in ([lone, *silent(3)], [lone, lone]):
        assert np.isnan(order(passes).order) and tuning(passes).n_tuned == 0
        decoding(passes)
        found = aligned(passes, n_permutations=2)
        assert 0 < found.valid_fraction < 0.1
        assert np.isnan(found.sigma_theta_rad) == (passes[1] is not lone)


@pytest.mark.parametrize("passes", [[], sweeps(PERFECT_CM, n_passes=1)])
def test_fewer_than_two_passes_make_no_halves(passes):
    assert np.isnan(flat(aligned(passes, n_permutations=2))).all()
    found = decoding(passes)
    assert found.n_windows == 0 and np.isnan(np.delete(flat(found), 4)).all()
    assert (tuning(passes).n_tuned > N_CELLS / 2) == bool(passes)  # one pass tunes cells


def test_a_window_that_no_pass_visits_is_undefined():
    passes, beyond = sweeps(PERFECT_CM, n_passes=2), (10.0, 12.0)
    assert np.isnan(flat(aligned_map(passes, N_CELLS, DT_S, beyond))).all()
    assert np.isnan(cell_tuning(passes, N_CELLS, DT_S, beyond).rate_Hz).all()
    assert np.isnan(decoding_error(passes, N_CELLS, DT_S, beyond).constant_rms_cm)


def test_a_window_visited_in_part_leaves_the_rest_undefined():
    cells = cell_tuning(sweeps(PERFECT_CM, n_passes=2), N_CELLS, DT_S, (0.0, 9.0))
    assert np.isfinite(cells.rate_Hz[:, :25]).all() and np.isnan(cells.rate_Hz[:, 25:]).all()
    assert np.nanmax(cells.preferred_cm) < 4.5


@pytest.mark.parametrize("window", [(4.0, 0.0), (1.0, 1.0)])
def test_a_window_without_width_is_refused(window):
    for measure in (aligned_map, cell_tuning, decoding_error):
        with pytest.raises(ValueError, match="a < b"):
            measure(silent(2), N_CELLS, DT_S, window)


# Symmetries.

TEST = sweeps(SHUFFLED_CM * 0.3 + PERFECT_CM * 0.7, n_passes=4, peak_hz=30)


@settings(max_examples=10, deadline=None)
@given(shift=st.integers(0, N_CELLS - 1), mirrored=st.booleans())
def test_turning_and_mirroring_the_cells_changes_no_aligned_score(shift, mirrored):
    def relabelled(index):
        return ((-index if mirrored else index) + shift) % N_CELLS

    passes = [one._replace(index=relabelled(one.index)) for one in TEST]
    before, after = aligned(TEST), aligned(passes)
    scores = ("sigma_theta_rad", "rms_error_rad", "rms_error_cm", "valid_fraction")
    for name in scores:
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-6)
    assert after.reflected == tuple(r != mirrored for r in before.reflected)
    assert order(passes).order == pytest.approx(order(TEST).order)
    assert flat(decoding(passes)) == pytest.approx(flat(decoding(TEST)), rel=1e-6)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_spikes_in_memory_changes_nothing(seed):
    rng, passes = np.random.default_rng(seed), []
    for one in TEST:
        new = rng.permutation(one.step.size)
        passes.append(Pass(one.step[new], one.index[new], one.x_cm))
    assert flat(aligned(passes)) == pytest.approx(flat(aligned(TEST)), nan_ok=True)
    assert (tuning(passes).rate_Hz == tuning(TEST).rate_Hz).all()


def test_the_same_seed_gives_the_same_chance():
    a, b, c = (aligned(TEST, n_permutations=5, seed=s).permuted_rad for s in (1, 1, 2))
    assert a == b != c
    d, e, f = (order(TEST, seed=s, n_permutations=20).order_permuted for s in (1, 1, 2))
    assert d == e != f
