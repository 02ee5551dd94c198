"""What a model tells the driver, and all that the driver knows of a model.

A model is a folder in ``models/`` with a module ``room`` that holds one `Room`, named ``ROOM``; its
door hands the folder's name to `driver.door`. Most of a room's methods import what they need when
they are called, so that ``--help`` and a refused flag need no Brian.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driver.run.progress import number

if TYPE_CHECKING:
    from driver.run.request import Request
    from driver.run.saved import Run, Seed
    from driver.run.status import Status


class Room(abc.ABC):
    """A model as the driver sees it; what is not abstract has an answer that may do.

    Attributes
    ----------
    prog : str
        Name of the door, a script in the root of the repository.
    unit : str
        What a training is counted in: ``trial`` and ``n_trials`` in the status of a seed.
    integrator : str
        How the equations are integrated, for ``params.json``.
    schema_version : int
        Of ``params.json``.
    later : set of str
        Parameters that came later: a run without them is read with their default.
    megabytes : int
        Memory that a run takes, for the plan of a sweep.
    sweep_columns : dict of tuple of str
        What the table of a sweep holds of each run, by name, as of `sweep_row`; a tuple names what
        is nested in it, and is empty for a number.
    """

    prog: str
    unit: str = "trial"
    integrator: str = "euler"
    schema_version: int = 2
    later: frozenset[str] = frozenset()
    megabytes: int = 200
    sweep_columns: Mapping[str, tuple[str, ...]] = {}

    # --- from flags to a run -------------------------------------------------------------

    @abc.abstractmethod
    def parts(self, mode: str) -> Mapping[str, type]:
        """Dataclasses of a preset's parameters by their name in ``params.json``.

        The first has the field `seed`, with the flag ``--seed-start``. Raises `KeyError` if there
        is no such preset.
        """

    @abc.abstractmethod
    def flags(self) -> tuple[type, ...]:
        """Dataclasses of all flags of all presets: what a sweep can vary."""

    @abc.abstractmethod
    def read(self, argv: Sequence[str]) -> Request:
        """Read the command line; whether the folder of the run is free is not looked at.

        Raises
        ------
        UsageError
            For what no run can be made of.
        """

    @abc.abstractmethod
    def open(self, folder: Path) -> Run:
        """A run folder, read; raises `NotARun` if it is none of this model."""

    def parameter_file(self, request: Request) -> dict[str, Any]:
        """The parts of ``params.json`` that the model knows."""
        return {name: asdict(part) for name, part in request.parts.items()}

    def check_checkpoint(self, request: Request, path: Path) -> None:
        """Raise `ValueError` unless the checkpoint is one that this seed can go on from."""
        raise ValueError(f"--resume-from: {self.prog} has no checkpoints")

    # --- a seed, and all of them ---------------------------------------------------------

    @abc.abstractmethod
    def headline(self, request: Request) -> str:
        """The run in half a line, for its log."""

    @abc.abstractmethod
    def length(self, request: Request) -> int:
        """How many of its units the training of a seed has."""

    @abc.abstractmethod
    def run_seed(
        self,
        request: Request,
        log: logging.Logger,
        status: Status,
        saved: Callable[[], object],
    ) -> None:
        """Simulate one seed, `request.params.seed`, and write its files into ``artifacts/``.

        They are the weights, ``<save_tag>_seed_<s>.npz``, with ``<save_tag>_seed_<s>_params.json``
        beside them, and last ``seed_<s>_results.json``, in which `params_sha256` is the `checksum`
        of `driver.run.saved` and `save_tag` names the weights.

        Parameters
        ----------
        request : Request
            Its `checkpoint` is where to save, its `resumed` where to go on from.
        log : logging.Logger
        status : Status
            To be told of every phase.
        saved : callable
            To be called after every checkpoint.
        """

    def completed(self, request: Request) -> None:
        """The run is complete, its summary written: what was kept to go on from may go."""
        return None

    @abc.abstractmethod
    def seed_line(self, results: Mapping[str, Any]) -> str:
        """What came out of a seed, in one line of its log."""

    def closing_lines(self, results: Mapping[str, Any]) -> list[str]:
        """The last lines in the log of a seed."""
        return [self.seed_line(results)]

    @abc.abstractmethod
    def run_summary(
        self, request: Request, results: list[dict[str, Any]], failed: list[int]
    ) -> dict[str, Any]:
        """Content of ``run_summary.json``, from results files in seed order."""

    # --- what is looked at ---------------------------------------------------------------

    @abc.abstractmethod
    def draw_seed(self, seed: Seed) -> list[Path]:
        """Draw the figures of a finished seed; those that end in ``_seed_<s>.png`` are its own."""

    def draw_summary(self, run: Run) -> list[Path]:
        """Draw what belongs to all seeds."""
        return []

    @abc.abstractmethod
    def write_report(self, run: Run) -> Path:
        """Write ``report.html`` of a run, as far as it has come."""

    def metric_words(self, metrics: Mapping[str, float | None]) -> list[str]:
        """What the status says of a seed in training: the metrics that `Progress` was told."""
        return [f"{name} {number(value)}" for name, value in metrics.items()]

    def outcome_words(self, results: Mapping[str, Any]) -> list[str]:
        """What the status says of a seed that is finished."""
        return []

    def words(self) -> dict[str, Callable[..., int]]:
        """What can be done with a run: functions by the word after the program's name."""
        from driver.command.words import words

        return words(self)

    # --- sweeps --------------------------------------------------------------------------

    def work(self, request: Request) -> tuple[int, int]:
        """Steps of a run, and cells: whether a compiled program is worth its while."""
        raise NotImplementedError

    def seconds(self, request: Request) -> float:
        """Seconds of one core that a run will take once compiled, roughly."""
        raise NotImplementedError

    def sweep_row(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """The `sweep_columns` of a finished run."""
        return {
            name: {n: results[name][n] for n in nested} if nested else results[name]
            for name, nested in self.sweep_columns.items()
        }

    def write_sweep_report(self, content_file: Path) -> Path:
        """Write ``report.html`` beside a ``sweep.json``."""
        raise NotImplementedError
