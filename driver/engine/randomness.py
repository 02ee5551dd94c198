"""Randomness as a function, not a sequence.

Two kinds of draws, one rule: a number depends on the run's seed, on the name of the
stream it belongs to and on its place (element, step), and on nothing that happened before.

* `generator` gives a NumPy generator for what is drawn on the host: wiring, initial
  state, stimulus noise.
* `uniform` is drawn inside the simulation, by the same integer hash on every backend.
"""

from __future__ import annotations

import zlib

import numpy as np

MAX_SEED = 2**31 - 1
"""Largest seed: it travels as a signed 32-bit integer into compiled code."""


def stream_id(purpose: str) -> int:
    """Number of a named stream, 0 to 2**30 - 1, from the CRC-32 of the name.

    It fits a signed 32-bit integer with room for a small offset, such as a phase.

    Examples
    --------
    >>> stream_id("wiring") != stream_id("initial weights")
    True
    """
    return zlib.crc32(purpose.encode()) >> 2


def generator(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """Generator of one stream; `index` keys a piece of it, such as a snapshot number.

    Parameters
    ----------
    seed : int
        Seed of the run, 0 to `MAX_SEED`.
    purpose : str
        What is drawn, for example ``"ll_mon wiring"``.
    *index : int
        Place within the purpose. Pieces are independent of each other, so a stream
        that is drawn in chunks does not depend on how it was cut.
    """
    key = (stream_id(purpose), *index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


# --- uniform(seed, stream, element, step): one hash, three languages -------------------

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MIDDLE = 12 * (2**16 - 1) // 2  # of twelve uniform numbers of 16 bits
# Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators": splitmix64.

_CPP = f"""
static inline uint64_t _splitmix(uint64_t h) {{
    h ^= h >> 30; h *= {_MIX_1}ULL;
    h ^= h >> 27; h *= {_MIX_2}ULL;
    return h ^ (h >> 31);
}}
static inline uint64_t _hash(double seed, double stream, double element, double step) {{
    uint64_t h = _splitmix((uint64_t)seed * {_GOLDEN}ULL + (uint64_t)stream);
    h = _splitmix(h + (uint64_t)element * {_GOLDEN}ULL);
    return _splitmix(h + (uint64_t)step * {_GOLDEN}ULL);
}}
"""
_CPP_UNIFORM = f"""
static inline double uniform(double seed, double stream, double element, double step) {{
    return (double)(_hash(seed, stream, element, step) >> 11) * {2.0**-53!r};
}}
"""
_CPP_NORMAL = f"""
static inline double normal(double seed, double stream, double element, double step) {{
    uint64_t h = _hash(seed, stream, element, step);
    int64_t sum = 0;
    for (int k = 0; k < 3; k++) {{
        sum += (int64_t)(h & 0xffff) + (int64_t)((h >> 16) & 0xffff);
        sum += (int64_t)((h >> 32) & 0xffff) + (int64_t)(h >> 48);
        h = _splitmix(h + {_GOLDEN}ULL);
    }}
    return (double)(sum - {_MIDDLE}LL) * {2.0**-16!r};
}}
"""
CPP = {"uniform": _CPP + _CPP_UNIFORM, "normal": _CPP + _CPP_NORMAL}

_CYTHON = f"""
cdef unsigned long long _splitmix(unsigned long long h):
    h ^= h >> 30
    h *= {_MIX_1}ULL
    h ^= h >> 27
    h *= {_MIX_2}ULL
    return h ^ (h >> 31)

cdef unsigned long long _hash(double seed, double stream, double element, double step):
    cdef unsigned long long h
    h = _splitmix(<unsigned long long>seed * {_GOLDEN}ULL + <unsigned long long>stream)
    h = _splitmix(h + <unsigned long long>element * {_GOLDEN}ULL)
    return _splitmix(h + <unsigned long long>step * {_GOLDEN}ULL)
"""
_CYTHON_UNIFORM = f"""
cdef double uniform(double seed, double stream, double element, double step):
    return <double>(_hash(seed, stream, element, step) >> 11) * {2.0**-53!r}
"""
_CYTHON_NORMAL = f"""
cdef double normal(double seed, double stream, double element, double step):
    cdef unsigned long long h = _hash(seed, stream, element, step)
    cdef long long total = 0
    cdef int k
    for k in range(3):
        total += <long long>(h & 0xffff) + <long long>((h >> 16) & 0xffff)
        total += <long long>((h >> 32) & 0xffff) + <long long>(h >> 48)
        h = _splitmix(h + {_GOLDEN}ULL)
    return <double>(total - {_MIDDLE}) * {2.0**-16!r}
"""
CYTHON = {"uniform": _CYTHON + _CYTHON_UNIFORM, "normal": _CYTHON + _CYTHON_NORMAL}


def _splitmix(h: np.ndarray) -> np.ndarray:
    h = (h ^ (h >> np.uint64(30))) * np.uint64(_MIX_1)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(_MIX_2)
    return h ^ (h >> np.uint64(31))


def uniform_numpy(seed, stream, element, step) -> np.ndarray:
    """Uniform numbers in [0, 1), a pure function of four whole numbers.

    Parameters
    ----------
    seed, stream, element, step : array_like of non-negative numbers below 2**53
        Broadcast against each other.

    Returns
    -------
    ndarray of float
        Multiples of 2**-53. The same bits as the C++ and Cython implementations.
    """
    return (_hash(seed, stream, element, step) >> np.uint64(11)).astype(float) * 2.0**-53


def normal_numpy(seed, stream, element, step) -> np.ndarray:
    """Normal numbers of mean 0 and s.d. 1: the sum of twelve uniform ones.

    Arguments are those of `uniform_numpy`. Whole-number arithmetic, so that all backends draw
    the same bits; the tails end at 6 s.d., the excess kurtosis is -0.1.
    """
    h = _hash(seed, stream, element, step)
    total = np.zeros(h.shape, np.int64)
    for _ in range(3):
        for shift in (0, 16, 32, 48):
            total += ((h >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        h = _splitmix(h + np.uint64(_GOLDEN))
    return (total - _MIDDLE).astype(float) * 2.0**-16


def _hash(seed, stream, element, step) -> np.ndarray:
    """64 random bits, a pure function of four whole numbers."""
    seed, stream, element, step = (
        np.atleast_1d(a).astype(np.uint64) for a in (seed, stream, element, step)
    )
    h = _splitmix(seed * np.uint64(_GOLDEN) + stream)
    h = _splitmix(h + element * np.uint64(_GOLDEN))
    return _splitmix(h + step * np.uint64(_GOLDEN))


def uniform():
    """`uniform(seed, stream, element, step)` as a function for Brian equations.

    Returns
    -------
    brian2.Function
        With implementations for numpy, Cython and C++; put it into a group's namespace
        under the name ``uniform``.
    """
    return _function("uniform", uniform_numpy)


def normal():
    """`normal(seed, stream, element, step)` as a function for Brian equations; see `uniform`."""
    return _function("normal", normal_numpy)


def on_device(cpp: str) -> str:
    """The same function for a GPU as well."""
    return cpp.replace("static inline", "__host__ __device__ static inline")


def _function(name: str, in_numpy):
    from brian2 import Function  # here, so that host draws need no Brian

    function = Function(in_numpy, arg_units=[1, 1, 1, 1], return_unit=1, stateless=True)
    function.implementations.add_implementation("numpy", in_numpy)
    function.implementations.add_implementation("cpp", CPP[name])
    function.implementations.add_implementation("cython", CYTHON[name])
    for_genn = CPP[name].replace("static inline", "SUPPORT_CODE_FUNC")
    function.implementations.add_implementation("genn", for_genn)
    function.implementations.add_implementation("cuda", on_device(CPP[name]))
    return function
