"""``--live`` looks on: a run that is drawn has the bits of one that is not."""

import logging

import numpy as np
import pytest

from driver.experiment.learning import twins
from driver.experiment.network import Session
from driver.report import live
from driver.run.folder import WRITTEN
from models.cube.params import CubeParams, LocalParams
from models.cube.records import Records
from models.cube.show.live import Moments
from models.cube.simulation import Simulation, run_path
from stimuli.dots import DotParams
from tests import program
from tests.program import differing, full


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_a_map_that_is_watched_has_the_same_bits(tmp_path):
    made = program.bare(tmp_path, *program.SMALL, "--live", name="watched")
    assert made.status == 0, made.said
    assert differing(made.weights(), full().weights()) == []
    assert differing(made.recordings(), full().recordings()) == []
    page = (made.folder / "live.html").read_text()
    assert "data:image/png" in page and "refresh" not in page
    assert f"--live: {made.folder / 'live.html'}" in made.log
    assert WRITTEN.fullmatch("live.html") and WRITTEN.fullmatch("live_seed_12.html")


@pytest.mark.parametrize(
    "p", [LocalParams(n=8, steps=30), CubeParams(n=8, L=4, steps=40)], ids=["local", "cube"]
)
def test_a_dot_that_is_watched_has_the_same_bits(p):
    dots, pictures = DotParams(), []

    def made(**watched):
        session = Session(backend="numpy", **watched)
        with Simulation(p, dots, session) as sim:
            start = lambda: Records.start(p, dots, run_path(p, dots, p.steps))  # noqa: E731
            return twins(sim, p.steps, start, lambda state, label: {}, session).recordings

    moments = Moments(p, dots)
    seen = made(live=lambda *shown: pictures.append(moments.pixels(*shown)))
    alone = made()
    for label in alone:
        assert differing(seen[label], alone[label]) == []
    assert len(pictures) >= 2 and all(np.ptp(picture[..., :3]) > 0 for picture in pictures)


def test_a_drawing_is_rare_and_its_failure_no_end(tmp_path, monkeypatch, caplog):
    now, n_drawn = [0.0], []

    def pixels(what):
        n_drawn.append(now[0])
        now[0] += 0.5  # it takes half a second
        return np.full((4, 6, 4), what, dtype=np.uint8)

    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    drawn = live.Live(pixels, "<run>", tmp_path / "live.html", logging.getLogger("test"))
    for _ in range(20):
        drawn(200)
        now[0] += 0.5
    assert n_drawn == [0.0, 5.0, 10.0]  # a tenth of the time
    assert 'content="2"' in drawn.target.read_text() and "&lt;run&gt;" in drawn.target.read_text()
    now[0] += 10
    drawn("no picture")
    drawn("no picture")
    assert caplog.text.count("nothing more is drawn") == 1
    drawn.close()
    assert "refresh" not in drawn.target.read_text()
