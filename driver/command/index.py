"""``index.html``: the runs and sweeps of a folder, of every door, a row each."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from driver.command.find import room_of
from driver.command.watch import progress_words, state_words, sweep_lines
from driver.experiment.metric import LABELS, contrast, is_number
from driver.files import replace_file
from driver.formatting import number, short
from driver.report import page as report
from driver.report.page import Page, Section, Table, marked_up
from driver.room import Room
from driver.run.folder import REPORT, SUMMARY
from driver.run.saved import NotARun, Run
from driver.sweep.axes import CONTENT

EVERY_S = 5
WIDTH, HEIGHT, MAX_POINTS = 120, 26, 240  # of a small curve, pixels
HEAD = ("run", "door", "preset", "seeds", "state", "verdict", "number", *LABELS, "training")
CAPTION = (
    "The newest first. number is the one that the door judges by, the mean over finished seeds; "
    "training is how it goes over the training of the first seed."
)


class Index:
    """The page of a folder; what was read of complete runs is not read again."""

    def __init__(self, room: Room, folder: Path):
        self.room, self.folder = room, folder
        self.kept: dict[Path, tuple[list[int], tuple]] = {}  # when files were written, and a row

    def write(self, runs: list[Path], refresh_s: int = 0) -> Path:
        """Write the page of `runs`; a browser reads it again every `refresh_s`, 0 is never."""
        rows = [self.row(run) for run in reversed(runs)]
        n_going = sum(str(row[4]).startswith("running") for row in rows)
        as_of = time.strftime("%Y-%m-%d %H:%M:%S")
        table = Table(HEAD, rows, caption=CAPTION, numbers=False, search="Filter runs")
        page = Page(
            title=f"Runs in {self.folder}",
            subtitle=f"{len(rows)} runs and sweeps, {n_going} going on, as of {as_of}",
            sections=[Section("runs", "Runs", [table])],
            refresh_s=refresh_s,
        )
        text = report.render(page)
        return replace_file(self.folder / "index.html", lambda file: file.write(text.encode()))

    def row(self, folder: Path) -> tuple:
        try:
            if (folder / CONTENT).exists():
                return sweep_row(self.room, folder)
            files = folder / SUMMARY, folder / REPORT
            written = [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
            if not written[0] or self.kept.get(folder, ([],))[0] != written:
                room = room_of(folder, self.room)
                self.kept[folder] = written, run_row(room, room.open(folder))
            return self.kept[folder][1]
        except Exception as error:  # what a damaged or a hostile folder can raise has no end
            is_known = isinstance(error, NotARun | OSError)
            words = short(str(error) if is_known else repr(error), 200)
            return (folder.name, "", "", "", words, *[""] * 5)


def run_row(room: Room, run: Run) -> tuple:
    seeds = [run.seed(s) for s in run.seeds]
    every = [seed.results for seed in seeds if seed.number in run.finished]
    going = [seed.status for seed in seeds if seed.number not in run.finished]
    words = [state_words(run), *(progress_words(s, run.format.unit) for s in going[:1] if s)]
    state = ", ".join(words[:1] + [word for more in words[1:] for word in more])
    verdicts = Counter(results["verdict"] for results in every if results.get("verdict"))
    counted = [f"{v} ({n} of {len(every)})" if len(every) > 1 else v for v, n in verdicts.items()]
    curve = small_curve(*found) if (found := room.curve(seeds[0])) else ""
    return (
        linked(run.folder),
        room.format.prog,
        run.mode,
        len(seeds),
        state,
        ", ".join(counted),
        *headline(room, every),
        curve,
    )


def sweep_row(room: Room, folder: Path) -> tuple:
    head, *lines = sweep_lines(room, folder / CONTENT)
    done = head.partition(": sweep, ")[2]
    going = any(", running" in line for line in lines)
    state = f"running, {done}" if going else done
    return (linked(folder), "", "sweep", "", state, *[""] * 5)


def headline(room: Room, every: list) -> tuple[str, str, str]:
    """Name of the deciding number, and its mean of trained and of untrained networks."""
    m = room.deciding(every[0]) if every else None
    if m is None:
        return "", "", ""
    found = zip(*(contrast(m, results)[:2] for results in every), strict=True)
    usable = [[value for value in values if is_number(value)] for values in found]
    means = (number(np.mean(values), m.digits) if values else "undefined" for values in usable)
    return marked_up(m.axis), *means


def linked(folder: Path) -> Markup | str:
    """The name of a run; it leads to its report if there is one."""
    if not (folder / REPORT).is_file():
        return folder.name
    place = f"{quote(folder.name)}/{REPORT}"
    return Markup('<a href="{}">{}</a>').format(place, folder.name)


def small_curve(name: str, values: np.ndarray) -> Markup | str:
    """Values in a row as a picture, with the first and the last; without those that are none."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return ""
    shown = values[np.unique(np.linspace(0, values.size - 1, MAX_POINTS).astype(int))]
    x = np.linspace(1, WIDTH - 1, shown.size)
    span = np.ptp(shown) or 1.0
    y = HEIGHT - 2 - (shown - shown.min()) / span * (HEIGHT - 4)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    words = f"{name} {values[0]:.3g} to {values[-1]:.3g}"
    return Markup(
        '<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">'
        '<polyline points="{3}" fill="none" stroke="currentColor"/></svg><br>{4}'
    ).format(WIDTH, HEIGHT, words, points, marked_up(words))
