"""What can be done with a run of the cube room, besides what can be done with every run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from driver.command.words import Folders, opened
from driver.flags.from_dataclass import UsageError
from driver.room import Room


def words(room: Room) -> dict[str, Callable[..., int]]:
    """Functions by their word; the help pages are the docstrings."""

    def animate(
        runs: Folders,
        label: Literal["trained", "untrained"] = "trained",
        every: int | None = None,
        down: int | None = None,
        first: int | None = None,
        stop: int | None = None,
    ) -> int:
        """Film the last moves of runs: MP4, or GIF where there is no ffmpeg.

        Args:
            runs: Run folders, such as Runs/dots.
            label: Which of the two networks.
            every: Steps of a frame; a quarter of a move of a cube, one step of the local layer.
            down: Cells along the side of a block of the 3-D view; about 12 blocks a side.
            first: First step; it must lie in the window whose spikes were kept.
            stop: Step after the last.
        """
        from models.cube.show.film import animate as film

        log = logging.getLogger(__name__)
        for run in opened(room, runs):
            if not run.finished:
                raise UsageError(f"{run.folder} has no finished seed yet")
            for number in run.finished:
                path: Path = run.figures / f"animation_{label}_seed_{number}"
                try:
                    print(film(run.seed(number), label, path, first, stop, every, down, log))
                except ValueError as error:
                    raise UsageError(f"{run.folder}: {error}") from None
        return 0

    return {"animate": animate}
