"""What is kept of a run on the command line, and its figure."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from driver.files import replace_file
from models.predictive.interactive import PredictiveCodingNetwork


class Seen:
    """Spikes of each cell; with `traces` what a figure needs of each step, too."""

    def __init__(self, net: PredictiveCodingNetwork, traces: bool):
        self.net, self.traces = net, traces
        self.counts = [np.zeros(n, int) for n in net.sizes]
        self.spikes, self.rows = [], []

    def look(self) -> None:
        """Keep what has happened in a step."""
        net = self.net
        for count, fired in zip(self.counts, net.spikes, strict=True):
            count += fired
        if self.traces:
            self.spikes.append(np.concatenate(net.spikes))
            self.rows.append((net.potentials[-1][0], net.thresholds[-1][0], net.mean_error()))

    def draw(self, path: Path) -> Path:
        """Potential and threshold of the first top cell, spikes of all cells, mean error."""
        from driver.figures import page, style

        v, theta, error = np.array(self.rows).T
        fired, t, sizes = np.array(self.spikes), np.arange(1, 1 + len(v)), self.net.sizes
        borders = np.cumsum((0, *sizes))
        with style.applied():
            figure = page.page(f"Predictive coding, layers of {', '.join(map(str, sizes))}", 6.5)
            soma, raster, errors = figure.subplots(3, sharex=True)
            soma.plot(t, v, color=style.DARK, label="potential")
            soma.plot(t, theta, color=style.MIDDLE, ls="--", label="threshold")
            spikes = fired[:, borders[-2]]
            soma.plot(t[spikes], theta[spikes], "k|", ms=8, label="spike")
            style.legend_above(soma)
            soma.set(ylabel="first top cell")
            step, cell = np.nonzero(fired)
            layer = np.searchsorted(borders, cell, side="right") % 2  # neighbours differ
            for k, colour in enumerate((style.DARK, style.BRIGHT)):
                raster.plot(t[step[layer == k]], cell[layer == k], "|", color=colour, ms=4)
            raster.set(ylabel="cell, input first", ylim=(borders[-1] - 0.5, -0.5))
            errors.plot(t, error, color=style.TRAINED)
            errors.set(xlabel="time (ms)", ylabel="mean |error|", ylim=(0, None))
            kind = path.suffix[1:].lower()
            return replace_file(path, lambda file: figure.savefig(file, format=kind))


def figure_file(text: str) -> Path:
    """Where a figure can be written, and in a format that can be."""
    from matplotlib.figure import Figure

    path = Path(text)
    known = {*Figure().canvas.get_supported_filetypes()} - {"pgf"}  # which needs LaTeX
    if path.suffix[1:].lower() not in known:
        raise argparse.ArgumentTypeError(
            f"{text!r}: needed an ending of {', '.join(sorted(known))}"
        )
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r}: needed a file in a folder that can be written")
    return path
