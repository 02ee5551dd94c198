"""Parameters and presets of the sequence memory, and what its run folders look like.

Values are those of Klampfl and Maass (2013) as their program has them; the stimulus stands in
`stimuli.patterns`. The string below a field is the help of its flag. A step is 1 ms. No Brian here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import MAX_SEED
from driver.flags.from_dataclass import STRICT, Flag
from driver.flags.rules import Relation
from driver.room import About
from driver.run.format import Format
from stimuli.patterns import STEP_S, Factor, PatternParams, Share

MOST_CELLS = 65_535  # their numbers are saved in 16 bits
DENSITY = 1000 / 2450  # of the links between circuits, as 10 x 5 circuits have them by default

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=1000)]


# fmt: off
@dataclass(config=STRICT)
class Params(PatternParams):
    """Does a grid of winner-take-all circuits remember the sequence of a pattern it was shown?"""

    seed: Annotated[int, Flag("seed-start", alias="seed"), Field(ge=0, le=MAX_SEED)] = 1
    """First seed: of wiring, patterns, noise and firing, each a stream of its own."""
    train_s: Annotated[float, Field(gt=0, le=10**6)] = 100.0
    """Duration of the training, s, a multiple of 1 ms."""

    # --- circuits ------------------------------------------------------------------------
    grid_columns: Count = 10
    """Circuits along x."""
    grid_rows: Count = 5
    """Circuits along y."""
    k_min: Count = 2
    """Fewest cells of a circuit."""
    k_max: Count = 10
    """Most cells of a circuit; the number is uniform in between."""
    r_max_hz: Annotated[float, Field(gt=0, le=500)] = 100.0
    """Rate of all cells of a circuit together, Hz: the softmax shares it out."""
    escape: Literal["exponential", "linear"] = "exponential"
    """Probability of a spike in a step, at rate r: 1 - exp(-r dt), or r dt."""

    # --- links ---------------------------------------------------------------------------
    links: Literal["length", "length_multi", "pairwise"] = "length"
    """length: links of circuits, of lengths exponentially distributed; length_multi: with \
repetition, repeated ones add up; pairwise: single pairs of cells by `link_lambda` \
exp(-`link_lambda` d)."""
    n_links: Annotated[int | None, Field(ge=0)] = None
    """Directed links between circuits, each from all cells to all cells; if not given, 0.408 of \
all pairs, 1000 for 10 x 5 circuits."""
    link_lambda: Annotated[float, Field(gt=0, le=10)] = 0.088
    """Inverse of the mean length of links, 1/grid unit."""

    # --- EPSPs ---------------------------------------------------------------------------
    tau_rise_ms: Positive = 2.0
    """Rise of an EPSP, ms."""
    tau_decay_ms: Positive = 20.0
    """Decay of an EPSP, ms."""
    kernel: Literal["exact", "euler1ms"] = "exact"
    """euler1ms: the time constants that forward Euler steps of 1 ms make of these."""
    stp: Literal["cell", "synapse", "none"] = "cell"
    """Short-term plasticity of recurrent synapses, drawn for each presynaptic cell or for each \
synapse."""
    stp_u: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Mean of the share U of its resources that a first spike uses."""
    stp_d_ms: Positive = 110.0
    """Mean time constant D of recovery from depression, ms."""
    stp_f_ms: Positive = 5.0
    """Mean time constant F of recovery from facilitation, ms."""
    stp_relative_sd: Annotated[float, Field(ge=0, le=2)] = 0.5
    """S.d. of U, D and F over their means."""

    # --- plasticity ----------------------------------------------------------------------
    learning_rate: Literal["variance", "one_over_steps", "constant"] = "variance"
    """eta of a synapse: by the variance of its weight; `eta0` over the number of steps; `eta0`."""
    eta0: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Learning rate."""
    w_init: Literal["log_uniform", "neg_log_uniform", "zero"] = "log_uniform"
    """Weights before training: ln x, -ln x with x uniform in (0, 1], or 0."""

    # --- tests ---------------------------------------------------------------------------
    test_presentations: Annotated[int, Field(ge=2, le=10_000)] = 40
    """Presentations of each pattern, whole and as a cue; a quarter of it changed otherwise."""
    cue_ms: Annotated[int, Field(ge=1)] = 100
    """How much of the beginning of a pattern is the cue, ms."""
    test_deleted: Share = 0.5
    """Share of the spikes of a pattern that one test leaves out."""
    test_jitter_ms: Annotated[float, Field(ge=0, le=1000)] = 10.0
    """S.d. by which one test moves the spikes of a pattern, ms."""
    test_warp: Factor | None = None
    """One more test: patterns that last longer by this factor."""
# fmt: on

    @property
    def steps(self) -> int:
        """Of training."""
        return round(self.train_s / STEP_S)

    @property
    def n_circuits(self) -> int:
        return self.grid_columns * self.grid_rows

    @property
    def link_count(self) -> int:
        """Links between circuits."""
        if self.n_links is not None:
            return self.n_links
        return round(DENSITY * self.n_circuits * (self.n_circuits - 1))

    @property
    def cue_steps(self) -> int:
        return min(self.cue_ms, min(self.durations))

    @property
    def taus_s(self) -> tuple[float, float]:
        """Time constants of rise and decay of an EPSP, by the kernel."""
        taus = self.tau_rise_ms * 1e-3, self.tau_decay_ms * 1e-3
        if self.kernel == "euler1ms":
            return tuple(float(-STEP_S / np.log1p(-STEP_S / tau)) for tau in taus)
        return taus

    def relations(self) -> Iterator[Relation]:
        yield from super().relations()
        steps = self.train_s / STEP_S
        whole = abs(steps - round(steps)) < 1e-6 and round(steps) >= 1
        yield whole, f"--train-s {self.train_s:g} is not a multiple of 0.001"
        low, high = self.k_min, self.k_max
        yield low <= high, f"--k-min {low} is larger than --k-max {high}"
        rise, decay = self.tau_rise_ms, self.tau_decay_ms
        words = f"--tau-rise-ms {rise:g} is not below --tau-decay-ms {decay:g}"
        yield rise < decay, words
        euler = self.kernel != "euler1ms" or rise > 1
        yield euler, f"--kernel euler1ms with --tau-rise-ms {rise:g}: needed above 1"
        most = self.n_circuits * (self.n_circuits - 1)
        words = f"--n-links {self.n_links}: {self.n_circuits} circuits have {most} pairs"
        yield self.n_links is None or self.n_links <= most or self.links == "length_multi", words
        pairwise = self.links == "pairwise" and self.n_links is not None
        yield not pairwise, f"--n-links {self.n_links}: no effect with --links pairwise"
        places = self.n_circuits * self.k_max
        words = f"--grid-columns, --grid-rows, --k-max: {places} places, at most {MOST_CELLS}"
        yield places <= MOST_CELLS, words
        fits = self.n_links is None or most > 0 or self.n_links == 0
        yield fits, f"--n-links {self.n_links}: a single circuit has no links"
        shortest = min(self.durations)
        yield self.cue_ms < shortest or shortest < 2, (
            f"--cue-ms {self.cue_ms} is not shorter than --t-pattern-ms {shortest}"
        )


PRESETS: dict[str, dict[str, Any]] = {
    "sequence": {},
    "two-patterns": {"n_patterns": 2, "train_s": 200.0},
    "capacity": {"n_patterns": 4, "train_s": 400.0, "test_presentations": 20},
    "short": {"t_pattern_ms": (100,), "cue_ms": 30},
    "long": {"t_pattern_ms": (900,)},
    "no-stp": {"stp": "none"},
    "no-variance": {"learning_rate": "one_over_steps"},
    "demo": {"n_patterns": 2, "t_noise_min_ms": 500, "t_noise_max_ms": 800, "train_s": 4.0},
    "tiny": {
        "grid_columns": 3, "grid_rows": 2, "k_max": 4, "n_inputs": 30, "train_s": 3.0,
        "t_pattern_ms": (100,), "cue_ms": 40, "t_noise_min_ms": 100, "t_noise_max_ms": 200,
        "test_presentations": 4,
    },
}  # fmt: skip

ABOUT = {
    "sequence": About(
        "10 x 5 circuits of 2 to 10 cells, 100 inputs; one pattern of 300 ms, 100 s",
        "`remembers` on 6 of 10 seeds: it goes on after a cue; else `recognises without memory`; "
        "untrained `no assembly` on all",
        "20 s",
    ),
    "two-patterns": About(
        "two patterns, 200 s",
        "an assembly each (specificity .75 to .87), completion 74 to 158 ms (3 seeds), half as "
        "long as of one pattern",
        "40 s",
    ),
    "capacity": About(
        "four patterns, or `--n-patterns`, 400 s; give `--train-s` 100 s for each",
        "completion 52 to 84 ms at 4, none at 8 (3 seeds)",
        "50 s",
    ),
    "short": About(
        "a pattern of 100 ms",
        "one `remembers`, one `recognises without memory`, one `no assembly` (3 seeds); untrained "
        "`no assembly`",
        "20 s",
    ),
    "long": About(
        "a pattern of 900 ms",
        "`recognises without memory` on 3 of 3 seeds; untrained `no assembly`",
        "30 s",
    ),
    "no-stp": About(
        "no short-term plasticity", "`no assembly` on 10 of 10 seeds, as in the thesis", "25 s"
    ),
    "no-variance": About(
        "eta0 over the number of steps", "`no assembly` on 10 of 10 seeds, as in the thesis", "25 s"
    ),
    "demo": About("two patterns, longer noise, 4 s", "too little training for a memory", "30 s"),
    "tiny": About(
        "3 x 2 circuits, 3 s; for tests",
        "nothing: too little data for a verdict of memory",
        "25 s, with NumPy",
    ),
}


def parts(mode: str) -> dict[str, type]:
    return {"params": dict.fromkeys(PRESETS, Params)[mode]}


FORMAT = Format(
    prog="sequence_brian2.py",
    parts=parts,
    unit="step",
    integrator="exact",
    schema_version=1,
    presets=PRESETS,
)
