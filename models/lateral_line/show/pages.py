"""What the figures of a seed have in common: headline, conditions, the test by source position."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import page as pages
from models.lateral_line.analyses.tuning import Passage
from models.lateral_line.published import UNSTORED
from models.lateral_line.saved import Seed
from models.lateral_line.show.overviews import headline

CONDITIONS = {"trained": "test", "untrained": "untrained"}  # and the phase of its spikes


def page(saved: Seed, height_in: float, subject: str) -> Figure:
    """An empty figure with the headline of the run, and below it what the figure shows."""
    return pages.page(heading(saved, subject), height_in)


def heading(saved: Seed, subject: str) -> str:
    return "\n".join([headline(saved), subject, *remarks(saved)])


def remarks(saved: Seed) -> list[str]:
    """What a reader must know before comparing trained with untrained."""
    if saved.run.published:
        return [UNSTORED]
    w = saved.weights
    moved = any(
        not np.array_equal(w[name], w[start])
        for name, start in (("mon_ts_w", "mon_ts_w_init"), ("ll_mon_w_mV", "ll_mon_w_init_mV"))
    )
    trains = saved.train_end_s > 0
    if moved:
        return [] if trains else ["no training in this run: the weights were learned in another"]
    why = "no weight has changed in training" if trains else "no training"
    return [f"{why}: trained and untrained are the same network"]


# --- the test by source position ---------------------------------------------------------


def passage(saved: Seed) -> Passage:
    """The test of a seed by source position."""
    x_cm = saved.recordings["test_x_cm"]
    return Passage.of(x_cm, saved.dt_s, saved.params.eval_window_cm)


def position_label(saved: Seed) -> str:
    low = saved.params.eval_x_min_cm
    return "source x (cm)" if low is None else f"source x from {low:g} cm on (cm)"


def bin_words(shown: Passage) -> str:
    """Number, width and time of the bins, for a caption."""
    width, time_ms = np.ptp(shown.edges_cm) / shown.n_bins, 1e3 * shown.time_s[shown.time_s > 0]
    times = sorted({f"{t:.3g}" for t in (time_ms.min(), time_ms.max())}, key=float)
    n = f"{shown.n_bins} bin" + ("s" if shown.n_bins > 1 else "")
    return f"{n} of {width:.3g} cm, {' to '.join(times)} ms"


def spike_words(saved: Seed, population: str) -> str:
    """What a caption says of a layer that is silent in the test, or the same in both networks."""
    shown, lines = passage(saved), []
    spikes = {condition: saved.spikes(phase, population) for condition, phase in CONDITIONS.items()}
    name = population.upper()
    silent = [k for k, s in spikes.items() if s.index.size == 0]
    outside = [k for k, s in spikes.items() if shown.inside(s).index.size == 0 and k not in silent]
    for who, where in ((silent, "the test"), (outside, "the evaluation window")):
        if who:
            lines.append(f"{name} is silent in {where} ({' and '.join(who)})")
    trained, twin = ((s.index, s.step) for s in spikes.values())
    same = all(map(np.array_equal, trained, twin)) and not remarks(saved)
    if same and not lines and population != "ll":
        lines.append(f"{name} spikes: the same, trained and untrained")
    return "".join(f"\n{line}" for line in lines)
