"""The numbers of all learners in one table: what a learner does not have is not measured."""

from driver.experiment.metric import Metric, MetricTable
from models.predictive.outcome import GAIN, LEARNS, MEANINGS, NO_SPREAD

IMAGES = (
    Metric(
        "accuracy", label="accuracy of the test", limits=(0, 1), symbol="accuracy", better="higher",
        meaning="Share of the images of the test part that are told right.",
    ),
    Metric("train_accuracy", label="accuracy of the training part", limits=(0, 1), figures=False),
    Metric(
        "linear", label="accuracy of a linear classifier", limits=(0, 1), figures=False,
        meaning="Softmax regression on the same split.",
    ),
    Metric(
        "backprop", label="accuracy of back-propagation", limits=(0, 1), figures=False,
        meaning="A tanh network of the same sizes on the same split, with Adam.",
    ),
    Metric(
        "over_backprop", label="accuracy minus that of back-propagation", figures=False,
    ),
    Metric(
        "over_linear", label="accuracy minus that of the linear classifier", symbol="over linear",
        meaning="Below 0 a linear classifier does better.", at_least=0.0,
    ),
    Metric(
        "spiking_accuracy", label="accuracy by spiking dendrites", limits=(0, 1),
        meaning="Read from the potential of the dendrites while the image is shown as spikes.",
    ),
    Metric(
        "over_untrained", label="probe minus that of the untrained encoder", symbol="gain",
        meaning="Joint embedding; the accuracy is that of a linear probe of both embeddings.",
        at_least=GAIN,
    ),
    Metric(
        "std", label="s.d. of the embeddings", symbol="std", at_least=NO_SPREAD,
        meaning="Over images of the test part, mean of all dimensions; near 0: collapsed.",
    ),
    Metric(
        "effective_rank", label="effective rank of the embeddings", symbol="rank", digits=1,
        meaning="exp(entropy of the shares of squared singular values); 1: all on a line.",
    ),
    Metric(
        "r2", label="R2 of the foretold embedding", symbol="R2",
        meaning="1 - squared error over squared distance from the mean embedding.",
    ),
)  # fmt: skip
SPIKING = (
    Metric(
        "error", label="error of the predicted rate", unit="r_max", symbol="error",
        meaning="Mean over cells and shows of |predicted rate - spikes|, no learning.",
    ),
    Metric("error_first", label="the same, first layer", unit="r_max", figures=False),
    Metric("error_top", label="the same, top layer", unit="r_max", figures=False),
    Metric(
        "error_over_bias_only", label="error over that of the bias alone", symbol="ratio",
        meaning="The bias alone can only predict the mean rate of a cell.", at_most=0.5,
    ),
    Metric(
        "error_over_shuffled", label="error over that of a dendrite out of time", at_most=0.5,
        meaning="It learned from the same spikes, but reads its input at random earlier moments.",
        figures=False,
    ),
    Metric(
        "error_over_constant", label="error over that of the best constant", at_most=0.5,
        meaning="The best constant prediction of each cell, known from the test itself.",
        figures=False,
    ),
    Metric(
        "error_over_untaught", label="error over that of an untaught dendrite", figures=False,
        meaning="It predicts half of r_max for the same spikes.",
    ),
    Metric("bias_only", label="error of the bias alone", unit="r_max", figures=False),
    Metric("bias_only_top", label="the same, top layer", unit="r_max", figures=False),
    Metric("shuffled", label="error of a dendrite out of time", unit="r_max", figures=False),
    Metric("constant", label="error of the best constant", unit="r_max", figures=False),
    Metric("above_r_max", label="rates above r_max (share)", figures=False, console=False),
)  # fmt: skip
METRICS = MetricTable(
    IMAGES + SPIKING,
    title="predictive coding by local rules",
    verdicts=MEANINGS,
    wanted=LEARNS,
)
