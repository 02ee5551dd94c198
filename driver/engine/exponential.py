"""exp(x) with the same bits on every backend.

NumPy's exp and that of a C library differ in the last bit of some values, and a network that learns
from exp(w) at every spike carries the difference on. This one is nothing but additions, products
and a power of two, in one order: x = k ln 2 + r, and the Taylor series of exp(r) to the 13th power,
whose remainder is below a tenth of the last bit. It agrees with exp to one unit in the last place,
and a compiler can make of it loops over eight numbers at a time.
"""

from __future__ import annotations

import math

import numpy as np

from driver.engine.randomness import on_device

LIMIT = 700.0  # beyond, exp(LIMIT) stands for what a float cannot hold well
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693145751953125, 1.42860682030941723212e-6  # k times the first is exact
SHIFT = 1024  # makes k positive, so that cutting off its fraction rounds down
ONE = 1023  # exponent of 1.0


def series() -> str:
    """exp(r) as code, the tail of its series by halves (Estrin): few steps wait for each other."""
    terms = [repr(1 / math.factorial(k)) for k in range(2, 14)]
    for power in ("r", "r2", "r4", "r8"):
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = ["(" + f" + {power}*".join(pair) + ")" for pair in pairs]
    return f"(1 + (r + r2*{terms[0]}))"


SERIES = series()
_SERIES = compile(SERIES, "series", "eval")


def exponential_numpy(x) -> np.ndarray:
    """exp(x) of an array or a number; x beyond +-700 counts as +-700."""
    x = np.clip(x, -LIMIT, LIMIT)
    k = np.floor(x * LOG2_E + (SHIFT + 0.5)) - SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    found = eval(_SERIES, {"r": r, "r2": r2, "r4": r4, "r8": r4 * r4})
    return np.ldexp(found, k.astype(np.int64))


CPP = f"""
static inline double exponential(double x) {{
    x = x < -{LIMIT} ? -{LIMIT} : (x > {LIMIT} ? {LIMIT} : x);
    const int64_t k = (int64_t)(x*{LOG2_E!r} + {SHIFT + 0.5}) - {SHIFT};
    const double r = (x - k*{LN2_HIGH!r}) - k*{LN2_LOW!r};
    const double r2 = r*r, r4 = r2*r2, r8 = r4*r4;
    const int64_t bits = (k + {ONE}) << 52;
    double power;
    memcpy(&power, &bits, 8);
    return {SERIES}*power;
}}
"""
CYTHON = f"""
cdef double exponential(double x):
    cdef long long k, bits
    cdef double r, r2, r4, r8
    x = -{LIMIT} if x < -{LIMIT} else ({LIMIT} if x > {LIMIT} else x)
    k = <long long>(x*{LOG2_E!r} + {SHIFT + 0.5}) - {SHIFT}
    r = (x - k*{LN2_HIGH!r}) - k*{LN2_LOW!r}
    r2 = r*r
    r4 = r2*r2
    r8 = r4*r4
    bits = (k + {ONE}) << 52
    return {SERIES}*(<double*>(&bits))[0]
"""


def exponential():
    """``exponential(x)`` as a function for Brian equations, x without dimension.

    Returns
    -------
    brian2.Function
        Put it into a group's namespace under the name ``exponential``.
    """
    from brian2 import Function  # here, so that host code needs no Brian

    function = Function(exponential_numpy, arg_units=[1], return_unit=1, stateless=True)
    function.implementations.add_implementation("numpy", exponential_numpy)
    function.implementations.add_implementation("cpp", CPP)
    function.implementations.add_implementation("cython", CYTHON)
    function.implementations.add_implementation("cuda", on_device(CPP))
    return function
