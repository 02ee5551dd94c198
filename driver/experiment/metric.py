"""Numbers of a network beside those of its untrained twin.

Undefined is NaN in memory and null in a file, never a stand-in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

TRAINED, UNTRAINED = LABELS = ("trained", "untrained")


def is_number(value: Any) -> bool:
    """Whether a value is a number; a truth value is none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def difference(trained: Any, untrained: Any) -> Any:
    """Trained minus untrained, number by number; NaN where either is undefined.

    Parameters
    ----------
    trained, untrained : dict or number
        Nested alike; what is neither is left out.
    """
    if isinstance(trained, dict):
        return {
            key: difference(trained[key], untrained[key])
            for key in trained
            if is_number(trained[key]) or isinstance(trained[key], dict)
        }
    return trained - untrained if is_number(untrained) else np.nan
