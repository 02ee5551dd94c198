"""A run folder, read: what figures, report, tests of stored weights and notebooks look at.

    run = Run("Runs/ten")
    seed = run.seed(123)
    seed.results["sigma_theta_rad"], seed.matrix("mon_ts"), seed.spikes("test", "ts")

Nothing here is guessed: a file or a field that is not there is an error that names it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

import driver.run.saved
from driver.engine.model import Spikes
from driver.run import checkpoint, content
from driver.run.checkpoint import Unreadable, read_newest
from driver.run.content import Fields
from driver.run.saved import NotARun
from models.lateral_line import published
from models.lateral_line.format import FORMAT
from models.lateral_line.passes import Pass
from models.lateral_line.records import SERIES
from stimulus import StimulusParams

SHOWN_TRAINING_S = 2.0  # last part of the training in rasters and rates


class Run(driver.run.saved.Run):
    """A run folder of the lateral line, finished or not; see `driver.run.saved.Run`.

    Attributes
    ----------
    stimulus : StimulusParams
    """

    format = FORMAT

    def read(self, path: Path, schema: type[content.Foreign] | None = None) -> Fields:
        """See `driver.run.saved.Run.read`; of the published program as far as it goes."""
        if schema is content.Params:
            found = content.read_json(path, trust=True)
            if published.is_published(found):
                self.unverified = True
                return published.parameters(found)
        elif schema is content.Results and self.published:
            return published.results(content.read_json(path), path, self.file)
        return super().read(path, schema)

    @property
    def published(self) -> bool:
        """Whether it was made by the published program, see `models.lateral_line.published`."""
        return self.file.get("published", False)

    @property
    def stimulus(self) -> StimulusParams:
        return self.parts["stimulus_params"]

    @property
    def begun(self) -> bool:
        """Whether a seed has a checkpoint to go on from; a test of stored weights has none."""
        return not self.file["weights_from"] and super().begun

    @property
    def ll_mon_weights(self) -> str:
        """LL -> MON weights of its test, ``initial`` or ``final``; runs once did not say it."""
        return self.file.get("ll_mon_weights") or "final"

    def seed(self, seed: int | None = None) -> Seed:
        return Seed(self, self.known(seed))


class Seed(driver.run.saved.Seed):
    """What a run folder holds about one seed; files are read when they are asked for.

    Attributes
    ----------
    run : Run
    params : NetworkParams
        With this seed.
    """

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        found = super().weights
        return published.weights(found, self.params) if self.run.published else found

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
        path = self.run.artifacts / checkpoint.name(self.number)
        try:
            arrays, _ = read_newest(path)
        except Unreadable as error:
            raise NotARun(str(error)) from None
        return {name: arrays[name] for name in SERIES}

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

    def passes(self, phase: str) -> list[Pass]:
        """TS spikes and source of every pass of the test, of ``test`` or ``untrained``."""
        a, label = self.recordings, {"test": "", "untrained": "untrained_"}[phase]
        index, step = a[f"{label}passes_ts_i"], a[f"{label}passes_ts_step"]
        n_steps = a["passes_x_cm"].shape[1]
        number = step // n_steps
        return [
            Pass(step[number == k] - k * n_steps, index[number == k], x_cm)
            for k, x_cm in enumerate(a["passes_x_cm"])
        ]

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
        n_steps = int(self.recordings["n_training_steps"])
        is_whole = self.params.keep_training_spikes
        return n_steps if is_whole else min(n_steps, round(SHOWN_TRAINING_S / self.dt_s))

    def timeline(self, population: str) -> Spikes:
        """Spikes of the shown training and the test; steps count from the first one shown."""
        train, test = self.spikes("train", population), self.spikes("test", population)
        start = int(self.recordings["n_training_steps"]) - self.n_tail_steps
        kept = train.step >= start
        return Spikes(
            np.concatenate([train.index[kept], test.index]),
            np.concatenate([train.step[kept] - start, test.step + self.n_tail_steps]),
        )
