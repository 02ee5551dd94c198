"""What a run folder of the lateral line looks like."""

from __future__ import annotations

from driver.run.format import Format
from models.lateral_line.params import NetworkParams
from stimulus import StimulusParams


def parts(mode: str) -> dict[str, type]:
    """Parameters by their name in ``params.json``; the same in every preset."""
    return {"network_params": NetworkParams, "stimulus_params": StimulusParams}


FORMAT = Format(
    prog="ll_stdp_brian2.py",
    parts=parts,
    later=frozenset({"mon_ts_gain_test_mV"}),  # its default is how it was before
)
