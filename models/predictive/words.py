"""What can be done beyond what can be done with every run: all learners side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from driver.flags.from_dataclass import UsageError
from driver.room import Room
from driver.sweep.axes import CONTENT
from driver.sweep.command import main as sweep

COMPARED = {  # presets by the images
    "digits": ("rate", "equilibrium", "dendritic", "energy", "jepa-vicreg"),
    "mnist-5k": ("rate-mnist", "equilibrium-mnist", "energy-mnist"),
}


def words(room: Room) -> dict[str, Callable[..., int]]:
    """Functions by their word; the help pages are the docstrings."""

    def compare_learners(
        data: Literal["digits", "mnist-5k"] = "digits",
        seeds: int = 5,
        seed_start: int = 301,
        jobs: int = 2,
        output_root: Path = Path("Runs"),
    ) -> int:
        """Train every learner of images, and set it beside its twin and the controls.

        A sweep: started again it goes on. Table, figure and report lie in its folder.

        Args:
            data: The images.
            seeds: How many splits, each with a linear classifier and back-propagation.
            seed_start: The first; nothing was tuned on 301 and above.
            jobs: Runs at once.
            output_root: Where the folder of the sweep is made.
        """
        from models.predictive.show.compared import lines

        for flag, value in (("seeds", seeds), ("jobs", jobs)):
            if value < 1:
                raise UsageError(f"--{flag} {value} must be at least 1")
        name = f"compare_{data}"
        asked = ["--grid", f"mode={','.join(COMPARED[data])}", "--multi-seed", str(seeds)]
        asked += ["--seed-start", str(seed_start), "--jobs", str(jobs)]
        status = sweep(room, [name, *asked, "--output-root", str(output_root)])
        content = output_root / name / CONTENT
        print("\n".join(["", *lines(content)]))
        return status

    return {"compare-learners": compare_learners}
