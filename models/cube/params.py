"""Parameters of the dot-prediction models: fields, bounds, presets.

The string below a field is the help of its flag. A value beyond a bound is an error, never
moved. Times are in steps of 1 ms; potentials, thresholds and weights are pure numbers.
No Brian here, so ``--help`` and validation answer at once.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import MAX_SEED
from driver.flags.from_dataclass import STRICT, Flag

DT_S = 0.001

Size = Annotated[int, Field(ge=3)]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Flag("seed-start", alias="seed"), Field(ge=0, le=MAX_SEED)]


MANY = 10**9  # of what a 32-bit integer counts


# fmt: off
@dataclass(config=STRICT)
class LocalParams:
    """One layer with local receptive fields: repeat the input, predict the next frame."""

    model: ClassVar[str] = "local"

    seed: Seed = 0
    """First seed: of launch, weights and noise, each a stream of its own."""
    steps: Annotated[Count, Field(le=MANY)] = 4000
    """Steps of the run; 1 step is 1 ms."""
    n: Size = 48
    """Pixels a side."""
    ratio: Count = 1
    """Steps per move of the dot."""

    # --- cells -----------------------------------------------------------------------
    hidden: Literal["patch", "motion"] = "patch"
    """What a hidden cell reads: a patch of the present frame, or motion along one axis in a strip \
of the present and the last one (at each pixel one cell for each move along an axis)."""
    r: Annotated[int, Field(ge=0)] = 1
    """Radius of the input patch, in pixels; half the length of the strip of a motion cell."""
    rho: Share = 0.9
    """Factor of the leak per step."""
    bias: float = 0.05
    """Drive per step; at rest the potential is bias/(1 - rho)."""
    sigma_noise: Rate = 0.002
    """S.d. of the noise of the potential, per step."""
    theta0: float = 1.0
    """Threshold at the start."""
    theta_min: Annotated[float, Field(gt=0)] = 0.6
    """Smallest threshold. Below bias/(1 - rho) silent cells end up firing without input."""
    theta_max: float = 3.0
    """Largest threshold."""
    eta_theta: Rate = 0.01
    """Step of the homeostasis of the threshold."""
    target_rate: Share = 0.1
    """Spikes per step that the homeostasis aims at."""

    # --- links -----------------------------------------------------------------------
    eta: Rate = 0.01
    """Gain of an input link whose pixel and cell are active in the same step."""
    w_in_low: Weight = 0.5
    """Initial input weights are uniform from here ..."""
    w_in_high: Weight = 1.0
    """... to here."""
    w_in_max: Weight = 1.5
    """Ceiling of the input weights."""
    r_out: Annotated[int, Field(ge=0)] = 3
    """Radius of the window of the image that a hidden cell drives."""
    eta_out: Rate = 0.02
    """Step of the readout per spike and error."""
    w_out_sd: Rate = 0.1
    """S.d. of the initial readout weights."""
    tau_out: Annotated[float, Field(gt=0)] = 1.0
    """Drive above which an output pixel is on."""
    kappa: Rate = 0.0
    """Margin of the readout: it learns until the drive lies so far on the right side of tau_out."""
    false_alarm: Rate = 1.0
    """Weight of the error of a pixel that should be off, against one that should be on."""
    strip: Annotated[int | None, Field(ge=0)] = None
    """Of motion cells: half the length of the strip of the next frame that teaches a branch of \
the output; as long as what the cells see, r plus the largest move, if not given."""
    horizon: Count = 1
    """Moves ahead that are predicted."""
    dense: bool = False
    """Input and output links between all pixels and cells, as in the earlier program: input links \
outside the patch start at 0 and are learned too."""

    # --- while the input is off ------------------------------------------------------------
    freeze_when_off: bool = True
    """No weight learns while the input is off (thresholds go on seeking their rate); otherwise \
the output learns to be silent."""
    recall: bool = False
    """While the input is off the output is the next input: the network runs freely."""


@dataclass(config=STRICT)
class CubeParams:
    """A lattice of n x n x L cells, input on the front plane, output on the back plane."""

    model: ClassVar[str] = "cube"

    seed: Seed = 0
    """First seed: of launch, weights and noise, each a stream of its own."""
    steps: Annotated[Count, Field(le=MANY)] = 8000
    """Steps of the run; 1 step is 1 ms."""
    n: Size = 48
    """Cells along x and y."""
    L: Annotated[int, Flag("layers", alias="L"), Field(ge=2)] = 48
    """Layers: cells along z."""
    ratio: Count = 8
    """Steps per move of the dot."""

    # --- links -----------------------------------------------------------------------
    w0: Annotated[float | None, Field(ge=0)] = None
    """One weight for the links in all six directions, in the place of w_fwd, w_lat and w_back."""
    w_fwd: Weight = 1.3
    """Weight of the links to the next layer, before the jitter."""
    w_lat: Weight = 0.35
    """Weight of the links within a layer."""
    w_field: Weight = 0.0
    """Receptive fields of the back plane: a cell reads the patch of the plane before that a dot \
on its pixel lights (r_in), this weight shared among the links; 0 for single forward links."""
    w_surround: Weight = 0.0
    """What each spike of the ring around that patch takes from a cell of the back plane."""
    w_back: Weight = 0.0
    """Weight of the links to the layer before; 0 for none."""
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Initial weights are the base value times a number uniform in 1 - jitter to 1 + jitter."""
    w_min: float | None = 0.0
    """Floor of the weights; none for None."""
    w_max: Weight = 1.6
    """Ceiling of the weights."""
    w_res: Weight = 0.0
    """Weight of the links of the residual layer; 0 for none."""
    z_res: Annotated[int, Field(ge=0)] = 16
    """Which layer that is: the only one with links back."""
    residual: Literal["separate", "added", "doubled"] = "separate"
    """Residual links beside the others, added to their weights, or in their place and taken twice \
(as in the earlier program)."""

    # --- cells -----------------------------------------------------------------------
    input_gain: Weight = 4.5
    """Drive of a front cell under the dot, per step."""
    r_in: Annotated[int, Field(ge=0)] = 0
    """Radius of the patch of front cells that the dot drives."""
    rho: Share = 0.82
    """Factor of the leak per step."""
    bias: Annotated[float, Flag("bias", alias="bias0")] = 0.032
    """Drive per step at the front."""
    lamb: Annotated[float | None, Field(gt=0)] = 14.0
    """Layers over which the bias falls by e; the same in all layers for None."""
    sigma_noise: Rate = 0.0
    """S.d. of the noise of the potential, per step."""

    # --- adaptation and homeostasis ---------------------------------------------------
    excitability: Literal["adaptation", "homeostasis"] = "adaptation"
    """What limits firing: a refractory hold and adaptation, or a threshold that seeks a rate."""
    theta0: float = 1.0
    """Threshold (of a cell that has not fired)."""
    tau_ref: Annotated[int, Field(ge=0)] = 3
    """Steps that a cell is held after a spike."""
    v_ref: float = -1.0
    """Potential that it is held at: a hyperpolarisation that outlasts the hold."""
    tau_adapt: Annotated[float, Field(gt=1)] = 40.0
    """Decay of the adaptation, in steps: it keeps 1 - 1/tau_adapt per step."""
    d_theta: Rate = 0.23
    """Rise of the threshold at a spike."""
    eta_theta: Rate = 0.01
    """Step of the homeostasis of the threshold."""
    target_rate: Share = 0.05
    """Spikes per step that the homeostasis aims at."""
    theta_min: float = 0.2
    """Smallest threshold under homeostasis."""
    theta_max: float = 3.0
    """Largest threshold under homeostasis."""

    # --- learning ----------------------------------------------------------------------
    rule: Literal["hebb", "reward", "reward-column"] = "hebb"
    """hebb: a link gains if its target fires one step later, and loses if not; reward: one number \
for all links; reward-column: a reward for each column, through an eligibility trace."""
    eta: Rate = 0.01
    """Gain of a link."""
    decay: Rate = 0.001
    """Loss of a link whose target does not follow."""
    learn_lat: bool = False
    """Whether links within a layer learn (the rule only ever moves them towards waves)."""
    k_lat: Rate = 0.3
    """Under reward: share of the links within a layer."""
    k_back: Rate = 0.1
    """Under reward: share of the links back."""
    good_iou: Share = 0.8
    """Under reward: overlap of output and target that is rewarded."""

    # --- learned readout -----------------------------------------------------------------
    readout: bool = False
    """Learn to predict the next frame from the spikes of the output plane."""
    r_out: Annotated[int, Field(ge=0)] = 6
    """Radius of the window of the image that a cell of the output plane drives."""
    eta_out: Rate = 0.2
    """Step of the readout per spike and error."""
    tau_out: Annotated[float, Field(gt=0)] = 1.0
    """Drive above which an output pixel is on."""
    kappa: Rate = 0.0
    """Margin of the readout: it learns until the drive lies so far on the right side of tau_out."""
    false_alarm: Rate = 1.0
    """Weight of the error of a pixel that should be off, against one that should be on."""

    def __post_init__(self):
        if self.w0 is not None:
            for name in ("w_fwd", "w_lat", "w_back"):
                object.__setattr__(self, name, self.w0)


@dataclass(config=STRICT)
class GroupsParams(CubeParams):
    """The cube in groups of m x m x m cells, all linked inside, neighbours linked outside."""

    model: ClassVar[str] = "groups"

    # --- groups -----------------------------------------------------------------------
    m: Annotated[int, Field(ge=2, le=8)] = 4
    """Cells along each side of a group."""
    w_intra: Weight = 0.12
    """Weight of the links inside a group; scale it as 0.12*64/m**3."""
    inter: Literal["face", "index", "all"] = "face"
    """Links to the six neighbouring groups: to the cell across the face, to the cell of the same \
place, or between all with probability p_inter."""
    p_inter: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Probability of a link between cells of neighbouring groups, for `inter all`."""
    learn: Literal["none", "inter", "all"] = "inter"
    """Which links learn; inside a group the sum of the weights into a cell is kept."""
# fmt: on

Params = LocalParams | CubeParams | GroupsParams
MODELS = {cls: cls.model for cls in (LocalParams, CubeParams, GroupsParams)}
