"""Figures of a seed, drawn from its folder and from nothing else; `FIGURES` lists them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from driver.experiment.metric import TRAINED, UNTRAINED
from driver.figures import draw, style
from driver.figures import page as pages
from driver.formatting import mathtext
from models.predictive import equilibrium, rate, spiking
from models.predictive.outcome import NO_SPREAD
from models.predictive.params import (
    EquilibriumParams,
    ImageParams,
    JepaParams,
    RateParams,
    SpikingParams,
)
from models.predictive.stepper import Stepper
from models.predictive.switching import order, patterns, shows_of
from stimuli.digits import load, split_of

BESIDE = {  # controls: colour and dashes
    "linear classifier": (style.BRIGHT, (0, (1, 1))),
    "back-propagation": (style.MIDDLE, (0, (5, 1, 1, 1))),
    "bias alone": (style.BRIGHT, (0, (1, 1))),
    "dendrite out of time": (style.MIDDLE, (0, (5, 1, 1, 1))),
    "best constant": (style.MUTED, (0, (3, 3))),
    "untrained": (style.UNTRAINED, (0, (4, 1.5))),
}
LAYER_COLOURS = (style.DARK, style.BRIGHT, style.MIDDLE)
MOST_UNITS, REPLAYED = 32, 3  # units as images; shows
RELAXED = 60  # steps
UNIT = mathtext("(r_max)")  # of rates
COLLAPSE = {"loss": "loss", "std": "s.d.", "effective_rank": "effective rank", "r2": "R2"}


def page(seed, height_in: float, subject: str) -> Figure:
    """An empty figure with the headline of the seed, and below it what the figure shows."""
    words = f"{seed.run.mode}, seed {seed.number}: {seed.results['verdict']}"
    return pages.page(f"{words}\n{subject}", height_in)


def beside(ax, levels: dict[str, float | None]) -> None:
    """Levels of controls across a panel."""
    for name, level in levels.items():
        if level is not None and np.isfinite(level):
            colour, dashes = BESIDE[name]
            ax.axhline(level, color=colour, ls=dashes, lw=1.4, label=f"{name} {level:.3g}")


# --- images -----------------------------------------------------------------------------------


def accuracy_by_epoch(seed) -> Figure | None:
    """Accuracy of the training and of the test part after each epoch, beside the controls.

    The right panel is the upper part of the scale. Look for a line of the test that ends above the
    linear classifier: only there has the hidden layer been of use. The gap between the training and
    the test part is what was learned by heart.
    """
    if not isinstance(seed.params, ImageParams) or isinstance(seed.params, JepaParams):
        return None
    arrays, trained = seed.recording(TRAINED), seed.numbers(TRAINED)
    figure = page(seed, 4.6, "Accuracy after each epoch")
    late = min(arrays["course_accuracy"][-1], trained["linear"], trained.get("backprop", 1.0))
    close = np.floor(20 * (late - 0.02)) / 20
    for ax, low in zip(figure.subplots(1, 2), (0.0, close), strict=True):
        for name, label, colour in (
            ("train_accuracy", "training part", style.DARK),
            ("accuracy", "test", style.TRAINED),
        ):
            y = arrays[f"course_{name}"]
            ax.plot(np.arange(1, y.size + 1), y, color=colour, marker="o", ms=3, label=label)
        levels = {"linear classifier": trained["linear"]}
        levels |= {"back-propagation": trained.get("backprop")}
        beside(ax, levels | {"untrained": seed.numbers(UNTRAINED)["accuracy"]})
        ax.set(xlabel="epoch", ylabel="accuracy", ylim=(low, 1.005))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_title("all" if low == 0 else f"from {low:g} on")
        if low == 0:
            handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def weights_as_images(seed) -> Figure | None:
    """Weights of the first layer as images, before and after the training.

    One image a unit, all on one scale of colours: red excites, blue inhibits. A unit that has
    learned shows strokes and edges where it showed noise; pixels that are never on keep their first
    weights, or decay. Of joint embedding it is half an image.
    """
    if not isinstance(seed.params, ImageParams):
        return None
    w = seed.weights
    high, wide = shape = load(seed.params.data).shape
    n_in, first = high * wide, "weights1_{}"
    if isinstance(seed.params, JepaParams):
        shape, n_in = (high, wide // 2), high * wide // 2 + 1  # the last one is no pixel
    before, after = (
        w[first.format(end)].reshape(-1, n_in)[:MOST_UNITS, : shape[0] * shape[1]]
        for end in ("w_init", "w")
    )
    n = len(after)
    across = 8 if n > 10 else 5
    figure = page(seed, 1.6 + 0.8 * -(-n // across), f"Weights into the first {n} units")
    largest = np.percentile(np.abs(after), 99.5) or 1.0
    for part, images, title in zip(
        figure.subfigures(1, 2, wspace=0.04),
        (before, after),
        ("before training", "after training"),
        strict=True,
    ):
        part.suptitle(title, fontsize=9.5)
        axes = part.subplots(-(-n // across), across, squeeze=False).ravel()
        for ax in axes:
            ax.set_axis_off()
        for ax, image in zip(axes, images, strict=False):
            shown = ax.imshow(image.reshape(shape), cmap="RdBu_r", vmin=-largest, vmax=largest)
        part.colorbar(shown, ax=list(axes), location="bottom", shrink=0.5, label="weight")
    return figure


def confusion(seed) -> Figure | None:
    """Which digit was taken for which in the test, trained beside untrained.

    Rows are what is shown, columns what the network says, or the probe of its embeddings. Off the
    diagonal are errors: look for pairs that look alike, such as 3 and 8 or 1 and 8.
    """
    if not isinstance(seed.params, ImageParams):
        return None
    figure = page(seed, 4.8, "Digits shown and told in the test (images)")
    for ax, label in zip(figure.subplots(1, 2), (TRAINED, UNTRAINED), strict=True):
        arrays = seed.recording(label)
        told, shown = arrays["outputs"].argmax(axis=1), arrays["labels"]
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (shown, told), 1)
        vmax = counts.sum(axis=1).max()
        ax.imshow(counts, cmap="Greys", vmin=0, vmax=vmax)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if count > vmax / 2 else "black"
                ax.text(column, row, count, ha="center", va="center", fontsize=7, color=colour)
        ax.set(xticks=range(10), yticks=range(10), xlabel="told", ylabel="shown")
        ax.set_title(f"{label}: accuracy {seed.numbers(label)['accuracy']:.3f}")
        ax.spines[:].set_visible(True)
    return figure


def relaxation(seed) -> Figure | None:
    """The energy of the first sample of the test while the states relax: it may never rise.

    Rate: the sum of squared errors, the target given; what is left after the relaxation is what the
    weights learn from, and a trained network has little left from the start. Equilibrium: E in the
    free phase from rest, deeper after training. The dotted line is where the training stops. Each
    panel has a scale of its own.
    """
    p = seed.params
    if not isinstance(p, RateParams | EquilibriumParams):
        return None
    data = split_of(p.data, p.test_size, p.seed, p.scaling, p.contrast)
    x, y = data.x_test[:1], np.eye(data.n_classes)[data.y_test[:1]]
    figure = page(seed, 3.8, f"One sample, the digit {data.y_test[0]}")
    is_rate = isinstance(p, RateParams)
    for ax, label in zip(figure.subplots(1, 2), (UNTRAINED, TRAINED), strict=True):
        weights, biases = network_of(seed, label)
        if is_rate:
            F = rate.relax(weights, biases, x, y, p.gamma, RELAXED)[2]
        else:
            path = equilibrium.trajectory(weights, biases, x, p.gamma, RELAXED)
            F = np.array([equilibrium.energy(weights, biases, x, states) for states in path])
        ax.plot(F[:, 0], **style.LINE[label])
        steps = p.n_relax if is_rate else p.n_free
        ax.axvline(steps, color=style.MUTED, ls=":", label="steps in training")
        words = "F = sum of squared errors / 2" if is_rate else "E of the free network"
        ax.set(xlabel="step of relaxation", ylabel=words, xlim=(0, RELAXED), title=label)
        ax.margins(y=0.1)
    style.legend_above(ax)
    return figure


def network_of(seed, label: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and biases of a network."""
    arrays, end = seed.recording(label), "w" if label == TRAINED else "w_init"
    biases = [arrays[f"layer{k}.bias"] for k in range(1, len(arrays["sizes"]))]
    stored = [seed.weights[f"weights{k}_{end}"] for k in range(1, len(biases) + 1)]
    return [w.reshape(b.size, -1) for w, b in zip(stored, biases, strict=True)], biases


def embeddings_by_epoch(seed) -> Figure | None:
    """Loss and collapse of a joint embedding after each epoch, beside the untrained encoder.

    The loss alone says nothing: it falls fastest where all embeddings become the same, and may rise
    where they spread. Look for a s.d. above the dotted line, then for an effective rank near the
    number of dimensions (below that line it is the rank of noise), and for an R2 above 0: only
    there more is foretold than the mean.
    """
    if not isinstance(seed.params, JepaParams):
        return None
    arrays = seed.recording(TRAINED)
    figure = page(seed, 3.3, "Loss of the training part; embeddings of the test part")
    for ax, (name, label) in zip(figure.subplots(1, 4), COLLAPSE.items(), strict=True):
        y = arrays[f"course_{name}"]
        ax.plot(np.arange(1, y.size + 1), y, label="trained", **style.LINE[TRAINED])
        ax.set(xlabel="epoch", title=label)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
        if name == "loss":
            ax.set_yscale("log")
            continue
        if name == "r2":  # untrained it is far below 0: nothing was foretold yet
            ax.set_ylim(max(-1.0, min(0.0, 1.1 * np.nanmin(y))), 1.0)
            ax.axhline(0, color=style.MUTED, lw=0.8)
            continue
        ax.axhline(seed.numbers(UNTRAINED)[name], label=UNTRAINED, **style.LINE[UNTRAINED])
        ax.set_ylim(0, seed.params.embedding if name == "effective_rank" else None)
        if name == "std":
            ax.axhline(NO_SPREAD, color=style.MUTED, ls=":", label=f"collapsed below {NO_SPREAD}")
            shown = ax.get_legend_handles_labels()
    figure.legend(*shown, loc="outside lower center", ncols=3)
    return figure


def spectrum(seed) -> Figure | None:
    """S.d. of the embeddings of the test part along each of their principal axes.

    A flat line uses every dimension; one that falls steeply lies in a few, and one that lies far
    below the untrained has collapsed: what is left of it is small, not empty, so a probe finds it.
    """
    if not isinstance(seed.params, JepaParams):
        return None
    figure = page(seed, 3.8, "Spectrum of the embeddings")
    ax = figure.subplots()
    for label in (UNTRAINED, TRAINED):
        values, numbers = seed.recording(label)["spectrum"], seed.numbers(label)
        words = f"{label}: effective rank {numbers['effective_rank']:.1f}, "
        words += f"probe {numbers['accuracy']:.3f}"
        marks = {"marker": "o" if label == TRAINED else "s", "ms": 3.5}
        ax.plot(np.arange(1, values.size + 1), values, label=words, **style.LINE[label], **marks)
    ax.set(xlabel="principal axis", ylabel="s.d. along it", yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return style.legend_above(ax, ncols=2).figure


# --- spiking ----------------------------------------------------------------------------------


def potential_and_spikes(seed) -> Figure | None:
    """The first shows of the test: potential and threshold of a cell, all spikes, the error.

    Top: soma, and threshold, which rises with every spike; below it the rate that the apical
    dendrite of that cell predicts. Look for a prediction that jumps with the input, and for an
    error (low-passed spikes minus prediction, mean over cells) that returns to the same low level
    after each switch; untrained, the dendrite predicts half of r_max whatever comes.
    """
    p = seed.params
    if not isinstance(p, SpikingParams):
        return None
    figure = page(seed, 7.6, f"The first {REPLAYED} shows of the test, without learning")
    axes = figure.subplots(4, 1, sharex=True, height_ratios=(1.2, 1, 1.5, 1))
    chosen = order(p.seed, "test", p.test_shows)[:REPLAYED]
    x = np.repeat(patterns(p.sizes[0])[chosen], p.show_ms, axis=0)
    for label in (UNTRAINED, TRAINED):
        seen = replay(seed, label, x)
        axes[1].plot(seen["phi"], label=f"predicted, {label}", **style.LINE[label])
        axes[3].plot(seen["eps"], label=label, **style.LINE[label])
    axes[0].plot(seen["v"], color=style.TRAINED, lw=0.8, label="potential of the soma")
    axes[0].plot(seen["theta"], color=style.BRIGHT, label="threshold")
    bottom = 0
    for name, n, fired in zip(names_of(p), p.sizes, seen["fired"], strict=True):
        step, index = np.nonzero(fired)
        colour = LAYER_COLOURS[(name != "input") + (name == "top")]
        axes[2].plot(step, index + bottom, "|", ms=4, color=colour)
        axes[2].text(1.005, bottom + n / 2 - 0.5, name, color=colour, va="center",
                     transform=axes[2].get_yaxis_transform())  # fmt: skip
        bottom += n
    for ax in axes:
        for k in range(1, REPLAYED):
            ax.axvline(k * p.show_ms, color=style.MUTED, ls=":", lw=0.8)
    for k, pattern in enumerate(chosen):
        axes[0].text((k + 0.5) * p.show_ms, 1.02, f"input {pattern + 1}", ha="center",
                     transform=axes[0].get_xaxis_transform())  # fmt: skip
    axes[0].set(ylabel="first cell of layer 1")
    axes[1].set(ylabel=f"rate of that cell\n{UNIT}", ylim=(0, None))
    axes[2].set(ylabel="cells", yticks=[])
    axes[3].set(
        ylabel=f"mean |error|\n{UNIT}", ylim=(0, None), xlabel="time (ms)", xlim=(0, len(x))
    )
    for ax in (axes[0], axes[1], axes[3]):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def names_of(p: SpikingParams) -> list[str]:
    between = [f"layer {k}" for k in range(1, len(p.sizes) - 1)]
    return ["input", *between, "top"]


def replay(seed, label: str, x: np.ndarray) -> dict:
    """A test run again from its weights: soma, threshold and prediction of a cell, all spikes."""
    p, arrays, weights = seed.params, seed.recording(label), seed.weights
    end = "w" if label == TRAINED else "w_init"
    state = spiking.at_rest(p)
    for k in spiking.layers(p.sizes):
        state |= {
            f"{name}{k}.w": weights[f"{name}{k}_{end}"].copy() for name in ("basal", "apical")
        }
        state[f"layer{k}.b"] = arrays[f"layer{k}.b"].copy()
    stepper = Stepper(p.sizes, spiking.constants(p), state)
    found: dict = {"v": [], "theta": [], "phi": [], "eps": [], "fired": []}
    for row in x:
        found["fired"].append(stepper.step(row, 0.0))
        cell = stepper.parts["layer1"]
        found["phi"].append(1 / (1 + np.exp(-cell["v_a"][0])))
        found["v"].append(cell["v"][0])
        found["theta"].append(cell["theta"][0])
        layers = spiking.layers(p.sizes)
        found["eps"].append(np.concatenate([np.abs(state[f"layer{k}.eps"]) for k in layers]).mean())
    found["fired"] = [np.array(rows) for rows in zip(*found["fired"], strict=True)]
    return found


def error_over_training(seed) -> Figure | None:
    """The error of the predicted rates in each show of the training, by layer, beside the controls.

    Levels are of the test, without learning. While basal weights learn (left of the dotted line)
    the rates themselves move; look for a fall after it, and for an end below the bias alone, which
    can only learn each cell's mean rate.
    """
    p = seed.params
    if not isinstance(p, SpikingParams):
        return None
    figure, numbers = page(seed, 4.4, "Error of the predicted rate over the training"), None
    ax, numbers = figure.subplots(), seed.numbers(TRAINED)
    error = seed.recording(TRAINED)["course_error"]
    of_layer = np.repeat(spiking.layers(p.sizes), p.sizes[1:])
    t = (np.arange(len(error)) + 1) * p.show_ms / 1000
    for k, name, colour in zip(
        spiking.layers(p.sizes), names_of(p)[1:], LAYER_COLOURS[1:] * len(p.sizes), strict=False
    ):
        ax.plot(t, error[:, of_layer == k].mean(axis=1), color=colour, lw=0.9, label=name)
    ax.plot(t, error.mean(axis=1), **style.LINE[TRAINED], label="all cells")
    levels = {
        "bias alone": numbers["bias_only"],
        "dendrite out of time": numbers["shuffled"],
        "best constant": numbers["constant"],
        "untrained": seed.numbers(UNTRAINED)["error"],
    }
    beside(ax, levels)
    if p.w_learns < 1:
        ax.axvline(p.w_learns * t[-1], color=style.MUTED, ls=":", label="basal weights held")
    ax.set(xlabel="training time (s)", ylabel=f"error {UNIT}", ylim=(0, None), xlim=(0, t[-1]))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def predicted_and_fired(seed) -> Figure | None:
    """Rate that each cell predicts and fires at in each show of the test: learned, bias, untrained.

    One dot a cell and show, in units of r_max, the largest rate that can be predicted. On the
    diagonal the prediction is right. The bias alone predicts one rate a cell: horizontal rows.
    """
    if not isinstance(seed.params, SpikingParams):
        return None
    p, trained = seed.params, seed.recording(TRAINED)
    parts = {
        "learned": shows_of(trained, "test"),
        "bias alone": shows_of(trained, "bias_only"),
        "untrained": shows_of(seed.recording(UNTRAINED), "test"),
    }
    figure = page(seed, 3.9, "Rates in the test")
    of_layer = np.repeat(spiking.layers(p.sizes), p.sizes[1:])
    for ax, (title, shows) in zip(figure.subplots(1, 3), parts.items(), strict=True):
        top = max(1.05, 1.05 * shows.fired.max())
        ax.plot([0, 1], [0, 1], color=style.MUTED, lw=0.8)
        for k, name, colour in zip(
            spiking.layers(p.sizes), names_of(p)[1:], LAYER_COLOURS[1:] * len(p.sizes), strict=False
        ):
            x, y = (a[:, of_layer == k].ravel() for a in (shows.fired, shows.predicted))
            ax.plot(x, y, "o", ms=2.5, mew=0, alpha=0.6, color=colour, label=name)
        ax.set(xlabel=f"fired {UNIT}", ylabel=f"predicted {UNIT}", xlim=(-0.03, top))
        ax.set(ylim=(-0.03, 1.05), title=f"{title}: error {shows.error.mean():.3f}")
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, markerscale=2)
    return figure


FIGURES = draw.by_name(
    accuracy_by_epoch,
    confusion,
    weights_as_images,
    relaxation,
    embeddings_by_epoch,
    spectrum,
    error_over_training,
    predicted_and_fired,
    potential_and_spikes,
)
