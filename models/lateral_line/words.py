"""What can be done with a run of the lateral line, beyond what can be done with every run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from driver.command.words import Folders, draw_again, opened
from driver.flags.from_dataclass import UsageError
from driver.room import Room


def words(room: Room) -> dict[str, Callable[..., int]]:
    """Functions by their word; the help pages are the docstrings."""

    def figures(runs: Folders, analyses: bool = False) -> int:
        """Draw all figures of runs again, from their folders alone.

        Args:
            runs: Run folders, such as Runs/ten.
            analyses: Also draw what the stored weights alone make of a source: TS without a
                simulation, peaks of its cells, and how alike places are for the afferents.
        """
        from models.lateral_line.show.figures import draw_analyses

        return draw_again(room, runs, draw_analyses if analyses else lambda run: [])

    def stimulus(output: Path = Path("Picture/stimulus.png")) -> int:
        """Draw the stimulus alone: sweeps at three distances, in both directions.

        Args:
            output: File to write.
        """
        from models.lateral_line.show.stimulus_figure import draw_stimulus_figure

        output.parent.mkdir(parents=True, exist_ok=True)
        print(draw_stimulus_figure(output))
        return 0

    def animate(runs: Folders, output: Path | None = None, fps: int = 12) -> int:
        """Film the map as it forms in training, a frame a record: GIF, or MP4 with ffmpeg.

        Args:
            runs: Run folders, such as Runs/s1.
            output: File to write, .gif or .mp4, with the seed in its name if the run has several;
                figures/map_forming.gif in the run folder if not given.
            fps: Frames a second, 1 to 60.
        """
        from models.lateral_line.show.map_film import ENDINGS
        from models.lateral_line.show.map_film import animate as film

        if output and len(runs) > 1:
            raise UsageError(f"--output {output}: one file for {len(runs)} runs")
        if output and output.suffix not in ENDINGS:
            raise UsageError(f"--output {output}: the ending must be {' or '.join(ENDINGS)}")
        if not 1 <= fps <= 60:
            raise UsageError(f"--fps {fps}: must be 1 to 60")
        log = logging.getLogger(__name__)
        for run in opened(room, runs):
            if not run.finished:
                raise UsageError(f"{run.folder} has no finished seed yet")
            target = output or run.figures / "map_forming.gif"
            target.parent.mkdir(parents=True, exist_ok=True)
            for number in run.finished:
                several = f"{target.stem}_seed_{number}" if len(run.seeds) > 1 else target.stem
                try:
                    print(film(run.seed(number), target.with_stem(several), fps, log))
                except ValueError as error:
                    raise UsageError(f"{run.folder}: {error}") from None
        return 0

    return {"figures": figures, "stimulus": stimulus, "animate": animate}
