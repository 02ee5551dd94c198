"""Parameters and presets of the predictive room, and what its run folders look like.

A preset is a learner with its parameters: one dataclass each. The string below a field is the help
of its flag. No Brian here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import MAX_SEED
from driver.flags.from_dataclass import STRICT, Flag
from driver.flags.rules import Relation
from driver.room import About
from driver.run.format import Format
from stimuli.digits import MISSING, N_CLASSES, SETS, SIZES

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Size = Annotated[int, Field(ge=1, le=100_000)]
Ms = Annotated[float, Field(ge=1, le=10**6)]
Rates = Annotated[tuple[Positive, ...], Field(min_length=1)]
Seed = Annotated[int, Flag("seed-start", alias="seed"), Field(ge=0, le=MAX_SEED)]
STEP_S = 1e-3
VICREG_ROWS = 16  # least images of a batch


# fmt: off
@dataclass(config=STRICT)
class SpikingParams:
    """Do spiking cells learn to predict their own spikes from their input? A step is 1 ms."""

    seed: Seed = 1
    """First seed: of weights and stimulus, each a stream of its own."""
    sizes: tuple[Size, ...] = (3, 8, 3)
    """Cells of each layer, the input first."""
    train_s: Annotated[float, Field(gt=0, le=10**6)] = 40.0
    """Duration of the training, s: a multiple of `show_ms`."""
    show_ms: Annotated[int, Field(ge=10, le=10**5)] = 500
    """How long an input is shown, ms."""
    settle_ms: Annotated[int, Field(ge=0, le=10**5)] = 200
    """Of this the beginning that is not scored, ms."""
    w_learns: Annotated[float, Field(ge=0, le=1)] = 1 / 3
    """Share of the training in which basal weights learn; then they are held, and the rates that \
are to be predicted are a function of the input."""
    test_shows: Annotated[int, Field(ge=2, le=10_000)] = 40
    """Inputs shown in the test, without learning."""

    # --- cell ------------------------------------------------------------------------------
    tau_m_ms: Ms = 10.0
    """Membrane, ms."""
    tau_basal_ms: Ms = 5.0
    """Basal dendrite, ms."""
    tau_apical_ms: Ms = 5.0
    """Apical dendrite, ms."""
    g_apical: NotNegative = 0.0
    """Of the apical dendrite on the soma; 0: it only predicts."""
    gain: Positive = 4.0
    """Of the basal drive."""
    tau_theta_ms: Ms = 20.0
    """Return of the threshold, ms."""
    theta_0: Positive = 1.0
    """Threshold at rest."""
    delta_theta: NotNegative = 0.5
    """Rise of the threshold by a spike."""
    v_reset: float = 0.0
    """Potential after a spike."""
    r_max_hz: Annotated[float, Field(gt=0, le=1000)] = 100.0
    """Unit of rates: of an input at 1, of a prediction at 1, Hz."""
    tau_s_ms: Ms = 20.0
    """Rate trace that the next layer reads, ms."""
    tau_err_ms: Ms = 50.0
    """Low pass of the prediction error, ms."""

    # --- learning ----------------------------------------------------------------------------
    modulation: Annotated[float, Field(ge=0)] = 1.0
    """Neuromodulation M, a factor of all learning."""
    eta_p: NotNegative = 0.02
    """Of the prediction: apical weights."""
    eta_b: NotNegative = 0.02
    """Of the prediction: bias."""
    A_plus: NotNegative = 0.01
    """STDP of basal weights: potentiation at a spike of the target."""
    A_minus: NotNegative = 0.0105
    """Depression at a spike of the source."""
    tau_plus_ms: Ms = 20.0
    """Trace of the source, ms."""
    tau_minus_ms: Ms = 20.0
    """Trace of the target, ms."""
    hebbian: bool = True
    """Without, both signs are swapped."""
    w_min: NotNegative = 0.05
    """Floor of basal weights; 0 would hold a weight for ever."""
    w_max: Positive = 2.0
    """Ceiling of basal weights."""
    w_sd: NotNegative = 0.1
    """S.d. of basal weights at start, around 1/n_in."""
    rho_hz: NotNegative = 50.0
    """Rate that homeostatic scaling leads to, Hz."""
    kappa: NotNegative = 10.0
    """Relative change of basal weights, per second and kHz."""
    tau_rate_ms: Ms = 100.0
    """Rate estimate of the scaling, ms."""
# fmt: on

    @property
    def n_shows(self) -> int:
        return round(self.train_s * 1000 / self.show_ms)

    @property
    def epochs(self) -> int:
        """An epoch of the spiking network is one input shown."""
        return self.n_shows

    @property
    def work(self) -> tuple[int, int]:
        """Steps of a run, and cells."""
        return (2 * self.n_shows + 4 * self.test_shows) * self.show_ms, sum(self.sizes)

    def relations(self) -> Iterator[Relation]:
        enough = len(self.sizes) >= 2 and self.sizes[0] >= 2
        yield enough, f"--sizes {words(self.sizes)}: needed are two layers, of the first two cells"
        shows = self.train_s * 1000 / self.show_ms
        whole = abs(shows - round(shows)) < 1e-6 and round(shows) >= 1
        yield whole, f"--train-s {self.train_s:g} is not a multiple of --show-ms {self.show_ms}"
        yield self.settle_ms < self.show_ms, (
            f"--settle-ms {self.settle_ms} is not below --show-ms {self.show_ms}"
        )
        low, high = self.w_min, self.w_max
        yield low <= high, f"--w-min {low:g} is larger than --w-max {high:g}"


def words(sizes) -> str:
    return " ".join(map(str, sizes))


# fmt: off
Scaling = Literal["pixels", "centred", "standard"]


@dataclass(config=STRICT)
class ImageParams:
    """Does a local rule learn to tell digits apart? The images are scikit-learn's, or of MNIST."""

    seed: Seed = 1
    """First seed: of the split, of weights and of the order of samples, each a stream of its \
own."""
    data: Literal["digits", "mnist-5k"] = "digits"
    """digits: 1797 images of 8 x 8; mnist-5k: 5000 of 28 x 28."""
    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the images that are kept for the test, the same of each class."""
    scaling: Scaling = "centred"
    """pixels: from 0 to 1; centred: each pixel minus its mean, over the s.d. of all; standard: \
each pixel with mean 0 and s.d. 1, cut off at 3."""
    contrast: Positive = 1.0
    """Factor of what is shown."""

    # --- network and learning ---------------------------------------------------------
    hidden: tuple[Size, ...] = (32,)
    """Units of each hidden layer."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Times that each image of the training part is shown."""
    lr: Rates = (0.07, 0.02)
    """Learning rate of each layer; the last one is also of all above."""
    lr_decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Factor of the learning rate from epoch to epoch."""
    reg: NotNegative = 1e-3
    """Decay of weights, relative to learning."""

    @property
    def work(self) -> tuple[int, int]:
        """Steps of a run, and units, which weigh as much as their synapses."""
        n_images, n_pixels = SIZES[self.data]
        n_steps = round(self.epochs * n_images * (1 - self.test_size) * self.window)
        return n_steps, n_pixels + sum(self.hidden)

    def relations(self) -> Iterator[Relation]:
        package = {"sklearn": "scikit-learn"}.get(SETS[self.data], SETS[self.data])
        there = find_spec(SETS[self.data]) is not None
        yield there, f"--data {self.data}: {MISSING.format(package=package)}"
        n_images, _ = SIZES[self.data]
        least = 2 * N_CLASSES / n_images
        words_of_size = f"--test-size {self.test_size:g}: two images of each digit are needed"
        yield least <= self.test_size <= 1 - least, words_of_size
        yield from self.of_rule()

    def of_rule(self) -> Iterator[Relation]:
        """What has to hold whatever the samples are."""
        n = len(self.hidden) + 1
        few = len(self.lr) <= max(2, n)  # the default has two, of one layer the first counts
        yield few, f"--lr {words(self.lr)}: {len(self.lr)} values, layers of the network: {n}"


@dataclass(config=STRICT)
class RateParams(ImageParams):
    """Predictive coding with rates: states relax, then weights follow the errors that are left."""

    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Step of the relaxation: dt/tau."""
    n_relax: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Steps of relaxation for a sample."""

    @property
    def window(self) -> int:
        """Steps of a sample."""
        return self.n_relax


@dataclass(config=STRICT)
class EquilibriumParams(ImageParams):
    """Equilibrium propagation: what a nudge of the output changes in the state is learned."""

    contrast: Positive = 0.5
    """Factor of what is shown."""
    lr: Rates = (0.1, 0.05)
    """Learning rate of each layer; the last one is also of all above."""
    beta: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Strength of the nudge towards the target, once up, once down."""
    n_free: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Steps of the free phase."""
    n_nudged: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Steps of each of both nudged phases."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Step of the relaxation: dt/tau."""
    w_scale: Positive = 0.5
    """Weights at start: uniform, this times sqrt(6/(n_in + n_out))."""
    predict_steps: Annotated[int, Field(ge=1, le=10_000)] = 30
    """Free steps of a prediction."""

    @property
    def window(self) -> int:
        """Steps of a sample."""
        return self.n_free + 2 * self.n_nudged


@dataclass(config=STRICT)
class DendriticParams(ImageParams):
    """One layer of spiking cells: a teacher drives the soma, the dendrite learns its spikes."""

    scaling: Scaling = "pixels"
    """pixels, from 0 to 1: they are rates."""
    hidden: tuple[Size, ...] = ()
    """None: the rule has one layer."""
    lr: Rates = (0.02,)
    """Learning rate."""
    lr_decay: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Factor of the learning rate from epoch to epoch."""
    reg: NotNegative = 0.0
    """None: the rule has no decay of weights."""

    # --- spikes -----------------------------------------------------------------------
    show_ms: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How long an image is shown, ms."""
    r_max_hz: Annotated[float, Field(gt=0, le=1000)] = 200.0
    """Rate of an input at 1, and of a cell whose prediction is 1, Hz."""
    tau_s_ms: Ms = 20.0
    """Rate trace of an input, ms."""
    tau_mean_s: Positive = 10.0
    """Running mean of a trace, which is taken off it, s."""
    i_max: NotNegative = 3.0
    """Drive of the soma by the teacher."""
    tau_m_ms: Ms = 10.0
    """Membrane, ms."""
    tau_theta_ms: Ms = 20.0
    """Return of the threshold, ms."""
    theta_0: Positive = 1.0
    """Threshold at rest."""
    delta_theta: NotNegative = 0.5
    """Rise of the threshold by a spike."""

    @property
    def window(self) -> int:
        """Steps of a sample."""
        return self.show_ms

    def of_rule(self) -> Iterator[Relation]:
        yield from super().of_rule()
        yield not self.hidden, f"--hidden {words(self.hidden)}: this rule has one layer"
        yield self.scaling == "pixels", f"--scaling {self.scaling}: rates are pixels"
        yield self.contrast <= 1, f"--contrast {self.contrast:g}: at most 1, one spike a step"
        yield self.reg == 0, f"--reg {self.reg:g}: no effect with this rule"


@dataclass(config=STRICT)
class EnergyParams(ImageParams):
    """Back-propagation in batches on a quadratic energy: no local rule, but what one is held to."""

    on_host: ClassVar[bool] = True  # no engine, so no backend to choose

    scaling: Scaling = "standard"
    """standard: each pixel with mean 0 and s.d. 1, cut off at 3; pixels, centred: see `rate`."""
    lr: Rates = (0.05,)
    """Learning rate of each layer; the last one is also of all above."""
    lr_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Factor of the learning rate from epoch to epoch."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Times that each image of the training part is shown."""
    reg: NotNegative = 1e-4
    """Weight of the sum of squared weights in the energy, times 1/2."""
    batch_size: Size = 32
    """Images of a step; the last step of an epoch has what is left."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Share of its change that a weight keeps from step to step."""

    @property
    def window(self) -> int:
        """Steps of a sample."""
        return 1


@dataclass(config=STRICT)
class JepaParams(ImageParams):
    """Joint embedding: the left half of an image foretells the embedding of the right half."""

    on_host: ClassVar[bool] = True

    anti_collapse: Literal["vicreg", "ema", "none"] = "vicreg"
    """What keeps all embeddings from becoming the same: a term of the loss, a target that is a \
moving average, or nothing."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Share of itself that the target keeps in a step, with ema."""
    c_w: NotNegative = 25.0
    """Weight of the covariances, with vicreg. Published is 1: few dimensions are used."""
    scaling: Scaling = "pixels"
    """pixels: from 0 to 1; centred, standard: see `rate`."""
    hidden: tuple[Size, ...] = (64,)
    """Units of each hidden layer of the encoder."""
    embedding: Size = 16
    """Dimensions of an embedding."""
    predictor: tuple[Size, ...] = (64,)
    """Units of each hidden layer of the predictor; none: it is linear."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Times that each image of the training part is shown."""
    batch_size: Size = 128
    """Images of a step, at least; what would be left is shared out."""
    lr: Rates = (1e-3,)
    """Learning rate of Adam, one for all layers."""
    lr_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Factor of the learning rate from epoch to epoch."""
    reg: NotNegative = 0.0
    """Weight of the sum of squared weights in the loss, times 1/2; it drives collapse."""

    @property
    def window(self) -> int:
        """Steps of a sample."""
        return 1

    def of_rule(self) -> Iterator[Relation]:
        yield len(self.lr) == 1, f"--lr {words(self.lr)}: one value, which is Adam's"
        enough = self.anti_collapse != "vicreg" or self.batch_size >= VICREG_ROWS
        few = f"--batch-size {self.batch_size}: vicreg takes statistics of {VICREG_ROWS} or more"
        yield enough, few
# fmt: on


LEARNERS = {  # parameters, and the class that learns
    "spiking": (SpikingParams, "models.predictive.switching:Switching"),
    "rate": (RateParams, "models.predictive.rate:Rate"),
    "equilibrium": (EquilibriumParams, "models.predictive.equilibrium:Equilibrium"),
    "dendritic": (DendriticParams, "models.predictive.dendritic:Dendritic"),
    "energy": (EnergyParams, "models.predictive.energy:Energy"),
    "jepa": (JepaParams, "models.predictive.jepa:Jepa"),
}
PRESETS: dict[str, dict[str, Any]] = {
    "spiking": {},
    "rate": {},
    "rate-mnist": {
        "data": "mnist-5k", "test_size": 0.2, "contrast": 0.3, "hidden": (64,), "epochs": 15,
        "lr": (0.08, 0.01), "lr_decay": 0.85,
    },
    "equilibrium": {},
    "equilibrium-mnist": {
        "data": "mnist-5k", "test_size": 0.2, "contrast": 0.2, "hidden": (64,), "epochs": 10,
        "lr": (0.05, 0.02), "lr_decay": 0.8,
    },
    "dendritic": {},
    "energy": {},
    "energy-mnist": {
        "data": "mnist-5k", "test_size": 0.2, "scaling": "centred", "contrast": 0.3,
        "hidden": (64,), "epochs": 15, "lr_decay": 0.85, "reg": 1e-3,
    },
    "jepa-none": {"anti_collapse": "none"},
    "jepa-ema": {"anti_collapse": "ema"},
    "jepa-vicreg": {},
}  # fmt: skip

ABOUT = {
    "spiking": About(
        "spiking layers 3-8-3: a dendrite predicts its cell's rate for each of three inputs that "
        "switch; 40 s",
        "`learns` on 10 of 10 seeds: error .035, a bias alone .21, the best constant .17, "
        "untrained .58 (medians)",
        "8 s",
    ),
    "rate": About(
        "predictive coding with rates, 64-32-10 units, 1797 digits of 8 x 8, 20 epochs",
        "97.5 ± .8 %, `learns` on 9 of 10 seeds; linear classifier 96.8, back-propagation 97.4, "
        "untrained 9.9",
        "8 s",
    ),
    "rate-mnist": About(
        "the same, 784-64-10 units, 5000 images of MNIST, 15 epochs",
        "93.9 ± .9 %, `learns` on 10 of 10; linear classifier 90.7, back-propagation of the same "
        "sizes 92.4 (Adam) to 94.1 (online)",
        "40 s, beside other work",
    ),
    "equilibrium": About(
        "equilibrium propagation, 64-32-10 units, digits",
        "97.7 ± .6 %, `learns` on 10 of 10; untrained 12.2",
        "11 s",
    ),
    "equilibrium-mnist": About(
        "the same with 5000 images of MNIST, 784-64-10 units",
        "about 93 % (2 seeds, also used for tuning)",
        "not measured",
    ),
    "energy": About(
        "back-propagation in batches, 64-32-10 units, 5 epochs: no local rule, but what one is "
        "held to",
        "95.1 ± 1.0 %, `learns less than its control`; untrained 9.5",
        "6 s, NumPy",
    ),
    "energy-mnist": About(
        "the same with 5000 images of MNIST, 784-64-10 units, 15 epochs",
        "91.4 % (3 seeds); linear classifier 90.9",
        "not measured",
    ),
    "jepa-none": About(
        "joint embedding: the left half of a digit foretells the embedding of the right half; "
        "nothing stands against collapse",
        "`collapsed` on 10 of 10: s.d. of the embedding .017, linear probe 78.3 %, 16 points below "
        "an untrained encoder",
        "30 s, NumPy",
    ),
    "jepa-ema": About(
        "the same with a moving average of the encoder",
        "s.d. .41, R2 .49; probe 92.8 %, 1.2 points [.4, 1.9] below an untrained encoder",
        "30 s, NumPy",
    ),
    "jepa-vicreg": About(
        "the same with variance and covariance terms",
        "probe 95.6 ± .8 %, 1.7 points [1.1, 2.3] above an untrained encoder (`learns`, which asks "
        "for 2, on 4 of 10); the pixels themselves 96.8",
        "30 s, NumPy",
    ),
    "dendritic": About(
        "one layer of spiking cells with a teacher, digits as Poisson spikes",
        "95.0 ± .9 %, read from spikes 93.8 ± 1.1: `learns less than its control` on 10 of 10",
        "15 s",
    ),
}


def parts(mode: str) -> dict[str, type]:
    cls, _ = LEARNERS[mode.split("-")[0]]
    return {"params": dict.fromkeys(PRESETS, cls)[mode]}


FORMAT = Format(
    prog="predictive_brian2.py",
    parts=parts,
    unit="epoch",
    integrator="euler",
    schema_version=1,
    presets=PRESETS,
)
