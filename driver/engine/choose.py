"""State in, state out: one call that every backend serves.

A block of steps is a pure function of its values, its first step and its length. Nothing
hides in a clock, a queue or a generator, so a run is the same in one block or in many,
resumed or not, and on any backend.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from typing import Literal, Protocol, get_args

import numpy as np

from driver.engine.timing.profile import ENGINE, Profile, part

Backend = Literal["auto", "numpy", "cython", "cpp_standalone", "genn", "genn_gpu"]
BACKENDS: tuple[str, ...] = get_args(Backend)
GENN = ("genn", "genn_gpu")


@dataclasses.dataclass(frozen=True)
class ForGenn:
    """What differs in a model's description for GeNN (see `driver.engine.genn.engine`).

    Attributes
    ----------
    builder : str
        Of the network, as in `Model`.
    scratch : tuple of str
        Scratch variables on top of the model's own.
    without : tuple of str
        Synapses of the model that this network does without.
    """

    builder: str
    scratch: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Model:
    """What a model hands to the driver.

    Attributes
    ----------
    builder : str
        ``"package.module:function"``; called as ``function(structure, wiring)`` it returns a
        `brian2.Network` whose objects all have names.
    structure : dict
        Sizes and switches that are compiled in; JSON values.
    wiring : dict of ndarray of int32
        ``"<synapses>.i"`` and ``"<synapses>.j"``.
    state : tuple of str
        Variables ``"<group>.<variable>"`` that evolve and are handed from block to block.
    scratch : tuple of str
        Variables that a block fills before it reads them; neither given nor returned.
    populations : tuple of str
        Groups whose spikes are recorded, by monitors named ``<group>_spikes``.
    genn : ForGenn or str
        How GeNN gets it, or why it cannot.
    """

    builder: str
    structure: dict
    wiring: Mapping[str, np.ndarray]
    state: tuple[str, ...]
    scratch: tuple[str, ...]
    populations: tuple[str, ...]
    genn: ForGenn | str = "this model has no description for GeNN"


@dataclasses.dataclass(frozen=True)
class Spikes:
    """Spikes of one population, ordered by time.

    Attributes
    ----------
    index : ndarray of int32
        Neuron of each spike.
    step : ndarray of int64
        Absolute step of each spike.
    """

    index: np.ndarray
    step: np.ndarray

    def between(self, first: int, stop: int) -> Spikes:
        """Spikes with ``first <= step < stop``."""
        low, high = np.searchsorted(self.step, (first, stop))
        return Spikes(self.index[low:high], self.step[low:high])

    @staticmethod
    def concatenate(parts: list[Spikes]) -> Spikes:
        if not parts:
            return Spikes(np.empty(0, np.int32), np.empty(0, np.int64))
        return Spikes(
            np.concatenate([p.index for p in parts]), np.concatenate([p.step for p in parts])
        )


@dataclasses.dataclass(frozen=True)
class Block:
    """What a block returns.

    Attributes
    ----------
    state : dict of ndarray
        After its last step.
    spikes : dict of Spikes
        Of the populations that were to be recorded; empty for the others.
    counts : dict of int
        Spikes of every population, recorded or not.
    """

    state: dict[str, np.ndarray]
    spikes: dict[str, Spikes]
    counts: dict[str, int]


class Engine(Protocol):
    """A model ready to run on one backend."""

    backend: str

    def run(
        self,
        values: Mapping[str, np.ndarray | float],
        *,
        first_step: int,
        n_steps: int,
        record: tuple[str, ...] = (),
    ) -> Block:
        """Run steps `first_step` to `first_step + n_steps` - 1.

        Parameters
        ----------
        values : mapping
            State, parameters and tables, in SI base units, by ``"<group>.<variable>"`` or
            ``"<table>.values"``. Tables that are left out are zero.
        record : tuple of str
            Populations whose spikes are returned. Recording changes nothing else.
        """

    def close(self) -> None:
        """Let go of temporary files."""


@dataclasses.dataclass(frozen=True)
class Variable:
    """Shape and type of a settable array; `size` 1 takes a number."""

    size: int
    dtype: str

    @staticmethod
    def of(brian, size: int | None = None) -> Variable:
        """Of a Brian variable, or of the values of a timed array."""
        size = brian.size if size is None else size
        return Variable(int(size), np.dtype(brian.dtype).str)


def checked(
    values: Mapping[str, np.ndarray | float],
    variables: Mapping[str, Variable],
    model: Model,
    first_step: int,
) -> dict[str, np.ndarray]:
    """All variables of a block as arrays of the right type and size, in the order of `variables`.

    Scratch variables and tables that are not given are zero; every ``first_step`` is set.

    Raises
    ------
    KeyError
        For a variable that is unknown, or one that is missing.
    ValueError
        For a wrong size or a value that is not finite.
    """
    unknown = sorted(set(values) - set(variables))
    if unknown:
        raise KeyError(f"the network has no variable {', '.join(unknown)}")
    complete = {}
    for key, variable in variables.items():
        if key in values:
            complete[key] = as_array(key, values[key], variable)
        elif key.endswith(".first_step"):
            complete[key] = np.full(1, first_step, variable.dtype)
        elif key in model.scratch or is_table(key):
            complete[key] = np.zeros(variable.size, variable.dtype)
    missing = [key for key in variables if key not in complete]
    if missing:
        raise KeyError(f"no value for {', '.join(missing)}")
    return complete


def is_table(key: str) -> bool:
    """Whether a key names the values of a timed array."""
    return key.endswith(".values")


def as_array(key: str, value: np.ndarray | float, variable: Variable) -> np.ndarray:
    array = np.ascontiguousarray(value, dtype=variable.dtype).reshape(-1)
    if array.size != variable.size:
        raise ValueError(f"{key} has {array.size} values, the network needs {variable.size}")
    if not np.isfinite(array).all():
        raise ValueError(f"{key} holds values that are not finite")
    return array


def by_name(network) -> list:
    """Objects of a network in one order; Brian holds them in a set."""
    return sorted(network.objects, key=lambda item: item.name)


def settable(network) -> dict[str, object]:
    """Brian variables of a network that a block may set, by ``"<group>.<variable>"``."""
    found = {}
    for group in by_name(network):
        for equation in getattr(group, "equations", {}).values():
            if equation.type in ("differential equation", "parameter"):
                found[f"{group.name}.{equation.varname}"] = group.variables[equation.varname]
    return found


def tables(network) -> dict[str, object]:
    """Timed arrays in the namespaces of a network's groups, by ``"<name>.values"``."""
    from brian2 import TimedArray

    return {
        f"{item.name}.values": item
        for group in by_name(network)
        for item in (getattr(group, "namespace", None) or {}).values()
        if isinstance(item, TimedArray)
    }


def resolve(builder: str):
    """The function that ``"package.module:function"`` names."""
    import importlib

    module, function = builder.split(":")
    return getattr(importlib.import_module(module), function)


def compiler() -> str | None:
    """Path of the C++ compiler: ``$CXX``, else g++ or clang++; None where there is none."""
    return next(
        (shutil.which(name) for name in (os.environ.get("CXX"), "g++", "clang++") if name), None
    )


# Seconds on one core of a server, roughly; only their proportions matter for the choice.
NUMPY_SECONDS_PER_STEP = 6e-4
NUMPY_SECONDS_PER_CELL_STEP = 3e-8
COLD_BUILD_SECONDS = 8.0


def choose(requested: str, model: Model, n_steps: int, n_cells: int) -> tuple[str, str]:
    """Backend for the work to be done, and why.

    Parameters
    ----------
    requested : str
        One of `BACKENDS`.
    n_steps, n_cells : int
        Steps of the whole run and cells of the network.

    Returns
    -------
    backend, reason : str

    Raises
    ------
    ValueError
        If the backend needs a compiler and there is none.
    """
    found = compiler()
    if requested not in BACKENDS:
        raise ValueError(f"--backend {requested!r} is not one of {', '.join(BACKENDS)}")
    if requested not in ("auto", "numpy") and not found:
        raise ValueError(f"--backend {requested} needs a C++ compiler; none found (try $CXX)")
    if requested in GENN:
        from driver.engine.genn.found import check

        check(requested)
        if isinstance(model.genn, str):
            raise ValueError(f"--backend {requested}: {model.genn}")
    if requested != "auto":
        return requested, "as asked"
    if not found:
        return "numpy", "no C++ compiler found"

    from driver.engine.compile.program import Maker, cached

    if cached(Maker(model), found):
        return "cpp_standalone", "compiled before"
    seconds = numpy_seconds(n_steps, n_cells)
    if seconds < COLD_BUILD_SECONDS:
        return "numpy", f"about {seconds:.0f} s of work, less than compiling takes"
    return "cpp_standalone", f"about {seconds:.0f} s of work for numpy, worth compiling once"


def numpy_seconds(n_steps: int, n_cells: int) -> float:
    """What the numpy target takes for so many steps of so many cells, roughly."""
    return n_steps * (NUMPY_SECONDS_PER_STEP + n_cells * NUMPY_SECONDS_PER_CELL_STEP)


def open_engine(
    backend: str,
    model: Model,
    say=lambda text: None,
    profile: Profile | None = None,
    threads: int = 1,
) -> Engine:
    """Make the model ready to run.

    Parameters
    ----------
    backend : str
        One of `BACKENDS` except "auto".
    model : Model
    say : callable
        Told in a line what takes time.
    profile : Profile, optional
        Told where all of it goes.
    threads : int
        Of a compiled program.
    """
    with part(profile, ENGINE):
        return _open(backend, model, say, profile, threads)


def _open(backend: str, model: Model, say, profile: Profile | None, threads: int) -> Engine:
    if threads > 1 and backend != "cpp_standalone":
        raise ValueError(f"{threads} threads need the backend cpp_standalone, not {backend}")
    if backend == "cpp_standalone":
        from driver.engine.compiled import StandaloneEngine

        return StandaloneEngine(model, say, profile, threads)
    if backend in GENN:
        from driver.engine.genn.engine import GennEngine

        return GennEngine(backend, model, say, profile)
    from driver.engine.in_python import RuntimeEngine

    return RuntimeEngine(model, backend, profile)
