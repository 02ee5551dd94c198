"""Blocks on Brian's runtime targets, numpy and Cython."""

from __future__ import annotations

import time
from collections.abc import Mapping

import brian2 as b2
import numpy as np

from driver.engine.model import Block, Model, Spikes, Variable, checked, resolve, settable, tables
from driver.engine.timing.profile import BLOCKS, GENERATION, Profile, part

# A network that is closed before its first block is no mistake.
b2.BrianLogger.suppress_name("unused_brian_object")


class RuntimeEngine:
    """One network in this process; each block starts it again at time 0.

    Parameters
    ----------
    model : Model
    backend : {"numpy", "cython"}
    profile : Profile, optional
        Told where the time goes.
    """

    holds = False

    def __init__(self, model: Model, backend: str, profile: Profile | None = None):
        self.backend = backend
        self.model, self.profile = model, profile
        with self._target():
            self.network = resolve(model.builder)(model.structure, model.wiring)
        refuse_delays(self.network)
        self.brian = settable(self.network)
        self.tables = tables(self.network)
        self.variables = {k: Variable.of(v) for k, v in self.brian.items()}
        self.variables |= {k: Variable.of(t.values) for k, t in self.tables.items()}
        self.network.store()
        if profile is not None:
            generate = self.network.before_run  # Brian generates code for each run() anew
            self.network.before_run = profile.parted(GENERATION, generate)

    def _target(self):
        return _Target(self.backend)

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
        """Run a block, see `driver.engine.model.Engine`; the state is here in any case."""
        with part(self.profile, BLOCKS):
            return self._run({**values, **(state or {})}, first_step, n_steps, record)

    def _run(self, values, first_step: int, n_steps: int, record: tuple[str, ...]) -> Block:
        arrays = checked(values, self.variables, self.model, first_step)
        with self._target():
            self.network.restore()
            self._set(arrays)
            self._simulate(n_steps)
        state = {key: np.array(self.brian[key].get_value(), ndmin=1) for key in self.model.state}
        spikes = {name: self._spikes(name, first_step) for name in self.model.populations}
        counts = {name: s.index.size for name, s in spikes.items()}
        kept = {name: s if name in record else s.between(0, 0) for name, s in spikes.items()}
        wrong = (key for key, array in state.items() if not np.isfinite(array).all())
        return Block(state, kept, counts, next(wrong, ""))

    def _simulate(self, n_steps: int) -> None:
        duration, profile = n_steps * b2.defaultclock.dt, self.profile
        if profile is None:
            self.network.run(duration, namespace={})
            return
        began, generated = time.perf_counter(), profile.parts[GENERATION]
        self.network.run(duration, namespace={}, profile=True)
        seconds = time.perf_counter() - began - (profile.parts[GENERATION] - generated)
        spent = ((name, float(seconds)) for name, seconds in self.network.profiling_info)
        profile.loop(spent, seconds, 0.0, n_steps)

    def _set(self, arrays: dict[str, np.ndarray]) -> None:
        for key, table in self.tables.items():
            given = arrays[key]
            table.values[...] = 0 if given is None else given.reshape(table.values.shape)
        for key, variable in self.brian.items():
            given = arrays[key]
            if given is None:
                given = np.zeros(self.variables[key].size, self.variables[key].dtype)
            variable.set_value(given[0] if variable.scalar else given)

    def _spikes(self, population: str, first_step: int) -> Spikes:
        monitor = self.network[f"{population}_spikes"]
        step = np.rint(monitor.t_[:] / self.model.structure["dt_s"]).astype(np.int64)
        return Spikes(np.array(monitor.i[:], dtype=np.int32), step + first_step)

    def close(self) -> None:
        """Nothing to let go of."""


def refuse_delays(network) -> None:
    """A spike in flight at the end of a block would be lost."""
    for synapses in network.objects:
        for pathway in synapses._pathways if isinstance(synapses, b2.Synapses) else ():
            if np.any(pathway.variables["delay"].get_value() != 0):
                raise ValueError(f"{pathway.name} has a delay; blocks need a delay of 0")


class _Target:
    """The runtime device with one code generation target and strict IEEE arithmetic."""

    def __init__(self, backend: str):
        self.backend = backend

    def __enter__(self):
        b2.set_device("runtime")
        self.before = (b2.prefs.codegen.target, b2.prefs.codegen.cpp.extra_compile_args_gcc)
        b2.prefs.codegen.target = self.backend
        from driver.engine.compiler import ARITHMETIC

        b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", *ARITHMETIC]

    def __exit__(self, *error):
        b2.prefs.codegen.target, b2.prefs.codegen.cpp.extra_compile_args_gcc = self.before
