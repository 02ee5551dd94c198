"""Numbers of a lateral line: how good its map is, over the scored path and over the body.

The path is all of it, or its evaluation window. A `sigma_theta` counts if enough was decoded for it
to mean a map.
"""

from __future__ import annotations

from dataclasses import replace

from driver.experiment.metric import Metric, MetricTable
from models.lateral_line.metrics import USABLE_VALID_FRACTION

SIGMA, DELTA = "σ_θ", "Δ_trial"
SHARE, VALID = (0.0, 1.0), "valid fraction (1)"
PATH = Metric(
    "sigma_theta_rad",
    label=f"{SIGMA} over the path",
    unit="rad",
    symbol=SIGMA,
    valid="valid_fraction_window",
    valid_from=USABLE_VALID_FRACTION,
)
BODY = replace(
    PATH,
    name="sigma_theta_body_rad",
    label=f"{SIGMA} over the body",
    valid="valid_fraction_body_window",
)
TABLE = MetricTable(
    (
        PATH,
        Metric("delta_trial_rad", unit="rad", symbol=DELTA),
        Metric("valid_fraction"),
        BODY,
        Metric("delta_trial_body_rad", unit="rad", symbol=DELTA),
        Metric("valid_fraction_body"),
        Metric("valid_fraction_body_window", symbol=VALID, limits=SHARE),
        Metric(
            "valid_fraction_window",
            label="decoded share of the path (of the evaluation window, if one was set)",
            symbol=VALID,
            limits=SHARE,
        ),
        Metric("usable_map"),
        Metric("silent"),
        Metric("ts_spikes", "spikes.ts", digits=0, key=False),
    ),
    title="the lateral line",
)
