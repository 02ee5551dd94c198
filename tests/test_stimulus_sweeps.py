"""The test: a sweep or held snapshots, its noise, and the random streams of all."""

import numpy as np
import pytest

from stimuli import sweeps
from stimuli.flow import StimulusParams, neuromast_positions
from stimuli.frames import frame_rates, training_frames
from stimuli.sweeps import n_test_steps
from stimuli.tables import make_test_rates, make_test_rates_held_snapshots, simulate_lateral_line
from tests.stimulus_bench import NO_NOISE, RANDOM, SMALL, STIMULUS, network, whole_training

# The sweep and the held test


def test_thesis_sweep_runs_past_both_ends():
    sweep = make_test_rates(network())
    assert n_test_steps(network()) == len(sweep["t_s"]) == 1000
    assert sweep["X_cm"][[0, -1]] == pytest.approx([-0.5, 4.495])
    assert np.diff(sweep["X_cm"]) == pytest.approx(np.full(999, 0.005))
    assert (sweep["Y_cm"] == 0.8).all()
    assert (sweep["U_cm_s"], sweep["D_cm"], sweep["direction"]) == (5.0, 0.8, 1.0)


def test_backward_sweep_mirrors_the_forward_one():
    forward = make_test_rates(network(direction=0.0), NO_NOISE)
    backward = make_test_rates(network(direction=-3.0), NO_NOISE)
    assert (forward["direction"], backward["direction"]) == (1.0, -1.0)
    assert backward["X_cm"][[0, -1]] == pytest.approx([4.5, -0.495])
    assert backward["v_cm_s"] == pytest.approx(-forward["v_cm_s"][:, ::-1], abs=1e-12)


def test_fast_sweep_leaves_the_last_half_centimetre_out():
    x = make_test_rates(network(test_path_cm=4.0))["X_cm"]
    assert len(x) == 800
    assert x[-1] == pytest.approx(3.495)


def test_sweep_rates_are_field_plus_noise():
    sweep = make_test_rates(network())
    expected = np.clip(40 + 300 * sweep["v_cm_s"] + sweep["eta_hz"], 0, 200)
    assert sweep["rates_hz"] == pytest.approx(expected)
    assert sweep["eta_hz"].any()
    frames = sweeps.test_frames(network(), STIMULUS)
    assert (frames.first_step, frames.frame_steps, frames.n_frames) == (0, 1, 1000)
    assert frames.zeta_hz is None
    assert np.array_equal(frame_rates(frames, network(), STIMULUS), sweep["rates_hz"])
    assert sweeps.test_frames(network(), NO_NOISE).eta_hz is None


def test_held_test_visits_every_position_once():
    params = network(test_using_held_snapshots=True)
    frames = sweeps.test_frames(params, STIMULUS)
    assert n_test_steps(params) == 5000
    assert (frames.first_step, frames.frame_steps, frames.n_frames) == (0, 50, 100)
    assert np.array_equal(frames.x_cm, neuromast_positions(100, 4.0))
    assert (frames.d_cm == 0.8).all()
    table = make_test_rates_held_snapshots(network())
    assert np.array_equal(table["X_cm"], np.repeat(frames.x_cm, 50))
    assert list(table) == list(make_test_rates(network())) == list(simulate_lateral_line())
    per_frame = frame_rates(frames, params, STIMULUS)
    assert np.array_equal(table["rates_hz"], np.repeat(per_frame, 50, axis=0))


def test_held_test_and_training_share_rules_but_no_random_numbers():
    params = network(**RANDOM, test_using_held_snapshots=True)
    test = sweeps.test_frames(params, STIMULUS)
    training = training_frames(params, STIMULUS, 0, 5000)
    assert np.array_equal(np.sort(test.x_cm), np.sort(training.x_cm))
    for name in ("x_cm", "d_cm", "eta_hz"):
        assert not np.array_equal(getattr(test, name), getattr(training, name)), name
    # The switch is measured within the test: factor 0.5 in its first half, 1 in its second.
    # 50 snapshots of 100 correlated afferents: some 5 independent values each, so SDs are
    # known to about 5 %, and a ratio of two is far from 1.
    assert test.eta_hz[50:].std() / test.eta_hz[:50].std() > 1.5


@pytest.mark.parametrize("held", [False, True])
def test_extra_test_noise_is_white_and_beyond_the_ceiling(held):
    params = network(test_using_held_snapshots=held, test_ll_noise_hz=30.0)
    quiet = network(test_using_held_snapshots=held)
    frames = sweeps.test_frames(params, STIMULUS)
    assert frames.frame_steps == 1
    assert frames.zeta_hz.shape == (n_test_steps(params), 100)
    # 100 000 values or more: SD known to 0.22 %, correlations to 0.3 %; 5 SD.
    assert frames.zeta_hz.std() == pytest.approx(30, rel=0.012)
    for product in (
        frames.zeta_hz[1:] * frames.zeta_hz[:-1],
        frames.zeta_hz[:, 1:] * frames.zeta_hz[:, :-1],
    ):
        assert abs(product.mean()) < 0.016 * 900
    rates = frame_rates(frames, params, STIMULUS)
    assert rates.min() == 0
    assert rates.max() > 200
    without = sweeps.test_frames(quiet, STIMULUS).per_step(n_test_steps(quiet))
    before = frame_rates(without, quiet, STIMULUS)
    assert np.array_equal(rates, np.maximum(0, before + frames.zeta_hz))


# Noise


def independent_sweep_noise(n_ll, dt_s, duration_s):
    """Sweep noise of afferents further apart than it is correlated."""
    params = network(n_ll=n_ll, dt_s=dt_s, test_path_cm=5.0 * duration_s)
    return make_test_rates(params, StimulusParams(l_noise_cm=1e-3))["eta_hz"]


def test_sweep_noise_begins_quiet():
    eta = independent_sweep_noise(n_ll=500, dt_s=0.001, duration_s=0.6)
    # SD over 500 afferents: relative error 1/sqrt(1000) = 3.2 %; 5 of these.
    share = 0.001 / 0.1
    assert eta[0].std() == pytest.approx(10 * np.sqrt(2 * share), rel=0.16)
    # After six correlation times the start is forgotten to exp(-12).
    assert eta[-1].std() == pytest.approx(10.025, rel=0.16)


def test_sweep_noise_has_the_stationary_sd_and_correlation_of_the_recursion():
    # A coarse step sets the recursion (SD 1.1547 sigma) apart from the exact process (sigma).
    eta = independent_sweep_noise(n_ll=20, dt_s=0.05, duration_s=500.0)[20:]
    # 200 000 values, correlation 0.5 per step: SD known to 0.2 %, correlation to 0.002; 5 SD.
    assert eta.std() == pytest.approx(10 / np.sqrt(1 - 0.05 / 0.2), rel=0.01)
    assert (eta[1:] * eta[:-1]).mean() / eta.var() == pytest.approx(0.5, abs=0.01)
    assert 1 / np.sqrt(1 - 0.001 / 0.2) == pytest.approx(1.0025, abs=5e-5)  # thesis step


def test_sweep_noise_shorter_than_a_step_is_an_error():
    with pytest.raises(ValueError, match="tau_noise_s = 0.0005.*dt_s = 0.001"):
        make_test_rates(network(), StimulusParams(tau_noise_s=0.0005))


# Random streams


def random_parts(**changes):
    """Everything random that these parameters lead to."""
    params = network(**SMALL | RANDOM | dict(test_ll_noise_hz=5.0) | changes)
    training, test = whole_training(params), sweeps.test_frames(params, STIMULUS)
    return {
        "order": training.x_cm,
        "distance": training.d_cm,
        "training noise": training.eta_hz,
        "sweep noise": test.eta_hz,
        "extra noise": test.zeta_hz,
    }


def test_a_seed_fixes_everything_and_another_changes_everything():
    first, again, other = random_parts(), random_parts(), random_parts(seed=124)
    for name, values in first.items():
        assert np.array_equal(values, again[name]), name
        assert not np.array_equal(values, other[name]), name


def test_one_source_of_chance_leaves_the_others_alone():
    first = random_parts()
    for changes, changed in [
        ({"test_ll_noise_hz": 6.0}, {"extra noise"}),
        ({"training_ordered_sweeps": True}, {"order"}),
        ({"training_distance_max_cm": 1.9}, {"distance"}),
        ({"training_noise_scale_late": 2.0}, {"training noise"}),
    ]:
        now = random_parts(**changes)
        differing = {name for name in first if not np.array_equal(first[name], now[name])}
        assert differing == changed


# Passes of the test


def frames_of(number, **changes):
    return sweeps.test_frames(network(**PASSES | changes), STIMULUS, number)


PASSES = dict(n_ll=20, test_ll_noise_hz=5.0)
SAME = ("x_cm", "d_cm", "direction", "eta_hz", "zeta_hz")
HELD = dict(
    test_using_held_snapshots=True,
    training_noise_scale_early=0.5,
    training_noise_scale_late=1.0,
    training_distance_max_cm=1.8,
    training_position_hold_s=0.01,
)


def same_bits(one, other, *names) -> bool:
    arrays = [(getattr(one, name), getattr(other, name)) for name in names or SAME]
    return all(np.array_equal(a, b) for a, b in arrays)


@pytest.mark.parametrize("kind", [{}, HELD, HELD | {"training_ordered_sweeps": False}])
def test_the_first_pass_is_the_test_of_one_pass(kind):
    """Whatever passes come after it: also where the noise of held snapshots switches."""
    only = frames_of(0, **kind, test_passes=1)
    for changes in ({"test_passes": 5}, {"test_passes": 2, "test_there_and_back": True}):
        first = frames_of(0, **kind, **changes)
        assert same_bits(first, only)
        assert (first.first_step, first.frame_steps) == (only.first_step, only.frame_steps)


@pytest.mark.parametrize("kind", [{}, HELD])
def test_later_passes_have_noise_of_their_own_that_does_not_depend_on_their_number(kind):
    passes = [frames_of(k, **kind, test_passes=4) for k in range(4)]
    for k, one in enumerate(passes):
        assert same_bits(one, frames_of(k, **kind, test_passes=k + 1))
        for other in passes[:k]:
            for name in ("eta_hz", "zeta_hz"):
                # of thousands of values none is drawn twice
                assert not np.intersect1d(getattr(one, name), getattr(other, name)[1:]).any(), name
        assert same_bits(one, passes[0], "x_cm", "direction")
        assert one.first_step == k * n_test_steps(network(**PASSES | kind))


def test_the_noise_of_held_snapshots_switches_within_each_pass():
    """Quiet in its first half, loud in its second."""
    for k in range(3):
        eta = frames_of(k, **HELD | {"training_noise_scale_early": 0.0}, test_passes=3).eta_hz
        half = len(eta) // 2
        assert (eta[:half] == 0).all() and (eta[half:] != 0).any(axis=1).all()


def test_a_later_pass_begins_in_the_noise_of_the_one_before():
    """The first begins quiet; the others at the stationary SD."""
    first, second = (
        sweeps.test_frames(network(n_ll=500), StimulusParams(l_noise_cm=1e-3), k).eta_hz[0].std()
        for k in (0, 1)
    )
    # SD over 500 afferents: relative error 1/sqrt(1000) = 3.2 %; 5 of these.
    assert first == pytest.approx(10 * np.sqrt(2 * 0.01), rel=0.16)
    assert second == pytest.approx(10, rel=0.16)


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_there_and_back_is_the_same_way_with_the_flow_of_that_direction(direction):
    there, back, again = (
        frames_of(k, direction=direction, test_passes=3, test_there_and_back=True) for k in range(3)
    )
    step_cm = direction * 0.005
    assert back.x_cm[0] == pytest.approx(there.x_cm[-1] + step_cm)  # it turns there
    assert back.x_cm[:-1] == pytest.approx(there.x_cm[:0:-1] + step_cm)
    assert again.x_cm == pytest.approx(there.x_cm)
    assert (there.direction == direction).all() and (back.direction == -direction).all()
    assert same_bits(again, there, "x_cm", "direction", "d_cm")
    one_way = frames_of(1, direction=direction, test_passes=3)
    assert same_bits(one_way, there, "x_cm", "direction")
    assert same_bits(one_way, back, "eta_hz", "zeta_hz")  # noise does not depend on the way


def test_held_passes_go_back_only_if_they_are_asked_to():
    xi = neuromast_positions(20, 4.0)

    def held(k, **changes):
        frames = frames_of(k, **HELD, test_passes=4, **changes)
        return frames.x_cm[::10], frames.direction[::10]

    for k in range(4):
        x_cm, direction = held(k)
        assert np.array_equal(x_cm, xi) and (direction == 1).all()
        x_cm, direction = held(k, test_there_and_back=True)
        back = k % 2 == 1
        assert np.array_equal(x_cm, xi[::-1] if back else xi)
        assert (direction == (-1 if back else 1)).all()


def test_shuffled_held_passes_visit_every_position_in_orders_of_their_own():
    shuffled = HELD | {"training_ordered_sweeps": False, "test_there_and_back": True}
    passes = [frames_of(k, **shuffled, test_passes=3) for k in range(3)]
    orders = [frames.x_cm[::10] for frames in passes]
    for k, order in enumerate(orders):
        assert np.array_equal(np.sort(order), neuromast_positions(20, 4.0))
        assert not any(np.array_equal(order, other) for other in orders[:k])
        assert (passes[k].direction == (-1) ** k).all()
