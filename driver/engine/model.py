"""State in, state out: one call that every backend serves, and what it is called with.

A block of steps is a pure function of its values, its first step and its length. Nothing
hides in a clock, a queue or a generator, so a run is the same in one block or in many,
resumed or not, and on any backend.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Container, Mapping
from typing import Literal, Protocol, get_args

import numpy as np

Backend = Literal["auto", "numpy", "cython", "cpp_standalone", "genn", "genn_gpu", "cuda"]
BACKENDS: tuple[str, ...] = get_args(Backend)
GENN = ("genn", "genn_gpu")
Precision = Literal["double", "single"]
CUDA = "cuda"


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
    not_on_cuda : str
        Why ``--backend cuda`` cannot have it; empty if it can.
    """

    builder: str
    structure: dict
    wiring: Mapping[str, np.ndarray]
    state: tuple[str, ...]
    scratch: tuple[str, ...]
    populations: tuple[str, ...]
    genn: ForGenn | str = "this model has no description for GeNN"
    not_on_cuda: str = ""


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
    not_finite : str
        First variable of the state that is no number any more; empty if all are.
    """

    state: Mapping[str, np.ndarray]
    spikes: dict[str, Spikes]
    counts: dict[str, int]
    not_finite: str = ""


class Engine(Protocol):
    """A model ready to run on one backend."""

    backend: str
    holds: bool  # whether it can leave a state in a program

    def run(
        self,
        values: Mapping[str, np.ndarray | float],
        *,
        first_step: int,
        n_steps: int,
        record: tuple[str, ...] = (),
        state: Mapping[str, np.ndarray] | None = None,
        hold: bool = False,
    ) -> Block:
        """Run steps `first_step` to `first_step + n_steps` - 1.

        Parameters
        ----------
        values : mapping
            State, parameters and tables, in SI base units, by ``"<group>.<variable>"`` or
            ``"<table>.values"``. Tables that are left out are zero.
        record : tuple of str
            Populations whose spikes are returned. Recording changes nothing else.
        state : mapping, optional
            The state, where it is not among the values.
        hold : bool
            Leave the state where it is, if it is in a program, see `Held`: for long runs, in
            which nobody looks at it after each block.
        """

    def close(self) -> None:
        """Let go of temporary files."""


class Gone(RuntimeError):
    """A state was asked for that was left in a program, which has gone on since."""


class Held(Mapping):
    """State that a program holds. A variable is fetched when it is read, and can then be kept.

    It is gone when the program has run another block; ``dict(state)`` fetches all of it.

    Parameters
    ----------
    fetch : callable
        ``fetch(state, key)`` gives an array. Raises `Gone`.
    """

    def __init__(self, keys: tuple[str, ...], fetch):
        self._keys, self._fetch, self._found = keys, fetch, {}

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._found:
            self._found[key] = self._fetch(self, key)
        return self._found[key]

    def __iter__(self):
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


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


def contacts(ends: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Wiring of a `Model` from the sources and targets of each of its synapses."""
    return {
        f"{name}.{end}": np.asarray(cells, np.int32)
        for name, pair in ends.items()
        for end, cells in zip("ij", pair, strict=True)
    }


def checked(
    values: Mapping[str, np.ndarray | float],
    variables: Mapping[str, Variable],
    model: Model,
    first_step: int,
    known: Container[str] = (),
) -> dict[str, np.ndarray | None]:
    """All variables of a block as arrays of the right type and size, in the order of `variables`.

    Scratch variables and tables that are not given are zero, which is None here; every
    ``first_step`` is set. Those that are `known` to the engine are left out.

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
        if key in known:
            continue
        if key in values:
            complete[key] = as_array(key, values[key], variable)
        elif key.endswith(".first_step"):
            complete[key] = np.full(1, first_step, variable.dtype)
        elif key in model.scratch or is_table(key):
            complete[key] = None
    missing = [key for key in variables if key not in complete and key not in known]
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
    """Brian variables of a network that a block may set, by ``"<group>.<variable>"``.

    A linked variable is another group's, and is set there.
    """
    found = {}
    for group in by_name(network):
        for equation in getattr(group, "equations", {}).values():
            is_own = "linked" not in equation.flags
            if is_own and equation.type in ("differential equation", "parameter"):
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

    module, function = builder.split(":")
    return getattr(importlib.import_module(module), function)
