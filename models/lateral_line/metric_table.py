"""Numbers of a lateral line: how good its map is, over the scored path and over the body.

The path is all of it, or its evaluation window. A `sigma_theta` counts if enough was decoded for it
to mean a map.
"""

from __future__ import annotations

import math
from dataclasses import replace

from driver.experiment.metric import Metric, MetricTable
from models.lateral_line.metrics import USABLE_VALID_FRACTION

SIGMA, DELTA = "σ_θ", "Δ_trial"
SHARE, VALID = (0.0, 1.0), "valid fraction (1)"
POSITIVE = (0.0, math.inf)
PATH = Metric(
    "sigma_theta_rad",
    label=f"{SIGMA} over the path",
    unit="rad",
    symbol=SIGMA,
    valid="valid_fraction_window",
    valid_from=USABLE_VALID_FRACTION,
    limits=POSITIVE,
    better="lower",
)
BODY = replace(
    PATH,
    name="sigma_theta_body_rad",
    label=f"{SIGMA} over the body",
    valid="valid_fraction_body_window",
)
ALIGNED = Metric(
    "aligned_body_rad",
    "map.body.sigma_theta_rad",
    label=f"{SIGMA} aligned, body",
    unit="rad",
    symbol=SIGMA,
    valid="valid_fraction_body_window",
    valid_from=USABLE_VALID_FRACTION,
    limits=POSITIVE,
    better="lower",
    meaning="over all passes of the test, with the better of the two reflections, which is chosen "
    "on one half of the passes and scored on the other; the same over the path",
)
ALIGNED_PATH = replace(
    ALIGNED,
    name="aligned_path_rad",
    path="map.path.sigma_theta_rad",
    label=f"{SIGMA} aligned, path",
    valid="valid_fraction_window",
    meaning="",
)
ORDER = Metric(
    "map_order",
    "map.order",
    label="order of the map",
    symbol="order",
    meaning="rank correlation, over pairs of tuned TS cells, of their distance on the ring of TS "
    "with the distance of the positions that they prefer",
    limits=(-0.2, 1.0),
    better="higher",
)
ALIGNED_READINGS = (
    ALIGNED,
    ALIGNED_PATH,
    ORDER,
    replace(
        ORDER,
        name="map_order_on_line",
        path="map.order_on_line",
        label="order on a line",
        meaning="the same of distances that do not go around: TS and the body have two ends each, "
        "and a map that is turned loses by its seam",
        figures=False,
    ),
    Metric(
        "single_peaked_share",
        "map.single_peaked_share",
        label="cells with one peak (share)",
        symbol="share",
        meaning="share of tuned TS cells whose curve has one peak above half of its height",
        limits=SHARE,
    ),
    Metric(
        "tuning_width_cm",
        "map.tuning_width_cm",
        label="tuning width",
        unit="cm",
        limits=POSITIVE,
        symbol="width",
        meaning="full width at half height of a TS cell's curve, median of the tuned cells",
    ),
    Metric(
        "decoding_error_cm",
        "map.decoding_error_cm",
        label="linear readout, rms error",
        unit="cm",
        limits=POSITIVE,
        symbol="error",
        meaning="rms error of position by a linear readout calibrated on other passes, windows "
        "of 20 ms over the body; a network without order can be read in this way too",
    ),
    Metric(
        "decoding_error_likelihood_cm",
        "map.decoding_error_likelihood_cm",
        label="likelihood readout, rms error",
        unit="cm",
        limits=POSITIVE,
        symbol="error",
        meaning="the same of the most likely position, given Poisson spikes and the tuning curves "
        "of other passes",
        figures=False,
    ),
)  # of runs with several passes of the test
TABLE = MetricTable(
    (
        PATH,
        Metric("delta_trial_rad", unit="rad", symbol=DELTA, limits=POSITIVE),
        Metric("valid_fraction"),
        BODY,
        Metric("delta_trial_body_rad", unit="rad", symbol=DELTA, limits=POSITIVE),
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
        *ALIGNED_READINGS,
        Metric("ts_spikes", "spikes.ts", digits=0, key=False),
    ),
    title="the lateral line",
)
