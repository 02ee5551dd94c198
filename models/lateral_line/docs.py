"""What the pages have from the code of the lateral line, see `tools.pages`."""

from __future__ import annotations

from driver.report.tables import (
    array_table,
    equation_text,
    file_table,
    flag_table,
    preset_table,
    shared_flags,
)
from models.lateral_line import equations
from models.lateral_line.options import WITHOUT_FLAG, RunOptions
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import ABOUT, PRESETS
from stimulus import StimulusParams

FILES = {
    "params.json": "every parameter, flags as typed, values that were moved, versions; comes first",
    "run_summary.json": "the judged numbers, trained, untrained and their difference; written "
    "last: its presence means that the run is complete",
    "artifacts/seed_<s>_results.json": "every number of one seed",
    "artifacts/<tag>_seed_<s>.npz": "wiring and weights, before and after training",
    "artifacts/<tag>_seed_<s>_params.json": "sidecar: all parameters of these weights",
    "artifacts/seed_<s>_recordings.npz": "spikes, series and decoded angles: what figures are "
    "drawn from",
    "artifacts/mid_checkpoint_seed_<s>.npz": "full state and its checksum, for `--resume-from`",
    "artifacts/mid_checkpoint_seed_<s>.npz.bak": "the checkpoint before, should that be damaged",
    "artifacts/seed_<s>_status.json": "phase, trial, time left, last metrics, memory: for `status`",
    "figures/*.png": "the figures, 180 dpi; of several seeds each has its own, and the names "
    "without a seed are links to those of the first",
    "report.html": "one page about the run, for a browser; needs no network",
}

WEIGHT_ARRAYS = {
    "mon_ts_w": ("float (n_mon*K,)", "1", "MON -> TS weights after training"),
    "mon_ts_w_init": ("float (n_mon*K,)", "1", "before training"),
    "mon_ts_i, mon_ts_j": ("int (n_mon*K,)", "", "MON source, TS target"),
    "ll_mon_w_mV": ("float (n_mon*K,)", "mV", "LL -> MON weights after training, or those tested"),
    "ll_mon_w_init_mV": ("float (n_mon*K,)", "mV", "before training"),
    "ll_mon_i, ll_mon_j": ("int (n_mon*K,)", "", "LL source, MON target"),
    "schema_version, seed, trial_idx": ("int ()", "", "`trial_idx` is the last trial, from 0"),
}
"""By MON cell, K consecutive entries; duplicates are separate synapses."""

RECORDED_ARRAYS = {
    **{
        f"{phase}_{name}_i, {phase}_{name}_step": ("int (n_spikes,)", "cell, step", meaning)
        for phase, meaning in (
            ("train", "spikes of the last 2 s of training, or of all; steps from its start"),
            ("test", "spikes of the test, steps from its start"),
            ("untrained", "the same of the untrained twin"),
        )
        for name in ("ll", "mon", "ts", "i_mon", "i_ts")
    },
    "test_x_cm, test_d_cm": ("float (n_t,)", "cm", "source position and distance in the test"),
    "train_x_cm, train_d_cm": ("float (n,)", "cm", "first training snapshots, two passes at most"),
    "passes_x_cm": ("float (n_passes, n_t)", "cm", "source position in every pass of the test"),
    "passes_ts_i, passes_ts_step": (
        "int (n_spikes,)",
        "cell, step",
        "TS spikes of all passes, steps from the start of the first",
    ),
    "untrained_passes_ts_i, untrained_passes_ts_step": (
        "int (n_spikes,)",
        "cell, step",
        "the same of the untrained twin",
    ),
    "map_trial_series": ("int (n_map,)", "1", "trial of each map; 0 is untouched, at most 101"),
    "map_spikes_series": (
        "int (n_map, n_ts, 50)",
        "1",
        "TS spikes since the record before, by position where the source is held in training",
    ),
    "map_steps_series": ("int (n_map, 50)", "1", "steps that it was held there"),
    "pv_sigma_theta_mirrored_series": ("float (n_pv,)", "rad", "the result with TS mirrored"),
    "checkpoint_t_s": ("float (n_rec + 1,)", "s", "time of each record"),
    "w_mean_series, w_std_series": ("float (n_rec + 1,)", "1", "MON -> TS weights: mean, SD"),
    "w_mean_abs_delta_series": ("float (n_rec + 1,)", "1", "mean distance from the start"),
    "w_frac_delta_gt_1e3_series": ("float (n_rec + 1,)", "1", "share that moved over 0.001"),
    "w_mean_abs_step_series": ("float (n_rec + 1,)", "1", "mean distance from the last record"),
    "tracked_weight_series": ("float (n_rec + 1, 24)", "1", "some weights, chosen at random"),
    "ts_ckpt_rate_series": ("float (n_rec,)", "Hz", "TS rate since the last record"),
    "pv_ckpt_t_s": ("float (n_pv,)", "s", "time of each decode in training; 0 is untouched"),
    "pv_sigma_theta_series, pv_delta_trial_series": ("float (n_pv,)", "rad", "its result"),
    "pv_valid_fraction_series": ("float (n_pv,)", "1", "its share of decoded steps"),
    **{
        f"{twin}{window}_{kind}": (shape, unit, f"{meaning}{who}{where}")
        for twin, who in (("", ""), ("untrained_", ", untrained"))
        for window, where in (("pv", ""), ("pv_body", ", body window"), ("pv_ll", ", from LL"))
        for kind, shape, unit, meaning in (
            ("theta_true", "float (n_t,)", "rad", "true angle"),
            ("theta_hat", "float (n_t,)", "rad", "decoded angle"),
            ("delta_theta", "float (n_t,)", "rad", "error"),
            ("theta_bins", "float (M,)", "rad", "bin centres"),
            ("bias_theta", "float (M,)", "rad", "mean error per bin"),
            ("sigma_trial_theta", "float (M,)", "rad", "scatter per bin"),
            ("sigma_theta", "float ()", "rad", "SD of the bias"),
            ("delta_trial", "float ()", "rad", "RMS scatter"),
            ("valid_fraction", "float ()", "1", "share of decoded steps"),
        )
    },
    "schema_version, seed, n_training_steps": ("int ()", "", ""),
    "dt_s": ("float ()", "s", "length of a step"),
}


EQUATIONS = [
    ("Flow and rate of the afferents", equations.LL_FLOW + equations.LL_RATE),
    ("Cells", equations.LIF + equations.TRACE),
    ("A spike is", f"{equations.LIF_THRESHOLD}  ->  {equations.LIF_RESET}; trace += 1"),
    ("LL -> MON, presynaptic spike", equations.LL_MON_ON_PRE),
    ("LL -> MON, postsynaptic spike", equations.LL_MON_ON_POST),
    ("MON -> TS, presynaptic spike", equations.MON_TS_ON_PRE),
    ("MON -> TS, postsynaptic spike", equations.MON_TS_ON_POST),
    ("With --mon-ts-rule messenger instead: the messenger at a TS cell", equations.MESSENGER),
    ("MON -> TS by the messenger, presynaptic spike", equations.MON_TS_MESSENGER_ON_PRE),
    (
        "A TS spike releases the messenger over TS; shares are renewed every trial",
        f"{equations.TS_MESSENGER_ON_PRE}\n{equations.SHARE_SPREAD.strip()}\n"
        f"{equations.SHARE_SCALE}",
    ),
    (
        "Homeostasis of a MON cell, when due: S is its summed input, S_target the initial mean",
        f"{equations.MON_SCALE}\n{equations.LL_MON_RESCALE}",
    ),
    (
        "Homeostasis of a TS cell: S_target is the mean of S now, over cells that have input",
        f"{equations.TS_MEAN_DIVIDE}\n{equations.TS_SCALE}\n{equations.MON_TS_RESCALE}",
    ),
    (
        "Background of a cell: its next spike, by the gaps of a Bernoulli draw per step",
        equations.BACKGROUND_RESET,
    ),
    ("TS -> TS inhibition at ring distance d, 0 < d <= radius", "w = peak*(1 - d/radius)"),
    (
        "Flat inhibition of TS: a count of the spikes of a step, told to all",
        equations.POOL_TELL,
    ),
]
"""Title and code of each part of the model: of the page and of the report."""

PAGES = {
    "docs/lateral_line.md": {
        "lateral line presets": lambda: preset_table(ABOUT),
        "lateral line equations": lambda: equation_text(EQUATIONS),
    },
    "docs/flags.md": {
        "lateral line run flags": lambda: flag_table(RunOptions, hidden=shared_flags(RunOptions)),
        "lateral line flags": lambda: flag_table(NetworkParams, presets=PRESETS),
        "lateral line stimulus flags": lambda: flag_table(StimulusParams, hidden=WITHOUT_FLAG),
    },
    "docs/files.md": {
        "lateral line files": lambda: file_table(FILES),
        "lateral line weight arrays": lambda: array_table(WEIGHT_ARRAYS),
        "lateral line recorded arrays": lambda: array_table(RECORDED_ARRAYS),
    },
}
