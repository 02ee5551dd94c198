#!/usr/bin/env python3
"""Lateral line: LL -> MON -> TS, learning a map of source position.

    python ll_stdp_brian2.py --mode ll_fast
    python ll_stdp_brian2.py status

Reads the flags, hands over to `models.lateral_line`, returns an exit status: 0 done, 1 failed,
2 usage error, 130 interrupted. The public names of the model can be imported from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from driver import door

PUBLIC = {
    "NetworkParams": "models.lateral_line.params",
    "apply_model_mode": "models.lateral_line.presets",
    "StimulusParams": "stimulus",
    "hydrodynamic_velocity_parallel": "stimulus",
    "simulate_lateral_line": "stimulus",
    "make_training_rates": "stimulus",
    "make_test_rates": "stimulus",
    "make_test_rates_held_snapshots": "stimulus",
    "build_ll_to_mon_indices": "models.lateral_line.wiring",
    "build_mon_to_ts_indices": "models.lateral_line.wiring",
    "pv_map_quality_from_ts_spikes": "models.lateral_line.metrics",
    "estimate_stabilization_time": "models.lateral_line.metrics",
    "load_run": "models.lateral_line.again",
    "run_spatial_two_stage_model": "models.lateral_line.in_memory",
    "save_learning_artifacts": "models.lateral_line.artifacts",
}


__getattr__, __dir__ = door.public("models.lateral_line", PUBLIC)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    return door.main("models.lateral_line", argv)


if __name__ == "__main__":
    door.start(main)
