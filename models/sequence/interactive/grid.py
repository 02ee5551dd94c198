"""The network: a grid of circuits, its cells, its weights, and the engine that runs it."""

from __future__ import annotations

import dataclasses
import json
import warnings
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import BadZipFile

import numpy as np

from driver.engine.choose import choose
from driver.engine.model import Spikes
from driver.experiment.network import Session, State
from driver.files import replace_file
from driver.flags.keywords import SWITCH, built, check_kind, pair, refuse_unknown
from models.sequence import values
from models.sequence.params import Params
from models.sequence.potentials import Weights
from models.sequence.simulation import Simulation, in_cells
from models.sequence.wiring import wiring

BACKENDS = ("auto", "numpy", "cython", "cpp_standalone")
FIRST_TEST = 10**9  # absolute step of the first test: beyond all training, so draws are its own
NAMES = {
    "lam": "link_lambda", "n_conn": "n_links", "r_max": "r_max_hz", "tau_rise": "tau_rise_ms",
    "tau_decay": "tau_decay_ms", "stp_d": "stp_d_ms", "stp_f": "stp_f_ms",
}  # fmt: skip
SAME = ("links", "kernel", "escape", "stp", "stp_u", "stp_relative_sd", "learning_rate", "eta0")
KNOWN = (*NAMES, *SAME, "w_init", "seed")


@dataclasses.dataclass
class NodeCollection:
    """Numbers of some cells, from 0, as scripts for NEST hold them."""

    ids: tuple[int, ...]
    max_neuron_gid: int | None = None  # such scripts set it; nothing depends on it

    @property
    def global_id(self) -> int | tuple[int, ...]:
        """Number of the cell, or numbers where there are several."""
        return self.ids[0] if len(self.ids) == 1 else self.ids


class Network:
    """A grid of winner-take-all circuits.

    Parameters
    ----------
    grid_shape : (int, int)
        Circuits along x and y.
    k_min, k_max, n_inputs : int
        Fewest and most cells of a circuit; inputs.
    use_stp : bool
        Short-term plasticity; ``stp="synapse"`` draws it for each synapse, not each cell.
    backend : {"auto", "numpy", "cython", "cpp_standalone"}
    **more
        `KNOWN`: fields of `models.sequence.params.Params`, with their defaults and bounds, by
        shorter names; ``n_conn="all"`` links all circuits.

    Attributes
    ----------
    size_grid : ndarray of int, shape (rows, columns)
        Cells of each circuit; circuits are numbered row by row.
    circuit_of, position_of : ndarray of int, shape (n_cells,) and (n_cells, 2)
        Circuit of each cell, and its column and row.
    state : dict of ndarray
        Of the engine, after `step` steps of training.
    """

    def __init__(
        self, grid_shape=(10, 5), k_min=2, k_max=10, n_inputs=100, *,
        use_stp: bool = True, backend: str = "auto", **more: Any,
    ):  # fmt: skip
        columns, rows = pair("grid_shape", grid_shape, "(columns, rows)")
        refuse_unknown(more, KNOWN)
        check_kind("use_stp", use_stp, *SWITCH)
        if backend not in BACKENDS:
            raise ValueError(f"backend {backend!r} is not one of {', '.join(BACKENDS)}")
        given = {"k_min": k_min, "k_max": k_max, "n_inputs": n_inputs, **more}
        given |= {"grid_shape": columns, "grid_rows": rows}
        if given.get("n_conn") == "all":
            given["n_conn"] = columns * rows * (columns * rows - 1)
        if not use_stp:
            given["stp"] = "none"
        self.params: Params = built(Params, NAMES | {"grid_shape": "grid_columns"}, given)
        if self.params.r_max_hz > 200:
            text = f"r_max {self.params.r_max_hz:g} Hz is above 200: a step of 1 ms is coarse"
            warnings.warn(text, stacklevel=2)
        self.wiring, self.backend = wiring(self.params), backend
        self.state: State = values.initial_state(self.wiring)
        self.step = self.tested = self._asked = self.generators = 0
        self._sim: Simulation | None = None
        self.n_cells, self.circuit_of = self.wiring.n_cells, self.wiring.circuit_of
        self.position_of = self.wiring.positions[self.circuit_of]
        self.size_grid = self.wiring.sizes.reshape(rows, columns)

    @property
    def weights(self) -> Weights:
        """`input` (n_inputs, n_cells) and `recurrent` (n_cells, n_cells), by source and cell."""
        return Weights.of(self.wiring, self.state)

    def get_circuit_grid(self) -> list[list[list[int]]]:
        """Cells of each circuit, by row and column of the grid."""
        rows = np.arange(self.params.n_circuits).reshape(self.size_grid.shape).tolist()
        return [[self.get_cells(circuit) for circuit in row] for row in rows]

    def get_cells(self, circuits: int | slice | Sequence[int] = slice(None)) -> list[int]:
        """Cells of one circuit, of a slice of circuits or of several, by their numbers."""
        try:
            chosen = np.arange(self.params.n_circuits)[circuits]
        except IndexError:
            words = f"allowed are 0 to {self.params.n_circuits - 1}"
            raise ValueError(f"circuits {circuits!r}: {words}") from None
        return np.flatnonzero(np.isin(self.circuit_of, chosen)).tolist()

    def get_node_collections(self, circuits: int | slice | Sequence[int] = slice(None)):
        """The cells of some circuits as a `NodeCollection`."""
        return NodeCollection(tuple(self.get_cells(circuits)))

    def visualize_circuits(self):
        """Map of the sizes of circuits; returns a matplotlib figure."""
        from models.sequence.interactive import plots

        return plots.circuit_map(self.size_grid)

    def visualize_circuits_3d_barchart(self):
        """Sizes of circuits as bars on the grid; returns a matplotlib figure."""
        from models.sequence.interactive import plots

        return plots.circuit_bars(self.size_grid)

    def run(
        self, bits: np.ndarray, stops: Sequence[int], keep: Callable[[State, int], None],
        *, train: bool, reset_state: bool,
    ) -> tuple[State, int, Spikes]:  # fmt: skip
        """Run blocks of the engine; a test leaves the network as it was.

        Parameters
        ----------
        bits : ndarray of bool, shape (n_steps, n_inputs)
            Spikes of the inputs.
        stops : sequence of int
            Steps after which ``keep(state, now)`` is called, the last one `n_steps`; it is called
            at 0, too. `now` is the absolute step before.

        Returns
        -------
        start, first, spikes
            State and absolute step at which it began; spikes of all cells by steps of the run.
        """
        first = self.step if train else FIRST_TEST + self.tested
        at_step = {k: v + (first - self.step) for k, v in self.state.items() if k.endswith(".last")}
        start = state = self.state | at_step
        if reset_state:
            start = state = values.at_rest(self.wiring, self.state)
        shown = SimpleNamespace(bits=lambda step, n_steps: bits[step - first :][:n_steps])
        sim, here, spikes = self._simulation(len(bits)), first, []
        keep(state, first - 1)
        for stop in stops:
            for block, after in sim.blocks(state, here, first + stop, learn=train, shown=shown):
                self._refuse_nan(block.state, here - first)
                state, here = block.state, after
                spikes.append(block.spikes["cells"])
            keep(state, here - 1)
        if train:
            self.state, self.step = state, here
        else:
            self.tested += len(bits)
        found = in_cells(self.wiring, spikes)
        return start, first, dataclasses.replace(found, step=found.step - first)

    def _simulation(self, n_steps: int) -> Simulation:
        """The engine: opened at the first run, compiled once the work is worth it."""
        self._asked += n_steps
        work = self._asked, self.wiring.n_slots + self.params.n_inputs
        if self._sim and self.backend == "auto" and self._sim.engine.backend == "numpy":
            if choose("auto", self._sim.model, *work)[0] != "numpy":
                self.close()
        if not self._sim:
            self._sim = Simulation(self.wiring, self._asked, Session(self.backend))
            self._closed = weakref.finalize(self, self._sim.engine.close)
        return self._sim

    def _refuse_nan(self, state: State, good: int) -> None:
        for key, array in state.items():
            if np.isfinite(array).all():
                continue
            place, name = int(np.argmin(np.isfinite(array))), key.split(".")[0]
            who, ends = f"place {place}", self.wiring.synapses.get(name)
            if ends and place < ends[0].size:
                source, cell = (int(end[place]) for end in ends)
                who = f"the synapse from {source} to cell {cell}"
            raise RuntimeError(
                f"{key} of {who} is not finite; last good record {good} ms after the beginning "
                "of the run, and the network is as it was before"
            )

    def close(self) -> None:
        """Let the engine go; the next run opens it again."""
        if self._sim:
            self._closed()
            self._sim = None

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def save(self, path: str | Path) -> Path:
        """Write parameters and state to an .npz file of exactly this name."""
        known = json.dumps(dataclasses.asdict(self.params))
        found = {"params": known, "step": self.step, "tested": self.tested, **self.state}
        return replace_file(Path(path), lambda file: np.savez_compressed(file, **found))

    def load(self, path: str | Path) -> None:
        """Take the state of a file that `save` wrote; ValueError if it is of another network."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {key: file[key] for key in file.files}
            theirs = json.loads(str(found.pop("params")))
            step, tested = int(found.pop("step")), int(found.pop("tested"))
        except (ValueError, KeyError, EOFError, BadZipFile, AttributeError, TypeError) as error:
            raise ValueError(f"{path} is not a saved network: {error}") from None
        ours = json.loads(json.dumps(dataclasses.asdict(self.params)))
        if theirs == ours:  # the shapes follow, unless the file was changed
            theirs, ours = ({k: v.shape for k, v in each.items()} for each in (found, self.state))
        if differ := [k for k in sorted(theirs | ours) if theirs.get(k) != ours.get(k)]:
            python = {field: name for name, field in NAMES.items()}
            text = ", ".join(
                f"{python.get(k, k)} ({theirs.get(k)!r} in the file, {ours.get(k)!r} here)"
                for k in differ
            )
            raise ValueError(f"{path} is of another network: {text}")
        if bad := [k for k, v in found.items() if v.dtype.kind != "f" or not np.isfinite(v).all()]:
            raise ValueError(f"{path}: not finite numbers in {', '.join(bad)}")
        self.state, self.step, self.tested = found, step, tested
