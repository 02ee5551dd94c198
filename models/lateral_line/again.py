"""Going on from what a run folder holds: its network, another test, a longer training.

seed = load_run("Runs/ten").seed(123)
seed.retest(distance_cm=1.2).numbers
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from driver.experiment.network import Session
from driver.flags.from_dataclass import UsageError
from driver.run import checkpoint
from models.lateral_line import checks, saved, stored
from models.lateral_line.protocol import Result, evaluate, simulate
from models.lateral_line.results import seed_results
from models.lateral_line.simulation import Simulation


class Run(saved.Run):
    """A run folder of the lateral line whose seeds can be run again."""

    def seed(self, seed: int | None = None) -> Seed:
        return Seed(self, self.known(seed))


load_run = Run  # how the door calls it


class Seed(saved.Seed):
    """What a run folder holds about one seed, and what can be done with it; nothing is written."""

    def network(self, backend: str = "auto") -> Simulation:
        """The network of this seed, ready for `Simulation.train` and `Simulation.test`.

        Use it in a ``with`` statement. On ``numpy`` and ``cython``, ``.engine.network`` is the
        Brian network.
        """
        return Simulation(self.params, self.run.stimulus, Session(backend))

    def retest(
        self,
        backend: str = "auto",
        ll_mon_weights: Literal["final", "initial"] = "final",
        **changes,
    ) -> Result:
        """Test the stored weights, and their untrained twin, under other conditions.

        Parameters
        ----------
        backend : str
        ll_mon_weights : {'final', 'initial'}
            With ``initial`` the trained MON -> TS is tested beside LL -> MON of before training, as
            the published numbers were: not the network as trained.
        **changes
            Fields of `NetworkParams` or `StimulusParams` that belong to the test, such as
            ``distance_cm=1.2`` (`models.lateral_line.stored.TEST` has all of them).

        Returns
        -------
        Result
            Its ``.numbers`` are those of a results file. Nothing is written.

        Raises
        ------
        ValueError
            For a field that is not one of the test, a value out of its bounds, or LL -> MON weights
            that the run does not have.
        """
        unknown = sorted(set(changes) - stored.TEST)
        if unknown:
            allowed = ", ".join(sorted(stored.TEST))
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
        weights = stored.stored(self, ll_mon_weights)
        return with_numbers(evaluate(params, weights, stimulus=stimulus, backend=backend))

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
        params = dataclasses.replace(self.params, n_training_trials=n_training_trials)
        path = checkpoint.find(self.run.folder, self.number)
        try:
            result = simulate(params, None, path, stimulus=self.run.stimulus, backend=backend)
        except ValueError as error:  # nobody has typed a flag here
            raise ValueError(str(error).removeprefix("--resume-from: ")) from None
        return with_numbers(result)


def with_numbers(result: Result) -> Result:
    """A result with every number, as in a results file."""
    return dataclasses.replace(result, numbers=seed_results(result))
