"""The network in space and time: what goes into the page is what was recorded."""

from __future__ import annotations

import base64
import json
import sys

import numpy as np
import pytest

from driver.report.scripts import plotly_script
from models.cube.show import view
from models.cube.show.space import scene
from models.cube.show.view import Shown
from stimuli.dots import DotParams
from tests.cube.figure_seed import CUBE, LABELS, LOCAL, PAUSE, make_seed

DTYPES = {"Int16Array": np.int16, "Uint16Array": np.uint16, "Uint32Array": np.uint32}


def array(packed) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["data"]), DTYPES[packed["type"]])


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    return make_seed(tmp_path_factory.mktemp("cube"))


def part(network, name: str, frame: int) -> np.ndarray:
    """What one frame holds."""
    start = array(network["out_start" if name == "out" else "start"])
    return array(network[name])[start[frame] : start[frame + 1]]


def test_a_frame_is_a_move_and_holds_its_spikes_of_both_networks(cube):
    found = scene.content(Shown.of(cube))
    steps = array(found["step"])
    assert found["unit"] == "move" and found["frame_steps"] == CUBE.ratio
    assert steps[-1] == CUBE.steps - CUBE.ratio and np.all(np.diff(steps) == CUBE.ratio)
    assert [network["name"] for network in found["networks"]] == list(LABELS)
    for network in found["networks"]:
        arrays = cube.recording(network["name"])
        for frame in (0, len(steps) - 1):
            index = view.between(arrays, "cells", steps[frame], steps[frame] + CUBE.ratio)
            number, count = view.block_counts(index, 8, found["down"])
            np.testing.assert_array_equal(part(network, "block", frame), number)
            np.testing.assert_array_equal(part(network, "count", frame), count)
            plane = np.unique(index[index >= 64 * (CUBE.L - 1)]) - 64 * (CUBE.L - 1)
            np.testing.assert_array_equal(part(network, "out", frame), plane)


def test_the_local_layer_has_a_frame_a_step_and_its_output(tmp_path):
    seed = make_seed(tmp_path, LOCAL, PAUSE)
    found = scene.content(Shown.of(seed))
    steps, arrays = array(found["step"]), seed.recording("trained")
    assert found["planes"] == {"0": "input", "1": "hidden", "2": "output"}
    assert np.all(np.diff(steps) == 1) and steps[-1] == 199  # where the input goes off
    trained = found["networks"][0]
    frame = len(steps) - 1
    assert part(trained, "count", frame).sum() == np.sum(arrays["hidden_step"] == 199)
    expected = arrays["output_i"][arrays["output_step"] == 199]
    np.testing.assert_array_equal(part(trained, "out", frame), expected)


def test_dots_are_all_there_and_none_while_the_input_is_off(tmp_path):
    dots = DotParams(stimulus="orbit", dots=2)
    found = scene.content(Shown.of(make_seed(tmp_path, dots=dots)))
    steps = array(found["step"])
    assert found["dots"]["n"] == 2 and array(found["dots"]["x"]).size == 2 * steps.size
    arrays = make_seed(tmp_path).recording("trained")
    arrays["shown"][:] = False
    hidden = Shown(CUBE, dots, 0, {"trained": arrays}, {})
    frames = scene.every_frame(hidden)
    assert set(array(scene.dots_of(hidden, frames)["x"])) == {-1}


def test_a_silent_network_has_empty_frames(tmp_path):
    found = scene.content(Shown.of(make_seed(tmp_path, silent=LABELS)))
    for network in found["networks"]:
        assert array(network["block"]).size == 0 and not array(network["start"]).any()


def test_what_does_not_fit_is_left_out_and_the_words_say_so(cube, monkeypatch):
    whole = scene.content(Shown.of(cube))
    monkeypatch.setattr(scene, "MAX_BYTES", 400)
    found = scene.content(Shown.of(cube))
    n = array(found["step"]).size
    assert 1 <= n < array(whole["step"]).size
    n_points = sum(
        array(network[k]).size for network in found["networks"] for k in ("block", "out")
    )
    assert n_points * scene.BYTES_PER_BLOCK <= 400
    assert array(found["step"])[-1] == array(whole["step"])[-1]
    words = scene.words(Shown.of(cube))
    assert f"The last {n} moves of the {array(whole['step']).size}" in words


def test_the_data_are_json_that_cannot_end_its_element(cube):
    text = json.dumps(scene.content(Shown.of(cube)), allow_nan=False)
    assert "<" not in text


def test_without_plotly_there_is_no_script(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert plotly_script() is None
