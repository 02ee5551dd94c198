"""The network in space, to be turned and scrubbed through time, for the report; needs plotly.

A frame is a dot move of a cube, one step of the local layer: pooled spikes, dots and output,
trained and untrained. The drawing is done by ``scene.js`` with plotly's script, which is
embedded; without plotly, which is optional, the report says how to get it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from driver.figures import style
from driver.report.scripts import packed
from models.cube.show import panels
from models.cube.show.view import LABELS, Shown

SCRIPT = Path(__file__).with_suffix(".js")
MAX_FRAMES = 240
MAX_BYTES = 1_400_000  # of arrays; a third more as text
BYTES_PER_BLOCK = 6  # of a frame: number and count


def content(shown: Shown) -> dict[str, Any]:
    """All that is drawn, as JSON can say it; its place in the page is the element ``#space``."""
    p, (down, frames), planes = shown.params, fitting(shown), shown.kind.planes(shown.params)
    return {
        "n": p.n,
        "depth": max(planes) + 1,
        "down": down,
        "planes": {str(z): name for z, name in planes.items()},
        "unit": shown.kind.UNIT,
        "frame_steps": len(frames[0]) if frames else 1,
        "step": packed([frame.start for frame in frames], np.uint32),
        "dots": dots_of(shown, frames),
        "colours": {"input": panels.INPUT, "cells": panels.CELLS, "output": panels.OUTPUT},
        "muted": style.MUTED,
        "points2": float(panels.areas(1, down)),
        "networks": [network(shown, label, down, frames) for label in LABELS],
    }


def fitting(shown: Shown) -> tuple[int, list[range]]:
    """Cells a side of a block, and the frames: the last of the kept window that fit the page.

    Blocks are made larger before frames are left out.
    """
    frames = every_frame(shown)[-MAX_FRAMES:]
    for down in shown.kind.block_sizes(shown):
        n_fit = fit(most_points(shown, down, frames), len(frames))
        if n_fit == len(frames):
            break
    return down, frames[-n_fit:]


def fit(points: list[int], n_frames: int) -> int:
    """How many of the last frames fit; one at least."""
    taken = np.cumsum(points[::-1]) * BYTES_PER_BLOCK
    return max(1, min(n_frames, int(np.searchsorted(taken, MAX_BYTES, side="right"))))


def most_points(shown: Shown, down: int, frames: list[range]) -> list[int]:
    """Points of each frame, of both networks."""
    p, kind = shown.params, shown.kind
    return [
        sum(
            kind.points(p, arrays, down, frame)[0].size + kind.output_pixels(p, arrays, frame).size
            for arrays in shown.recordings.values()
        )
        for frame in frames
    ]


def every_frame(shown: Shown) -> list[range]:
    """Steps of every whole frame of the kept window; the window itself if it is shorter."""
    arrays = shown.recordings["trained"]
    first, stop = int(arrays["kept_from"]), int(arrays["kept_to"])
    n_steps = shown.kind.n_steps(shown.params)
    begin = -(-first // n_steps)
    whole = [range(k * n_steps, (k + 1) * n_steps) for k in range(begin, stop // n_steps)]
    return whole or [range(first, max(first + 1, stop))]


def network(shown: Shown, label: str, down: int, frames: list[range]) -> dict[str, Any]:
    """Every frame of one network, one after the other; `start` and `out_start` tell them apart."""
    p, arrays = shown.params, shown.recordings[label]
    found = [shown.kind.points(p, arrays, down, frame) for frame in frames]
    fired = [shown.kind.output_pixels(p, arrays, frame) for frame in frames]
    none = np.zeros(0, dtype=np.int64)
    return {
        "name": label,
        "start": packed(np.cumsum([0, *(number.size for number, _ in found)]), np.uint32),
        "block": packed(np.concatenate([none, *(number for number, _ in found)]), np.uint32),
        "count": packed(np.concatenate([none, *(count for _, count in found)]), np.uint16),
        "out_start": packed(np.cumsum([0, *(one.size for one in fired)]), np.uint32),
        "out": packed(np.concatenate([none, *fired]), np.uint16),
    }


def dots_of(shown: Shown, frames: list[range]) -> dict[str, Any]:
    """Dots of every frame, frame by frame; -1 while the input is off."""
    arrays = shown.recordings["trained"]
    at = [frame.start for frame in frames]
    places = {}
    for name in ("x", "y"):
        seen = np.where(arrays["shown"][at][:, None], arrays[name][at], -1)
        places[name] = packed(seen.ravel(), np.int16)
    return places | {"n": int(arrays["x"].shape[1])}


def words(shown: Shown) -> str:
    """What the scene shows, and what was left out."""
    down, frames = fitting(shown)
    every = len(every_frame(shown))
    part = "" if len(frames) == every else f" of the {every} whose spikes were kept"
    pooled = "" if down == 1 else f"; blocks of {down} × {down} × {down} cells are one circle"
    return (
        f"The last {len(frames)} {shown.kind.UNIT}s{part}, from step {frames[0].start} to "
        f"{frames[-1].stop - 1}{pooled}. Red: the dot on the input plane; blue: spikes, "
        "the area of a circle grows with their number; green: the output plane. Drag to turn."
    )
