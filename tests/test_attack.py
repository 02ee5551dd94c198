"""The short version of ``python -m tests.attack``, and that its checks can fail."""

import json
import shutil

import numpy as np
import pytest

from tests.attack import json_files
from tests.attack.__main__ import ATTACKS, one
from tests.attack.doors import HANGS, LL, TRACEBACK, Said, copied, finished, same_bits
from tests.faults.judge import Kind, Wrong

# Tries, few of which need another program than the one that all tests share.
QUICK = {
    "flags": range(8),
    "commands": range(0, 340, 28),
    "cache": range(3),
    "planted": range(0, ATTACKS["planted"].tries, 3),
    "json": range(0, 32, 4),
    "structure": range(0, 16, 4),
    "checkpoints": range(0, 16, 4),
    "forged": range(0, ATTACKS["forged"].tries, 20),
    "weights": range(0, ATTACKS["weights"].tries, 4),
    "folders": range(0, ATTACKS["folders"].tries, 24),
}


@pytest.mark.compiler
@pytest.mark.parametrize("name", QUICK)
def test_an_attack_fails(name):
    found = [one(ATTACKS[name], 1, k) for k in QUICK[name]]
    assert [problem for kind in found for problem in kind.problems] == []
    assert sum(kind.tried for kind in found) >= len(QUICK[name]) // 2


@pytest.mark.parametrize(
    "said",
    [
        Said(TRACEBACK, "", "KeyError: 'x' (run.py, open)"),
        Said(HANGS, "", "no end within 20 s"),
        Said(1, "", "failed"),
        Said(2, "", "one line\nand another"),
        Said(2, "", ""),
        Said(0, "", "Traceback (most recent call last):\nKeyError: 'x'"),
    ],
)
def test_an_end_without_one_line_is_counted(said):
    kind = Kind("x")
    with kind.trial("it"):
        said.judge()
    with kind.trial("a line"):
        Said(2, "", "a line").judge()
    assert (kind.tried, len(kind.problems)) == (2, 1)


def test_one_other_bit_and_one_other_number_are_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = copied(finished(LL))
    same_bits(folder, finished(LL))
    path = folder / "artifacts" / f"latest_seed_{LL.seed}.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["mon_ts_w"].view(np.uint8)[0] ^= 1
    np.savez(path, **arrays)
    with pytest.raises(Wrong, match="mon_ts_w"):
        same_bits(folder, finished(LL))
    shutil.copy(finished(LL) / "artifacts" / path.name, path)
    path = folder / "artifacts" / f"seed_{LL.seed}_results.json"
    results = json.loads(path.read_text())
    path.write_text(json.dumps(results | {"sigma_theta_rad": 1.0}))
    with pytest.raises(Wrong, match="results"):
        same_bits(folder, finished(LL))


def test_a_value_that_is_read_without_a_word_is_counted(monkeypatch):
    values = iter(({"sigma 1.0"}, {"sigma 2.0"}))
    monkeypatch.setattr(json_files, "read", lambda *_: next(values))
    monkeypatch.setattr(json_files, "shown", lambda *_: set())
    monkeypatch.setattr(json_files, "files", lambda door: ["params.json"])
    (problem,) = one(ATTACKS["json"], 1, 0).problems
    assert "believed silently; sigma 2.0" in problem
