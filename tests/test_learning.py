"""The toolkit's experiment: a network and its twin in blocks, stopped anywhere, to the same end."""

import dataclasses
import json
import logging
import types

import numpy as np
import pytest

from driver.engine.model import Block, Spikes
from driver.experiment import learning
from driver.experiment.going_on import TwinCheckpoint, identity, require_same
from driver.experiment.learning import NotFinite, Standing, learn, twins
from driver.experiment.network import Network, Session
from driver.experiment.seed_files import save_arrays, save_results
from driver.run import checkpoint
from driver.run.folder import RunFolder
from driver.run.format import Format
from driver.run.progress import Progress
from driver.run.saved import checksum
from tests.program import differing

LENGTH, BLOCK = 10, 3
FORMAT = Format(prog="none.py", parts=lambda mode: {})


class Counter(Network):
    """A number that grows with its weight; a weight that grows where it learns. No Brian."""

    def __init__(self, stop_before=None, bad_after=LENGTH + 1):
        self.model = types.SimpleNamespace(
            populations=("cells",), wiring={"link.i": np.int32([0]), "link.j": np.int32([1])}
        )
        self.engine, self.holds, self.precision = self, False, "double"
        self.backend, self.closed, self.lengths = "none", False, []
        self.stop_before, self.bad_after = stop_before, bad_after

    def initial_state(self):
        return {"cells.v": np.zeros(1), "link.w": np.ones(1)}

    def given(self, first, n_steps, *, learn):
        return {"learn": float(learn)}

    def block_steps(self, first, stop, *, learn):
        return min(BLOCK, stop - first)

    def run(self, given, *, first_step, n_steps, record, state, hold):
        if (given["learn"], first_step) == self.stop_before:
            raise KeyboardInterrupt
        assert record == ("cells",)
        self.lengths.append(n_steps)
        v, w = state["cells.v"].copy(), state["link.w"].copy()
        for step in range(first_step, first_step + n_steps):
            v, w = v + w * step, w + given["learn"]
        if first_step + n_steps > self.bad_after:
            v = v * np.nan
        steps = np.arange(first_step, first_step + n_steps)
        wrong = "" if np.isfinite(v).all() else "cells.v"
        return Block({"cells.v": v, "link.w": w}, {"cells": Spikes(steps, steps)}, {}, wrong)

    def close(self):
        self.closed = True


@dataclasses.dataclass
class Steps:
    """Records: the steps that were fed."""

    seen: list

    def feed(self, block, first, stop):
        assert (block.spikes["cells"].step == np.arange(first, stop)).all()
        self.seen.append(np.arange(first, stop))

    def copy(self):
        return Steps(list(self.seen))

    def arrays(self):
        return {"seen": np.concatenate([np.empty(0, int), *self.seen])}

    def restore(self, arrays):
        self.seen = [arrays["seen"]]


def run(session=None, **how):
    """What a model's experiment looks like."""
    with Counter(**how) as network:
        made = twins(
            network,
            LENGTH,
            start=lambda: Steps([]),
            measure=lambda state, label: {"double": 2 * state["cells.v"]},
            session=session or Session(),
        )
    assert network.closed
    return made


def all_arrays(made):
    return {f"{label}/{k}": v for label, part in made.recordings.items() for k, v in part.items()}


def test_both_networks_are_run_and_only_one_learns():
    made = run()
    trained, untrained = made.recordings["trained"], made.recordings["untrained"]
    assert trained["link.w"] == 1 + LENGTH and untrained["link.w"] == 1
    assert untrained["double"] == 2 * sum(range(LENGTH))
    for part in (trained, untrained):
        assert part["initial.link.w"] == 1
        np.testing.assert_array_equal(part["seen"], np.arange(LENGTH))
    assert [int(end[0]) for end in made.ends["link"]] == [0, 1]


@pytest.mark.parametrize("first_step", [0, 3, 9])
@pytest.mark.parametrize("learns", [1.0, 0.0])
def test_a_run_that_is_stopped_before_any_block_goes_on_to_the_same_arrays(
    tmp_path, learns, first_step
):
    session = Session(checkpoint=tmp_path / "point.npz", identity={"schema_version": 2})
    with pytest.raises(KeyboardInterrupt):
        run(session, stop_before=(learns, first_step))
    begun = (learns, first_step) != (1.0, 0)
    assert session.checkpoint.exists() == begun
    resumed = session.checkpoint if begun else None
    made = run(dataclasses.replace(session, resumed=resumed))
    assert differing(all_arrays(made), all_arrays(run())) == []


def test_what_is_finished_is_not_run_again(tmp_path):
    session = Session(checkpoint=tmp_path / "point.npz", identity={"schema_version": 2})
    with pytest.raises(KeyboardInterrupt):
        run(session, stop_before=(0.0, 3))
    with Counter() as network:
        again = dataclasses.replace(session, resumed=session.checkpoint)
        twins(network, LENGTH, lambda: Steps([]), lambda *_: {}, again)
    assert network.lengths == [3, 3, 1]  # of the twin, from step 3 on


def test_a_checkpoint_is_written_when_it_is_due_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "CHECKPOINT_S", -1.0)
    steps = []

    def saved():
        steps.append(int(checkpoint.read(path)["now/step"]))

    path = tmp_path / "point.npz"
    run(Session(checkpoint=path, saved=saved, identity={"schema_version": 2}))
    assert steps == [3, 6, 9, 3, 6, 9]  # never at the end: the recording is finished there


def test_a_run_that_leaves_the_numbers_says_where():
    with pytest.raises(NotFinite, match="trained: cells.v is not finite after step 6") as raised:
        run(bad_after=5)
    assert raised.value.exit_status == 3


def test_the_bar_is_closed_however_a_run_ends():
    class Bar(Progress):
        closed = 0

        def close(self):
            self.closed += 1

    def broken(now, progress):
        yield Standing(1, {}, None)
        raise RuntimeError("broken")

    bar, kept = Bar(2, "", logging.getLogger(__name__)), []
    with pytest.raises(RuntimeError):
        learn(Standing(0, {}, None), broken, bar, kept.append, lambda now, seconds: False)
    assert (bar.closed, kept) == (1, [])


# --- whose checkpoint ------------------------------------------------------------------------


@dataclasses.dataclass
class Params:
    seed: int = 3
    eta: float = 0.5


@dataclasses.dataclass
class Stimulus:
    speed: int = 1


PARTS = {"network_params": Params(), "stimulus_params": Stimulus()}


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "point.npz"
    ours = identity(FORMAT, PARTS)
    assert list(ours) == ["schema_version", "params_json", "stimulus_json"]
    TwinCheckpoint(Session(checkpoint=path, identity=ours)).save("trained", {"step": 3})
    stored = checkpoint.read(path)
    require_same(stored, ours, path, mark="label")
    other = identity(FORMAT, PARTS | {"network_params": Params(eta=0.25)})
    with pytest.raises(ValueError, match="eta 0.5 there, 0.25 here"):
        require_same(stored, other, path, mark="label")
    require_same(stored, other, path, mark="label", free={"eta"})
    for lacking, words in (
        ("label", "does not hold a full state"),
        ("params_json", "lacks params"),
    ):
        part = {key: array for key, array in stored.items() if key != lacking}
        with pytest.raises(ValueError, match=words):
            require_same(part, ours, path, mark="label")


# --- files of a seed -------------------------------------------------------------------------


def test_a_finished_seed_leaves_recordings_weights_and_results(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    options = types.SimpleNamespace(mode="short", save_tag="latest")
    request = types.SimpleNamespace(
        format=FORMAT, parts=PARTS, params=Params(), options=options, folder=folder
    )
    made = run()
    save_arrays(request, made, {"n": 2}, fidelity="paper")
    metrics = {k: {"v": float(part["double"][0])} for k, part in made.recordings.items()}
    save_results(request, made, metrics, ["a warning"])
    weights = np.load(folder.artifacts / "latest_seed_3.npz")
    assert set(weights) == {
        *("schema_version", "seed", "link_i", "link_j", "link_w", "link_w_init"),
    }
    assert weights["link_w"] == 1 + LENGTH and weights["link_w_init"] == 1
    recording = np.load(folder.artifacts / "seed_3_untrained.npz")
    assert (recording["seed"], recording["n"], recording["double"]) == (3, 2, 90)
    sidecar = json.loads((folder.artifacts / "latest_seed_3_params.json").read_text())
    assert sidecar["network_params"] == {"seed": 3, "eta": 0.5} and sidecar["fidelity"] == "paper"
    results = json.loads(folder.results_file(3).read_text())
    assert results["difference"]["v"] == results["trained"]["v"] - results["untrained"]["v"]
    assert results["params_sha256"] == checksum(*PARTS.values())
    assert (results["save_tag"], results["warnings"]) == ("latest", ["a warning"])
