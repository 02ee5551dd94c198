"""The numbers of the sequence memory in one table, those that tell memory from wiring first."""

import math

from driver.experiment.metric import Metric, MetricTable
from models.sequence.outcome import MEANINGS, REMEMBERS

MEMORY = (
    Metric(
        "replay_slope", "replay.slope", "replay: slope of decoded over true time", symbol="slope",
        meaning="From 10 to 100 ms after a cue, with nothing but noise shown; 1: at the speed of "
        "the pattern, 0: stands still.",
        at_least=0.8, at_most=1.2,
    ),
    Metric(
        "replay_error_ms", "replay.error_ms", "replay: error of decoded time", unit="ms",
        symbol="replay error", digits=2, at_most=25.0, limits=(0, math.inf),
        meaning="Mean absolute error of single bins of 10 ms of single presentations.",
    ),
    Metric(
        "completion_ms", label="completion after the cue", unit="ms", symbol="completion",
        limits=(0, math.inf),
        meaning="Until the mean response falls below 1/e of that to the whole pattern.",
    ),
    Metric(
        "after_offset", label="pattern told 50-100 ms after its end", symbol="share told",
        limits=(0, 1),
        meaning="Cross-validated linear readout of spike counts; 1/P by guessing.",
    ),
    Metric(
        "deleted", label="response with half of the spikes deleted", symbol="r", limits=(0, 1),
        meaning="Correlation of single responses with the mean response to the whole pattern, both "
        "as deviations from rest; the share is --test-deleted.",
        at_least=0.93,
    ),
    Metric(
        "jittered", label="response with jittered spikes", symbol="r", limits=(0, 1),
        meaning="The same, spikes moved by --test-jitter-ms.", at_least=0.93,
    ),
    Metric(
        "forward", label="response to the pattern", symbol="r", limits=(0, 1),
        meaning="The same, nothing changed.",
    ),
    Metric(
        "reversed", label="response to the reversed pattern", symbol="r", limits=(-0.2, 1),
        meaning="The same, the pattern shown backwards: high where only rates count.",
    ),
    Metric(
        "forward_over_reversed", lambda numbers: numbers["forward"] - numbers["reversed"],
        "response to the pattern minus to the reversed one", symbol="r", console=False,
        figures=False,
    ),
)  # fmt: skip
DESCRIPTIVE = tuple(
    Metric(name, f"assembly.{path}", label, figures=False, **more)
    for name, path, label, more in (
        ("assembly_share", "assembly", "cells in an assembly (share)", {}),
        ("suppressed", "suppressed", "cells silenced by a pattern (share)", {"console": False}),
        ("selectivity", "selectivity", "rate of the assembly, pattern over rest", {}),
        ("specificity", "specificity", "specificity of assemblies", {}),
        ("order_consistency", "order_consistency", "order of activation (rank r)", {}),
        ("span", "span", "span of the sequence (share of pattern)", {"console": False}),
        ("reproducibility", "reproducibility", "trial-to-trial correlation", {}),
        ("explained", "explained", "variance of counts that repeats", {}),
        ("readout", "readout", "readout of the pattern (share right)", {}),
        ("readout_majority", "readout_majority", "the same by the majority", {"console": False}),
        ("entropy_rest_bit", "entropy_rest_bit", "entropy at rest", {"unit": "bit"}),
        ("entropy_pattern_bit", "entropy_pattern_bit", "entropy in a pattern", {"unit": "bit"}),
        ("onset_ms", "onset_ms", "onset", {"unit": "ms"}),
        ("persistence_ms", "persistence_ms", "persistence", {"unit": "ms"}),
        ("input_weight", "input_weight", "median input weight", {}),
    )
)
WARP = (
    Metric("warp_slope", "warp.slope", "warped: slope of times of activation", figures=False),
    Metric("warp_order", "warp.order", "warped: order (rank r)", figures=False),
)
METRICS = MetricTable(
    MEMORY + DESCRIPTIVE + WARP,
    title="sequence memory in winner-take-all circuits",
    verdicts=MEANINGS,
    wanted=REMEMBERS,
)
