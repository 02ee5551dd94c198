"""How a cost grows with size: a power law, and a fixed cost plus a cost for each element."""

from __future__ import annotations

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
LEAST = 3  # points through which a line and its error can be drawn


def power_law(sizes, costs) -> dict | None:
    """Exponent b of ``cost = c*size**b``, by least squares of the logarithms.

    Returns
    -------
    dict or None
        ``exponent`` with its 95 % interval ``low`` to ``high``, ``at_1`` (c) and ``error``, the
        root mean square of the relative residuals; None below three points.
    """
    if len(sizes) < LEAST:
        return None
    x, y = np.log(sizes), np.log(costs)
    fit = stats.linregress(x, y)
    half = student(len(x)) * fit.stderr
    predicted = np.exp(fit.intercept + fit.slope * x)
    return {
        "exponent": float(fit.slope),
        "low": float(fit.slope - half),
        "high": float(fit.slope + half),
        "at_1": float(np.exp(fit.intercept)),
        "error": relative_error(costs, predicted),
    }


def straight_line(sizes, costs) -> dict | None:
    """``cost = fixed + each*size``, every point weighed by its own cost.

    Returns
    -------
    dict or None
        ``fixed`` and ``each`` with half their 95 % intervals, and ``error`` as in `power_law`.
    """
    if len(sizes) < LEAST:
        return None
    sizes, costs = np.asarray(sizes, float), np.asarray(costs, float)
    design = np.stack([np.ones_like(sizes), sizes], axis=1) / costs[:, None]
    found, *_ = np.linalg.lstsq(design, np.ones_like(costs), rcond=None)
    residuals = 1 - design @ found
    variance = residuals @ residuals / (len(costs) - 2)
    half = student(len(costs)) * np.sqrt(np.diag(variance * np.linalg.inv(design.T @ design)))
    return {
        "fixed": float(found[0]),
        "fixed_half": float(half[0]),
        "each": float(found[1]),
        "each_half": float(half[1]),
        "error": relative_error(costs, found[0] + found[1] * sizes),
    }


def growth(sizes, costs) -> dict:
    """Both fits, and which of them lies nearer to the points (they have two numbers each)."""
    power, line = power_law(sizes, costs), straight_line(sizes, costs)
    better = None
    if power and line:
        better = "straight_line" if line["error"] < power["error"] else "power_law"
    return {"n": len(sizes), "power_law": power, "straight_line": line, "better": better}


def student(n: int) -> float:
    """Factor from standard error to half a 95 % interval of a fit with two numbers."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 2))


def relative_error(costs, predicted) -> float:
    ratio = np.asarray(predicted) / np.asarray(costs)
    return float(np.sqrt(np.mean((ratio - 1) ** 2)))
