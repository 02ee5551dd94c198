"""The map of TS while it forms: rates by position at the last record, and its numbers so far."""

from __future__ import annotations

import numpy as np

from driver.figures import style
from models.lateral_line.params import NetworkParams
from models.lateral_line.show.map_course import Course
from models.lateral_line.show.map_film import Film
from models.lateral_line.show.overviews import network
from models.lateral_line.training import Training


def pixels(params: NetworkParams, training: Training) -> np.ndarray | None:
    """Shape (height, width, 4); None before there are two records."""
    course = Course.of_arrays(params, training.records.arrays())
    if course is None:
        return None
    with style.applied():
        film = Film(course, f"seed {params.seed}\n{network(params)}")
        film.put(course.trial.size - 1)
        return film.stage.pixels()
