"""Run the network, keep what happened, draw it."""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from driver.flags.keywords import SWITCH, WHOLE, check_kind, refuse_unknown, steps
from models.sequence.interactive.grid import Network
from models.sequence.interactive.inputs import InputGenerator, Shown
from models.sequence.interactive.result import AGREES, Result
from models.sequence.potentials import ends, epsps_of, of_synapses
from models.sequence.wiring import Wiring

LIMIT_BYTES = 2e9
OPTIONS = {
    "save_figures": False, "show_figures": True, "create_plot": False, "plot_history": False,
    "order_neurons": False, "dt_rec": None, "figures_dir": Path("figures"),
}  # fmt: skip


class Recorder:
    """Runs a network and keeps the last run as `last`.

    Parameters
    ----------
    grid : Network
    **options
        `save_figures`, `show_figures`, `create_plot`: with the last, figures of each run are drawn,
        and saved, shown or both; without a display they are saved instead of shown.
        `plot_history`: one more figure, of all runs since this was set; they are kept in `history`.
        `order_neurons`, `dt_rec` (ms): for `run_network`, where they are not given.
        `figures_dir`: made if missing.
    """

    def __init__(self, grid: Network, **options: Any):
        self.grid, self._n_runs = grid, 0
        self.last: Result | None = None
        self.history: list[Result] = []
        self.set(**OPTIONS | options)

    def set(self, **options: Any) -> None:
        """Change options of the constructor; an unknown name is a TypeError."""
        refuse_unknown(options, OPTIONS)
        for name, value in options.items():
            if isinstance(OPTIONS[name], bool):
                check_kind(name, value, *SWITCH)
            elif name == "figures_dir":
                check_kind(name, value, str | Path, "a path")
            elif value is not None:
                steps(name, value)
        vars(self).update(options)

    def run_network(
        self, inpgen: InputGenerator | None = None, t_sim=3000, dt_rec=None, title="", train=True,
        order_neurons=None, id_list=None, selection=None, readout_size=None, reset_state=None,
    ) -> list[int]:  # fmt: skip
        """Run the network; returns the recorded cells. What cannot be is refused before.

        Parameters
        ----------
        inpgen : InputGenerator, optional
            None: no input, spontaneous activity.
        t_sim : float
            ms.
        dt_rec : float, optional
            Every so many ms weights and EPSPs of the afferents of recorded cells are recorded;
            at the beginning and the end if not given.
        title : str
        train : bool
            In training weights are learned and the state goes on from run to run. In a test
            nothing is learned and nothing of it is left in the network.
        order_neurons : bool
            Order cells by their time of activation in the last complete presentation.
        id_list, selection, readout_size : optional
            What is recorded: these cells, in this order; a slice, a mask, a `NodeCollection` or
            numbers of cells; so many at random. The first that is given counts; else all.
        reset_state : bool, optional
            Begin at rest, with the weights as they are; by default in tests.
        """
        n_steps = steps("t_sim", t_sim)
        dt_rec = self.dt_rec if dt_rec is None else dt_rec
        every = n_steps if dt_rec is None else steps("dt_rec", dt_rec)
        if every > n_steps:
            raise ValueError(f"dt_rec {dt_rec:g} ms is longer than t_sim {t_sim:g} ms")
        order_neurons = self.order_neurons if order_neurons is None else order_neurons
        reset_state = (not train) if reset_state is None else reset_state
        switches = {"train": train, "order_neurons": order_neurons, "reset_state": reset_state}
        for name, value in switches.items():
            check_kind(name, value, *SWITCH)
        check_kind("title", title, str, "text")
        wiring, ids = self.grid.wiring, self._ids(id_list, selection, readout_size)
        stops, onto = [*range(every, n_steps, every), n_steps], np.isin(ends(wiring)[1], ids)
        refuse_too_much(wiring, n_steps, ids, (1 + len(stops)) * np.count_nonzero(onto))
        bits = np.zeros((n_steps, wiring.params.n_inputs), bool)
        if inpgen is not None:
            check_kind("inpgen", inpgen, InputGenerator, "an InputGenerator or None")
            if inpgen.n_inputs != bits.shape[1]:
                words = f"{inpgen.n_inputs} inputs, the network has {bits.shape[1]}"
                raise ValueError(f"inpgen is for {words}")
        if self.create_plot:
            from models.sequence.interactive import plots

            if to_file := self.save_figures or plots.headless():
                writable(Path(self.figures_dir))
        shown = inpgen.show(n_steps) if inpgen else Shown.noise(bits)
        kept = []  # weights and EPSPs of the recorded synapses, in turn

        def keep(state, now: int) -> None:
            kept.append(of_synapses(wiring, state, "w")[onto])
            kept.append(epsps_of(wiring, state, now)[onto])

        start, first, spikes = self.grid.run(
            shown.bits, stops, keep, train=train, reset_state=reset_state
        )
        n = np.count_nonzero(onto[: wiring.inputs[0].size])
        both = np.concatenate(list(wiring.synapses.values()), axis=1)[:, onto]
        found = (
            dict(zip(wiring.synapses, np.split(np.array(array), [n], axis=1), strict=True))
            for array in (kept[::2], kept[1::2], both)
        )
        self.last = result = Result(
            title, train, order_neurons, ids, spikes, shown, np.array([0, *stops]), *found,
            wiring, start, first,
        )  # fmt: skip
        if order_neurons and not result.order_valid:
            text = "no complete presentation in this run: cells are not ordered"
            warnings.warn(text, stacklevel=2)
        self._n_runs += 1
        if self.plot_history:
            self.history.append(result)
        if self.create_plot:
            self._draw(plots, result, to_file)
        return ids.tolist()

    def reset_recorders(self) -> None:
        """Forget what was recorded; the network stays as it is."""
        self.last, self.history = None, []

    def verify_rate_fractions(self) -> float:
        """The largest deviation of the sum over a circuit from 1; an error if above 1e-9."""
        if self.last is None:
            raise RuntimeError("nothing was recorded yet")
        worst = self.last.worst_sum()
        if not worst <= AGREES:
            raise RuntimeError(f"rate fractions of a circuit sum up to 1 within {worst:.1e} only")
        return worst

    def _ids(self, id_list, selection, readout_size) -> np.ndarray:
        """Which cells are recorded, checked."""
        n = self.grid.n_cells
        name, cells = ("selection", selection) if id_list is None else ("id_list", id_list)
        if cells is None and readout_size is not None:
            check_kind("readout_size", readout_size, *WHOLE)
            if not 1 <= readout_size <= n:
                raise ValueError(f"readout_size {readout_size}: allowed are 1 to {n}")
            draws = np.random.default_rng((self.grid.params.seed, self._n_runs))
            return np.sort(draws.choice(n, readout_size, replace=False))
        if cells is None:
            return np.arange(n)
        if isinstance(cells, slice):
            cells = np.arange(n)[cells]
        ids = np.atleast_1d(np.asarray(getattr(cells, "ids", cells)))
        if ids.dtype == bool:
            if ids.shape != (n,):
                raise ValueError(f"{name}: a mask of shape {ids.shape}, needed ({n},)")
            ids = np.flatnonzero(ids)
        if ids.size == 0:
            raise ValueError(f"{name}: no cell is chosen")
        if ids.dtype.kind not in "iu" or ids.ndim != 1:
            raise TypeError(f"{name} {cells!r}: needed whole numbers")
        if bad := [int(k) for k in ids if not 0 <= k < n]:
            raise ValueError(f"{name}: no cells {bad[:5]}, allowed are 0 to {n - 1}")
        if np.unique(ids).size < ids.size:
            raise ValueError(f"{name}: a cell is there more than once")
        return ids.astype(int)

    def _draw(self, plots, result: Result, to_file: bool) -> None:
        made = {"run": plots.raster([result], result.order)}
        if result.train or result.record_ms.size > 2:
            made["weights"] = plots.weights(result)
        if self.plot_history:
            made["history"] = plots.raster(self.history, np.arange(self.grid.n_cells))
        if to_file:
            slug = re.sub(r"[^A-Za-z0-9]+", "_", result.title).strip("_").lower()[:60] or "run"
            for kind, figure in made.items():
                plots.save(figure, Path(self.figures_dir, f"{self._n_runs:03d}_{slug}_{kind}.png"))
        if self.show_figures:
            plots.show(self.figures_dir)
        plots.close(made.values())


def refuse_too_much(wiring: Wiring, n_steps: int, ids: np.ndarray, n_records: int) -> None:
    n_cells = wiring.sizes[np.unique(wiring.circuit_of[ids])].sum()
    n_bytes = 16 * (n_steps * n_cells + n_records)
    if n_bytes > LIMIT_BYTES:
        raise ValueError(
            f"recordings would take {n_bytes / 1e9:.1f} GB, allowed are {LIMIT_BYTES / 1e9:g}: "
            "record fewer cells (selection), less often (dt_rec), or for a shorter t_sim"
        )


def writable(folder: Path) -> None:
    """Make a folder; `ValueError` if no file can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"figures_dir {folder}: cannot be written to ({error.strerror})") from None
