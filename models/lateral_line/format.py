"""What a run folder of the lateral line looks like."""

from __future__ import annotations

from driver.run.format import Format
from models.lateral_line.params import NetworkParams
from stimulus import StimulusParams


def parts(mode: str) -> dict[str, type]:
    """Parameters by their name in ``params.json``; the same in every preset."""
    return {"network_params": NetworkParams, "stimulus_params": StimulusParams}


# fields that came later; their defaults are how it was before
LATER = frozenset(
    {
        *("mon_ts_gain_test_mV", "training_positions", "test_passes"),
        "test_there_and_back",
        *("mon_ts_rule", "messenger_rate_start", "messenger_rate_end"),
        *("messenger_tau_ms", "messenger_mean_tau_s"),
        *("messenger_reach_start", "messenger_reach_end", "messenger_shrink_fraction"),
        *("messenger_shuffled", "ts_flat_inh_mV"),
        "keep_training_spikes",
    }
)

FORMAT = Format(
    prog="ll_stdp_brian2.py",
    parts=parts,
    later=LATER,
)
