"""What a report needs for drawings in the browser: plotly, which is optional, and packed arrays."""

from __future__ import annotations

import base64

import numpy as np

TYPES = {
    np.float32: "Float32Array",
    np.int16: "Int16Array",
    np.uint16: "Uint16Array",
    np.uint32: "Uint32Array",
}


def plotly_script() -> str | None:
    """Plotly for browsers; None if it is not installed."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        return None
    return get_plotlyjs()


def packed(values, dtype: type) -> dict[str, str]:
    """An array as JavaScript unpacks it; little-endian, as browsers are.

    Parameters
    ----------
    values : array_like
    dtype : type
        One of `TYPES`.

    Returns
    -------
    dict of str
        `type`, the class of JavaScript, and `data`, its bytes in base64.
    """
    data = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes()
    return {"type": TYPES[dtype], "data": base64.b64encode(data).decode()}
