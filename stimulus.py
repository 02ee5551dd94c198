"""The outside world: dipole flow past a lateral line, and dots that move over an image.

    python stimulus.py               # draws it, as `ll_stdp_brian2.py stimulus` does

A door: everything stands in `stimuli`, one subject a file, and can be imported from here. To
replace a name in a test, replace it in the file where it is used. NumPy only.
"""

if __name__ == "__main__":  # before NumPy is imported, which may be missing
    import runpy
    import sys
    from pathlib import Path

    sys.argv.insert(1, "stimulus")
    runpy.run_path(str(Path(__file__).with_name("ll_stdp_brian2.py")), run_name="__main__")

from stimuli.dots import (
    NEVER,
    DotParams,
    Launch,
    Path,
    dot_path,
    first_launch,
    is_held_out,
    launch,
    loop_number,
    off_windows,
    on_loop,
    period,
    relaunch_moves,
    together,
)
from stimuli.flow import (
    CHOLESKY_REGULARISER,
    DEFAULT_STIMULUS,
    MIN_RHO_SQUARED_CM2,
    RATE_MODES,
    Finite,
    NotNegative,
    Positive,
    StimulusParams,
    add_test_noise,
    apply_rate_mode,
    hydrodynamic_velocity_parallel,
    ll_rates,
    neuromast_positions,
    noise_factor,
)
from stimuli.frames import (
    MIN_DISTANCE_CM,
    SWEEP_MARGIN_CM,
    Frames,
    frame_rates,
    hold_steps,
    training_frames,
    training_positions,
    training_steps,
)
from stimuli.sweeps import n_test_steps, test_frames
from stimuli.tables import (
    MIN_SPEED_CM_S,
    STANDALONE_MARGIN_CM,
    make_test_rates,
    make_test_rates_held_snapshots,
    make_training_rates,
    simulate_lateral_line,
)

__all__ = [name for name in dir() if not name.startswith("_")]
