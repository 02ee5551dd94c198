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
    (b, log_c), (half, _) = fit_line(np.log(sizes), np.log(costs))
    return {
        "exponent": float(b),
        "low": float(b - half),
        "high": float(b + half),
        "at_1": float(np.exp(log_c)),
        "error": relative_error(costs, np.exp(log_c) * np.power(sizes, b, dtype=float)),
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
    (each, fixed), (each_half, fixed_half) = fit_line(sizes, costs, 1 / np.asarray(costs))
    return {
        "fixed": float(fixed),
        "fixed_half": float(fixed_half),
        "each": float(each),
        "each_half": float(each_half),
        "error": relative_error(costs, fixed + each * np.asarray(sizes)),
    }


def growth(sizes, costs) -> dict:
    """Both fits, and which of them lies nearer to the points (they have two numbers each)."""
    power, line = power_law(sizes, costs), straight_line(sizes, costs)
    better = None
    if power and line:
        better = "straight_line" if line["error"] < power["error"] else "power_law"
    return {"n": len(sizes), "power_law": power, "straight_line": line, "better": better}


def fit_line(x, y, weights=None) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept by least squares, and half their 95 % intervals."""
    found, covariance = np.polyfit(x, y, 1, w=weights, cov=True)
    student = stats.t.ppf((1 + CONFIDENCE) / 2, len(x) - 2)
    return found, student * np.sqrt(np.diag(covariance))


def relative_error(costs, predicted) -> float:
    ratio = np.asarray(predicted) / np.asarray(costs)
    return float(np.sqrt(np.mean((ratio - 1) ** 2)))
