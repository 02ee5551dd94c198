"""A run folder, read: what figures, report, tests of stored weights and notebooks look at.

    run = Run("Runs/ten")
    seed = run.seed(123)
    seed.results["sigma_theta_rad"], seed.matrix("mon_ts"), seed.spikes("test", "ts")

Nothing here is guessed: a file or a field that is not there is an error that names it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from driver.backend import Spikes
from driver.checkpoint import Unreadable, read_newest
from driver.cli import UsageError
from driver.run_folder import PARAMS, SUMMARY, RunFolder
from models.lateral_line.params import NetworkParams
from models.lateral_line.records import SERIES
from stimulus import StimulusParams

if TYPE_CHECKING:
    from models.lateral_line.protocol import Result
    from models.lateral_line.simulation import Simulation

P = TypeVar("P", NetworkParams, StimulusParams)
SCHEMA_VERSION = 2
LATER = {"mon_ts_gain_test_mV"}  # fields that came later; their default is how it was before
SHOWN_TRAINING_S = 2.0  # last part of the training in rasters and rates


class NotARun(ValueError):
    """The folder is not one of a run, or lacks what was asked for; the message names it."""


class Run:
    """A run folder, finished or not.

    Parameters
    ----------
    folder : path
        With a ``params.json`` of this program.

    Raises
    ------
    NotARun
        If there is no such folder, or its parameters cannot be read.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.artifacts = self.folder / "artifacts"
        self.figures = self.folder / "figures"
        self.file = read_json(self.folder / PARAMS)
        version = self.file.get("schema_version")
        if version != SCHEMA_VERSION:
            raise NotARun(f"{self.folder / PARAMS}: schema_version {version}, not {SCHEMA_VERSION}")
        where = self.folder / PARAMS
        self.params = parameters(NetworkParams, self.file["network_params"], where)
        self.stimulus = parameters(StimulusParams, self.file["stimulus_params"], where)

    @property
    def name(self) -> str:
        """As it was made; the folder may have been renamed."""
        return self.file["run_folder"]

    @property
    def mode(self) -> str:
        return self.file["mode"]

    @property
    def seeds(self) -> list[int]:
        """Seeds that the run was asked for."""
        first = self.file["seed_start"]
        return list(range(first, first + self.file["multi_seed"]))

    @property
    def finished(self) -> list[int]:
        """Seeds whose results are written."""
        return [s for s in self.seeds if (self.artifacts / f"seed_{s}_results.json").exists()]

    @property
    def in_use(self) -> bool:
        """Whether a process is working in the folder."""
        return RunFolder(self.folder).in_use

    def log_file(self, seed: int | None = None) -> Path | None:
        """Log of the run, or of one of several seeds; None if it is not beside the runs.

        A later run of the same name may have written a log of that name: it has another start.
        """
        name = self.name if seed is None else f"{self.name}_seed_{seed}"
        root = self.folder.absolute().parent
        places = (root.parent if root.name == "Runs" else root, root, root.parent)
        files = [place / "Logs" / f"{name}.log" for place in places]
        start = self.file["environment"]["start_time_utc"]
        return next((file for file in files if file.exists() and start in text_of(file)), None)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """``run_summary.json``; None while the run is not complete."""
        path = self.folder / SUMMARY
        return read_json(path) if path.exists() else None

    def seed(self, seed: int | None = None) -> Seed:
        """One seed of the run; the first if not given.

        Raises
        ------
        NotARun
            If the run does not have this seed.
        """
        seed = self.seeds[0] if seed is None else seed
        if seed not in self.seeds:
            known = f"{self.seeds[0]} to {self.seeds[-1]}"
            raise NotARun(f"{self.folder} has no seed {seed}, only {known}")
        return Seed(self, seed)

    def __repr__(self) -> str:
        done = f"{len(self.finished)} of {len(self.seeds)} seeds finished"
        return f"Run({str(self.folder)!r}: {self.mode}, {done})"


load_run = Run  # how the door calls it


class Seed:
    """What a run folder holds about one seed; files are read when they are asked for.

    Attributes
    ----------
    run : Run
    params : NetworkParams
        With this seed.
    """

    def __init__(self, run: Run, seed: int):
        self.run = run
        self.params = dataclasses.replace(run.params, seed=seed)

    @property
    def number(self) -> int:
        return self.params.seed

    @cached_property
    def results(self) -> dict[str, Any]:
        """Every number of the seed, ``seed_<s>_results.json``."""
        return read_json(self.run.artifacts / f"seed_{self.number}_results.json")

    @cached_property
    def recordings(self) -> dict[str, np.ndarray]:
        """Spikes, series and decoded angles by name; the README has the table."""
        return read_npz(self.run.artifacts / f"seed_{self.number}_recordings.npz")

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """Wiring, and weights before and after training, by name; the README has the table."""
        return read_npz(self.weight_file)

    @property
    def status(self) -> dict[str, Any] | None:
        """What the seed was doing when it was last heard of; None if it never began."""
        try:
            return read_json(self.run.artifacts / f"seed_{self.number}_status.json")
        except NotARun:
            return None

    @property
    def series(self) -> dict[str, np.ndarray]:
        """Series over training (see `records.SERIES`), so far if it has not ended.

        Raises
        ------
        NotARun
            If there is not even a checkpoint.
        """
        if self.number in self.run.finished:
            return {name: self.recordings[name] for name in SERIES}
        path = self.run.artifacts / f"mid_checkpoint_seed_{self.number}.npz"
        try:
            arrays, _ = read_newest(path)
        except Unreadable as error:
            raise NotARun(str(error)) from None
        return {name: arrays[name] for name in SERIES}

    @property
    def weight_file(self) -> Path:
        """The weights of the results; of several, saved under other tags, the one they name."""
        ending = f"_seed_{self.number}_params.json"
        tags = [file.name.removesuffix(ending) for file in self.run.artifacts.glob(f"*{ending}")]
        where = f"{self.run.artifacts} (<tag>_seed_{self.number}.npz)"
        if not tags:
            raise NotARun(f"no weights of seed {self.number} in {where}")
        tag = tags[0] if len(tags) == 1 else self.results["save_tag"]
        if tag not in tags:
            raise NotARun(f"no weights of seed {self.number} with tag {tag} in {where}")
        return self.run.artifacts / f"{tag}_seed_{self.number}.npz"

    def matrix(self, projection: str, *, initial: bool = False):
        """Weights as a sparse matrix.

        Parameters
        ----------
        projection : {'ll_mon', 'mon_ts'}
        initial : bool
            Before training instead of after it.

        Returns
        -------
        scipy.sparse.csr_array, shape (n_source, n_target)
            mV for LL -> MON, dimensionless for MON -> TS. Several synapses of a pair are summed.
        """
        from scipy.sparse import csr_array

        name = {"ll_mon": "ll_mon_w{}_mV", "mon_ts": "mon_ts_w{}"}[projection]
        w = self.weights[name.format("_init" if initial else "")]
        i, j = self.weights[f"{projection}_i"], self.weights[f"{projection}_j"]
        source, target = projection.split("_")
        return csr_array((w, (i, j)), shape=(self.n_cells(source), self.n_cells(target)))

    def n_cells(self, population: str) -> int:
        return 1 if population.startswith("i_") else getattr(self.params, f"n_{population}")

    def spikes(self, phase: str, population: str) -> Spikes:
        """Spikes of phase ``test``, ``untrained`` (its twin) or ``train`` (its last seconds).

        Steps count from the start of the test, or of the training.
        """
        name = f"{phase}_{population}"
        return Spikes(self.recordings[f"{name}_i"], self.recordings[f"{name}_step"])

    # --- going on from what was stored ---------------------------------------------------

    def network(self, backend: str = "auto") -> Simulation:
        """The network of this seed, ready for `Simulation.train` and `Simulation.test`.

        Use it in a ``with`` statement. On ``numpy`` and ``cython``, ``.engine.network`` is the
        Brian network.
        """
        from models.lateral_line.simulation import Simulation

        return Simulation(self.params, self.run.stimulus, backend, lambda text: None)

    def retest(self, backend: str = "auto", **changes) -> Result:
        """Test the stored weights, and their untrained twin, under other conditions.

        Parameters
        ----------
        backend : str
        **changes
            Fields of `NetworkParams` or `StimulusParams` that belong to the test, such as
            ``distance_cm=1.2`` (`models.lateral_line.extract.TEST` has all of them).

        Returns
        -------
        Result
            Its ``.numbers`` are those of a results file. Nothing is written.

        Raises
        ------
        ValueError
            For a field that is not one of the test, or a value out of its bounds.
        """
        from models.lateral_line import checks, extract
        from models.lateral_line.protocol import evaluate

        unknown = sorted(set(changes) - extract.TEST)
        if unknown:
            allowed = ", ".join(sorted(extract.TEST))
            raise ValueError(f"{', '.join(unknown)}: a test of stored weights can change {allowed}")
        params, stimulus = (
            dataclasses.replace(p, **{k: v for k, v in changes.items() if hasattr(p, k)})
            for p in (self.params, self.run.stimulus)
        )
        try:  # as on the command line
            checks.check_rates(params, stimulus)
            checks.check_path(params)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return evaluate(params, extract.stored(self), stimulus=stimulus, backend=backend)

    def continue_to(self, n_training_trials: int, backend: str = "auto") -> Result:
        """Train on from the checkpoint, up to `n_training_trials` in all, and test.

        Returns
        -------
        Result
            Nothing is written.

        Raises
        ------
        ValueError
            If there is no checkpoint, or it holds more trials.
        """
        from models.lateral_line import checkpoint
        from models.lateral_line.protocol import simulate

        params = dataclasses.replace(self.params, n_training_trials=n_training_trials)
        path = checkpoint.find(self.run.folder, self.number)
        try:
            return simulate(params, None, path, stimulus=self.run.stimulus, backend=backend)
        except ValueError as error:  # nobody has typed a flag here
            raise ValueError(str(error).removeprefix("--resume-from: ")) from None

    # --- times of the recordings -------------------------------------------------------

    @property
    def dt_s(self) -> float:
        return float(self.recordings["dt_s"])

    @property
    def train_end_s(self) -> float:
        return int(self.recordings["n_training_steps"]) * self.dt_s

    @property
    def test_s(self) -> float:
        return self.recordings["test_x_cm"].size * self.dt_s

    @property
    def n_tail_steps(self) -> int:
        """Steps of training that are shown."""
        return min(int(self.recordings["n_training_steps"]), round(SHOWN_TRAINING_S / self.dt_s))

    def timeline(self, population: str) -> Spikes:
        """Spikes of the shown training and the test; steps count from the first one shown."""
        train, test = self.spikes("train", population), self.spikes("test", population)
        start = int(self.recordings["n_training_steps"]) - self.n_tail_steps
        kept = train.step >= start
        return Spikes(
            np.concatenate([train.index[kept], test.index]),
            np.concatenate([train.step[kept] - start, test.step + self.n_tail_steps]),
        )

    def __repr__(self) -> str:
        return f"Seed({self.number} of {self.run.folder})"


class Fields(dict):
    """Content of a file of a run; a field that is not there is an error that names the file."""

    def __init__(self, content: Mapping[str, Any], path: Path):
        super().__init__(content)
        self.path = path

    def __missing__(self, key: str):
        raise NotARun(f"{self.path} has no field {key}")


def parameters(cls: type[P], values: Mapping[str, Any], path: Path) -> P:
    """Parameters as they were stored; none is filled in by today's default, but those of `LATER`.

    Raises
    ------
    NotARun
        If one is missing, unknown or out of bounds.
    """
    missing = {f.name for f in dataclasses.fields(cls)} - set(values) - LATER
    if missing:
        raise NotARun(f"{path}: {cls.__name__} lacks {', '.join(sorted(missing))}")
    try:
        return cls(**values)
    except ValueError as error:
        raise NotARun(f"{path}: {error}") from None


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def read_json(path: Path) -> Fields:
    """Content of a JSON file of a run."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("not an object")
        return Fields(content, path)
    except FileNotFoundError:
        raise NotARun(f"there is no {path}") from None
    except (OSError, ValueError) as error:
        raise NotARun(f"{path} cannot be read ({error})") from None


def read_npz(path: Path) -> Fields:
    """Arrays of an archive of a run; damage makes of it almost any error."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return Fields(file, path)
    except FileNotFoundError:
        raise NotARun(f"there is no {path}") from None
    except Exception as error:
        raise NotARun(f"{path} cannot be read ({error})") from None
