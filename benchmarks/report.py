"""Pages and figures of the benchmarks: what all of them have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from driver.figures import style
from driver.report.tables import markdown

RESULTS = Path(__file__).parent / "results"


def page(title: str, *parts: str) -> str:
    """Title and paragraphs, or tables, of a page."""
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def table(columns: str, rows: Iterable[Iterable]) -> str:
    """A table in Markdown; the names of its columns are divided by ``|``."""
    names = [name.strip() for name in columns.split("|")]
    return markdown(names, ([str(cell) for cell in row] for row in rows))


def described(machine: dict) -> str:
    """Processor, compiler and Python of `benchmarks.timing.describe`, a sentence."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
        f"Python {machine['python']}, `{machine['flags']}`."
    )


def ranged(spread: dict) -> str:
    """Median, lowest and highest of a `benchmarks.timing.spread`."""
    return f"{spread['median']:.3g} ({spread['low']:.3g} to {spread['high']:.3g})"


@contextlib.contextmanager
def figure(file: Path, width: float, height: float):
    """An empty figure, which is saved at the end."""
    from matplotlib.figure import Figure

    with style.applied():
        drawn = Figure(figsize=(width, height), layout="constrained")
        yield drawn
        drawn.savefig(file, **style.PNG)


def draw_spreads(ax, x: list, spreads: list[dict], **look):
    """Medians, with bars from the lowest to the highest."""
    middle = [s["median"] for s in spreads]
    below = [s["median"] - s["low"] for s in spreads]
    above = [s["high"] - s["median"] for s in spreads]
    ax.errorbar(x, middle, (below, above), ms=4, capsize=2, **look)
    return ax


def log_axes(ax, sizes: list[int] | None = None):
    """Logarithmic axes; with `sizes`, ticks at these."""
    ax.set(xscale="log", yscale="log")
    ax.minorticks_off()
    if sizes:
        ax.set_xticks(sizes, [f"{n / 1000:g}k" if n >= 1000 else str(n) for n in sizes])
    return ax
