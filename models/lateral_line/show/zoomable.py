"""Rasters and tuning curves to zoom into, for the report; needs plotly, which is optional.

Only what a browser takes easily goes into the page: some seeds, and of a large layer every n-th
cell. The drawing is done by ``zoomable.js`` with plotly's script, which is embedded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from driver.engine.model import Spikes
from driver.figures import style
from driver.report.scripts import packed
from models.lateral_line.analyses.tuning import Passage, spread
from models.lateral_line.saved import Seed
from models.lateral_line.show import overviews, pages, panels

SCRIPT = Path(__file__).with_suffix(".js")
MAX_SPIKES = 25_000  # of a raster
MAX_SEEDS = 4
MAX_TUNED = 400  # cells of a layer with a tuning curve
RASTERS = (
    ("test", "ll", "LL"),
    ("test", "mon", "MON, trained"),
    ("untrained", "mon", "MON, untrained"),
    ("test", "ts", "TS, trained"),
    ("untrained", "ts", "TS, untrained"),
)


def content(saved: Seed) -> dict[str, Any]:
    """All that is drawn, as JSON can say it; its place in the page is the element ``#zoomable``."""
    return {"rasters": rasters(saved), "tuning": tuning(saved)}


def rasters(saved: Seed) -> dict[str, Any]:
    """Source, decoded positions and spikes of the test, by step."""
    decoded = overviews.decoded_cm(saved)
    looks = (("untrained", style.UNTRAINED, "square"), ("trained", style.TRAINED, "circle"))
    return {
        "x_cm": packed(saved.recordings["test_x_cm"], np.float32),
        "dt_s": saved.dt_s,
        "muted": style.MUTED,
        "decoded": [
            {
                "name": f"decoded, {name}",
                "cm": packed(decoded[name], np.float32),
                "colour": colour,
                "symbol": symbol,
            }
            for name, colour, symbol in looks
        ],
        "panels": [raster(saved, *one) for one in RASTERS],
    }


def raster(saved: Seed, phase: str, population: str, name: str) -> dict[str, Any]:
    most, n_cells = most_spikes(saved, population), saved.n_cells(population)
    every = thinning(saved, population)
    spikes = thinned(saved.spikes(phase, population), every)
    part = f" (1 cell in {every})" if every > 1 else ""
    return {
        "name": f"{name}{part}" if spikes.index.size else f"{name}: no spikes",
        "colour": panels.COLOUR[population],
        "n_cells": n_cells,
        "n_dots": most // every,  # of the densest, so that dots to be compared have one size
        "step": packed(spikes.step, smallest(saved.recordings["test_x_cm"].size)),
        "cell": packed(spikes.index, smallest(n_cells)),
    }


def thinning(saved: Seed, population: str) -> int:
    """Every how manieth cell is shown; the same for the trained network and its twin."""
    return -(-most_spikes(saved, population) // MAX_SPIKES) or 1


def most_spikes(saved: Seed, population: str) -> int:
    """Spikes of a population in the test, trained or untrained, whichever are more."""
    phases = [phase for phase, name, _ in RASTERS if name == population]
    return max(saved.spikes(phase, population).index.size for phase in phases)


def thinned(spikes: Spikes, every: int) -> Spikes:
    kept = spikes.index % every == 0
    return Spikes(spikes.index[kept], spikes.step[kept])


def tuning(saved: Seed) -> dict[str, Any]:
    """Rate by source position of the cells of each layer, trained and untrained."""
    shown, low = pages.passage(saved), saved.params.eval_x_min_cm
    origin = "" if low is None else f", from {low:g} cm on"
    return {
        "title": f"source position x (cm{origin})",
        "x_cm": packed(shown.centres_cm, np.float32),
        "conditions": [
            {"name": "trained", "colour": style.TRAINED, "dash": "solid"},
            {"name": "untrained", "colour": style.UNTRAINED, "dash": "dash"},
        ],
        "layers": [layer(saved, shown, name) for name in ("ll", "mon", "ts")],
    }


def layer(saved: Seed, shown: Passage, population: str) -> dict[str, Any]:
    n_cells = saved.n_cells(population)
    cells = spread(n_cells, MAX_TUNED)
    rates = [
        shown.rates_hz(saved.spikes(phase, population), n_cells)[cells]
        for phase in ("test", "untrained")
    ]
    return {
        "name": population.upper(),
        "cells": cells.tolist(),
        "rates": [packed(hz, np.float32) for hz in rates],
    }


def limits(saved: Seed) -> str:
    """What is left out, in words."""
    layers = ("ll", "mon", "ts")
    every = {name.upper(): thinning(saved, name) for name in layers}
    found = [f"1 {name} cell in {n}" for name, n in every.items() if n > 1]
    tuned = [name.upper() for name in layers if saved.n_cells(name) > MAX_TUNED]
    found += [f"tuning curves of {MAX_TUNED} cells spread over {name}" for name in tuned]
    return f"To keep the page small: {'; '.join(found)}." if found else "All cells are shown."


def smallest(n: int) -> type:
    """Type for numbers below `n`."""
    return np.uint16 if n <= 2**16 else np.uint32
