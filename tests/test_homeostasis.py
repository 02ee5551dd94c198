"""Slow rescaling of summed input, against the formulas of sections 4.4 and 4.5 in NumPy.

The small network has trials of 200 steps and a period of 2 trials: rescaling is due at the
first step of trials 2, 4, ... . A block of that one step, with learning off, does nothing else
to the weights. It is run where it takes least; the last test compares the bits of two backends.
"""

import numpy as np
import pytest

from models.lateral_line.values import NEVER, homeostasis
from tests.conftest import small_params

TRIAL = 200
DUE, NOT_DUE = 2 * TRIAL, 3 * TRIAL
EVERY_WEIGHT = ("ll_mon.w", "mon_ts.w")

# Sums of a few dozen terms in one order here and in another there: 100 roundings of 2**-53.
ROUNDING = 1e-14


def rescaled(w, j, n, eta, target, w_max):
    """w*clip(1 + eta*(T/S_j - 1), 0.9, 1.1), cut at w_max; `target` a number or a function of S."""
    sums = np.bincount(j, weights=w, minlength=n)
    factor = np.ones(n)
    has_input = sums > 1e-12
    t = target(sums[has_input]) if callable(target) else target
    factor[has_input] = np.clip(1 + eta * (t / sums[has_input] - 1), 0.9, 1.1)
    return np.clip(w * factor[j], 0, w_max)


def expected_weights(bench, state, eta_mon, eta_ts, *, mon_ts_target=np.mean):
    p, contacts = bench.params, bench.model.wiring
    initial = bench.start()["ll_mon.w"]
    ll_mon_target = np.bincount(contacts["ll_mon.j"], weights=initial).mean()  # all have input
    return {
        "ll_mon.w": rescaled(
            *(state["ll_mon.w"], contacts["ll_mon.j"], p.n_mon),
            *(eta_mon, ll_mon_target, p.ll_mon_wmax_mV * 1e-3),
        ),
        "mon_ts.w": rescaled(
            *(state["mon_ts.w"], contacts["mon_ts.j"], p.n_ts),
            *(eta_ts, mon_ts_target, p.mon_ts_wmax),
        ),
    }


def etas(eta_mon, eta_ts):
    return {"mon.homeo_eta": eta_mon, "ts.homeo_eta": eta_ts}


def frozen_step(bench, state, step, change=None, n_steps=1):
    return bench.block(state, step, n_steps, learn=False, change=change)


def assert_weights(found: dict, expected: dict):
    for name in EVERY_WEIGHT:
        np.testing.assert_allclose(found[name], expected[name], rtol=ROUNDING, err_msg=name)


def assert_untouched(found: dict, state: dict):
    for name in EVERY_WEIGHT:
        assert found[name].tobytes() == state[name].tobytes(), name


@pytest.fixture
def uneven(quick_bench):
    """Weights as after some learning: of all sizes, other sums than at the start."""
    rng = np.random.default_rng(11)
    state = quick_bench.start()
    state["ll_mon.w"] = rng.uniform(0, 15e-3, state["ll_mon.w"].size)
    state["mon_ts.w"] = rng.uniform(0, 0.020, state["mon_ts.w"].size)
    return state


# when


@pytest.mark.parametrize("step", [0, TRIAL, NOT_DUE, 5 * TRIAL])
def test_weights_stay_bit_for_bit_where_no_rescaling_is_due(quick_bench, uneven, step):
    after = frozen_step(quick_bench, uneven, step, etas(0.5, 0.5)).state
    assert_untouched(after, uneven)


@pytest.mark.parametrize("step", [DUE, 4 * TRIAL])
def test_rescaling_is_due_at_the_start_of_every_second_trial(quick_bench, uneven, step):
    after = frozen_step(quick_bench, uneven, step, etas(0.1, 0.05)).state
    assert_weights(after, expected_weights(quick_bench, uneven, 0.1, 0.05))


def test_periods_of_the_two_projections_are_their_own(quick_bench, uneven):
    periods = {"mon.homeo_every": 3, "ts.homeo_every": 2}
    expected = expected_weights(quick_bench, uneven, 0.1, 0.05)
    at_2 = frozen_step(quick_bench, uneven, 2 * TRIAL, etas(0.1, 0.05) | periods).state
    assert_weights(at_2, {"ll_mon.w": uneven["ll_mon.w"], "mon_ts.w": expected["mon_ts.w"]})
    at_3 = frozen_step(quick_bench, uneven, 3 * TRIAL, etas(0.1, 0.05) | periods).state
    assert_weights(at_3, {"ll_mon.w": expected["ll_mon.w"], "mon_ts.w": uneven["mon_ts.w"]})


def test_a_block_of_many_trials_rescales_at_its_due_trials_only(quick_bench, uneven):
    """Trials 1, 2 and 3 with learning off: once, at the start of trial 2."""
    after = frozen_step(quick_bench, uneven, TRIAL, etas(0.1, 0.05), n_steps=3 * TRIAL)
    assert after.counts["mon"] > 0
    assert_weights(after.state, expected_weights(quick_bench, uneven, 0.1, 0.05))


def test_rescaling_comes_before_the_spikes_of_its_step(quick_bench, uneven):
    """All MON cells fire in the due step and deliver rescaled weights."""
    bench, n_mon, n_ts = quick_bench, quick_bench.params.n_mon, quick_bench.params.n_ts
    state = uneven | {
        "mon.v": np.full(n_mon, -20e-3),  # far above threshold, also after one Euler step
        "ts_background.next_event": np.full(n_ts, NEVER),
    }
    after = frozen_step(bench, state, DUE, etas(0.5, 0.5))
    assert after.counts["mon"] == n_mon
    w = expected_weights(bench, uneven, 0.5, 0.5)["mon_ts.w"]
    gain = bench.params.mon_ts_gain_mV * 1e-3
    j = bench.model.wiring["mon_ts.j"]
    delivered = gain * np.bincount(j, weights=w, minlength=n_ts)
    np.testing.assert_allclose(after.state["ts.g_e"], delivered, rtol=ROUNDING)
    before = gain * np.bincount(j, weights=uneven["mon_ts.w"], minlength=n_ts)
    assert np.abs(delivered / before - 1).max() > 0.05  # the two can be told apart


def test_due_trials_are_counted_from_the_start_of_the_training(quick_bench, uneven):
    """A block that starts at a due trial rescales; so does one that reaches it."""
    there = frozen_step(quick_bench, uneven, DUE, etas(0.1, 0.1)).state
    along = frozen_step(quick_bench, uneven, DUE - TRIAL, etas(0.1, 0.1), n_steps=TRIAL + 1).state
    for name in EVERY_WEIGHT:
        np.testing.assert_array_equal(there[name], along[name])


# how much


@pytest.mark.parametrize("eta", [0.001, 0.005, 0.3])
def test_weights_follow_the_formulas(quick_bench, uneven, eta):
    after = frozen_step(quick_bench, uneven, DUE, etas(eta, eta)).state
    assert_weights(after, expected_weights(quick_bench, uneven, eta, eta))
    for name in EVERY_WEIGHT:
        assert (after[name] != uneven[name]).any()


def test_ll_mon_is_drawn_to_the_initial_sum_and_mon_ts_to_the_present_mean(quick_bench, uneven):
    """With eta = 1 and gentle weights one rescaling arrives: S_j = T."""
    bench, contacts = quick_bench, quick_bench.model.wiring
    start = bench.start()
    state = start | {"ll_mon.w": 0.95 * start["ll_mon.w"], "mon_ts.w": 0.95 * start["mon_ts.w"]}
    into_mon = np.bincount(contacts["ll_mon.j"], weights=state["ll_mon.w"])
    scale_to_target = bench.wiring.ll_mon_target_mV * 1e-3 / into_mon
    reached = (scale_to_target > 0.9) & (scale_to_target < 1.1)
    after = frozen_step(bench, state, DUE, etas(1.0, 1.0)).state
    sums = np.bincount(contacts["ll_mon.j"], weights=after["ll_mon.w"])
    uncut = np.bincount(contacts["ll_mon.j"], weights=after["ll_mon.w"] == 20e-3) == 0
    assert (reached & uncut).sum() > 10
    np.testing.assert_allclose(
        sums[reached & uncut], bench.wiring.ll_mon_target_mV * 1e-3, rtol=ROUNDING
    )
    into_ts = np.bincount(contacts["mon_ts.j"], weights=state["mon_ts.w"])
    scale = into_ts.mean() / into_ts
    sums = np.bincount(contacts["mon_ts.j"], weights=after["mon_ts.w"])
    near = (scale > 0.9) & (scale < 1.1)
    assert near.sum() > 3
    # not 1/0.95 of it: the mean is the present one
    np.testing.assert_allclose(sums[near], into_ts.mean(), rtol=ROUNDING)


def test_mon_ts_is_drawn_to_the_initial_mean_if_asked(quick_bench, uneven):
    target = quick_bench.wiring.mon_ts_target
    fixed = etas(0.0, 0.1) | {"ts_mean.fixed_target": target}
    after = frozen_step(quick_bench, uneven, DUE, fixed).state
    expected = expected_weights(quick_bench, uneven, 0.0, 0.1, mon_ts_target=target)
    assert_weights(after, expected)
    current = expected_weights(quick_bench, uneven, 0.0, 0.1)
    assert not np.allclose(expected["mon_ts.w"], current["mon_ts.w"], rtol=1e-3)


def test_the_initial_mean_option_gives_the_network_the_initial_mean(small, quick_bench):
    wiring = quick_bench.wiring
    assert homeostasis(small, wiring)["ts_mean.fixed_target"] == 0
    asked = small_params(mon_ts_homeo_target="initial-mean")
    j = quick_bench.model.wiring["mon_ts.j"]
    mean = np.bincount(j, weights=quick_bench.start()["mon_ts.w"]).mean()
    assert homeostasis(asked, wiring)["ts_mean.fixed_target"] == pytest.approx(mean, rel=ROUNDING)


def test_one_rescaling_changes_a_weight_by_a_tenth_at_most(quick_bench, uneven):
    state = uneven | {
        "ll_mon.w": uneven["ll_mon.w"] * np.linspace(0.01, 1, uneven["ll_mon.w"].size),
        "mon_ts.w": uneven["mon_ts.w"] * np.linspace(0.01, 1, uneven["mon_ts.w"].size),
    }
    j = quick_bench.model.wiring["mon_ts.j"]
    state["mon_ts.w"] = np.where(j % 2, 0.1, 1.0) * state["mon_ts.w"]
    after = frozen_step(quick_bench, state, DUE, etas(50.0, 50.0)).state
    for name in EVERY_WEIGHT:
        ratio = after[name] / state[name]
        assert ratio.min() == pytest.approx(0.9 if name == "mon_ts.w" else 1.1, rel=ROUNDING)
        assert ratio.max() == pytest.approx(1.1, rel=ROUNDING)
    heavy = uneven | {"ll_mon.w": np.full(uneven["ll_mon.w"].size, 19e-3)}
    after = frozen_step(quick_bench, heavy, DUE, etas(50.0, 0.0)).state
    np.testing.assert_allclose(after["ll_mon.w"], 0.9 * 19e-3, rtol=ROUNDING)


def test_rescaled_weights_stop_at_w_max(quick_bench, uneven):
    state = uneven | {"ll_mon.w": np.full(uneven["ll_mon.w"].size, 1e-4)}
    state["ll_mon.w"][::3] = 19.9e-3
    after = frozen_step(quick_bench, state, DUE, etas(1.0, 1.0) | {"mon_ts.w_max": 0.019}).state
    expected = expected_weights(quick_bench, state, 1.0, 1.0)
    expected["mon_ts.w"] = np.minimum(expected["mon_ts.w"], 0.019)
    assert_weights(after, expected)
    assert (after["ll_mon.w"] == 20e-3).any()
    assert (after["mon_ts.w"] == 0.019).any()


def test_cells_without_input_are_left_out_of_the_mean(quick_bench, uneven):
    """TS cells whose weights are all 0 keep them and do not lower the target of the others."""
    j = quick_bench.model.wiring["mon_ts.j"]
    state = uneven | {"mon_ts.w": np.where(j < 5, 0.0, uneven["mon_ts.w"])}
    after = frozen_step(quick_bench, state, DUE, etas(0.0, 0.1)).state
    assert_weights(after, expected_weights(quick_bench, state, 0.0, 0.1))
    assert (after["mon_ts.w"][j < 5] == 0).all()


def test_a_network_without_weight_stays_without(quick_bench, uneven):
    empty = {name: np.zeros(uneven[name].size) for name in EVERY_WEIGHT}
    after = frozen_step(quick_bench, uneven | empty, DUE, etas(0.5, 0.5)).state
    for name in EVERY_WEIGHT:
        assert (after[name] == 0).all()


def test_eta_0_leaves_the_bits(quick_bench, uneven):
    assert_untouched(frozen_step(quick_bench, uneven, DUE, etas(0.0, 0.0)).state, uneven)
    off = quick_bench.block(uneven, DUE, 1, learn=False, homeostasis=False).state
    assert_untouched(off, uneven)


def test_rescaling_spares_everything_but_the_weights(quick_bench, uneven):
    """In a step without spikes, which would carry the rescaled weights on."""
    quiet = dict(uneven)
    for name in ("mon_background.next_event", "ts_background.next_event"):
        quiet[name] = np.full(uneven[name].size, NEVER)
    change = {"ll.r_0": 0.0, "ll.A": 0.0}  # no spikes at all
    on = frozen_step(quick_bench, quiet, DUE, etas(0.5, 0.5) | change)
    off = frozen_step(quick_bench, quiet, DUE, etas(0.0, 0.0) | change)
    assert sum(on.counts.values()) == 0
    for name in set(on.state) - set(EVERY_WEIGHT):
        np.testing.assert_array_equal(on.state[name], off.state[name], err_msg=name)
    assert (on.state["ll_mon.w"] != off.state["ll_mon.w"]).any()


@pytest.mark.compiler
def test_the_compiled_program_rescales_to_the_same_bits(numpy_bench, cpp_bench, uneven):
    change = etas(0.3, 0.3)
    compiled = frozen_step(cpp_bench, uneven, DUE, change).state
    here = frozen_step(numpy_bench, uneven, DUE, change).state
    for name in EVERY_WEIGHT:
        assert compiled[name].tobytes() == here[name].tobytes()
