"""The command line of the spiking network, flag by flag, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bio_snn import interface
from bio_snn.interface import main, run_simulation
from bio_snn.predictive_coding import PredictiveCodingNetwork

DOCUMENTED = "--sizes 2,3,1 --input 1,0 --steps 100 --seed 0"
OUTPUT = "Output: [1.17835668]\n"


@pytest.fixture
def say(capsys):
    """Function that runs a command line; returns status, standard output and error."""

    def run(line: str) -> tuple[int, str, str]:
        try:
            status = main(line.split())
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def test_the_documented_command_starts_without_what_it_does_not_need():
    code = (
        "import runpy, sys\n"
        "try:\n"
        "    runpy.run_module('bio_snn.interface', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "heavy = {'brian2', 'torch', 'sklearn', 'scipy', 'matplotlib', 'tyro'}\n"
        "assert not heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *DOCUMENTED.split()],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, OUTPUT, "")


def test_a_function_does_the_same_and_prints_nothing(capsys):
    found = run_simulation([2, 3, 1], [1, 0], 100, seed=0)
    assert found == pytest.approx([1.178356684482034], abs=1e-12)
    assert run_simulation((2, 3, 1), np.array([1, 0]), 10, modulation=0.0).shape == (1,)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ValueError, match="steps 0: needed"):
        run_simulation([2, 3, 1], [1, 0], 0)


def test_steps_and_modulation_have_defaults(say):
    assert say("--sizes 2,3,1 --input 1,0 --seed 0") == (0, OUTPUT, "")
    assert say(f"{DOCUMENTED} --modulation 1") == (0, OUTPUT, "")
    _, other, _ = say(f"{DOCUMENTED} --modulation 0")
    assert other.startswith("Output: [") and other != OUTPUT
    _, other, _ = say("--sizes 2,3,1 --input 1,0 --seed 0 --steps 99")
    assert other != OUTPUT


def test_a_seed_that_was_drawn_is_told_and_repeats_the_run(say):
    line = "--sizes 2,30,3 --input=-0.5,2 --steps 50"
    status, out, told = say(line)
    word, seed = told.split()
    assert (status, word) == (0, "seed")
    assert say(f"{line} --seed {seed}") == (0, out, "")
    assert say(line)[2] != told


def test_many_numbers_stand_on_one_line(say):
    _, out, _ = say("--sizes 2,1500 --input 3,3 --steps 60 --seed 1")
    assert out.count("\n") == 1 and len(out.split()) > 1500 and "..." not in out


def test_json_is_one_object(say):
    status, out, err = say("--sizes 2,3,1 --input 1,0 --steps 80 --seed 0 --modulation 0.5 --json")
    net, counts = PredictiveCodingNetwork([2, 3, 1], seed=0), np.zeros(6)
    for _ in range(80):
        output = net.forward([1, 0], modulation=0.5)
        counts += np.concatenate(net.spikes)
    found = json.loads(out)
    rates = sum(found["rates"], [])
    assert (status, err) == (0, "") and rates == (counts * 1000 / 80).tolist()  # Hz
    assert [len(of_layer) for of_layer in found.pop("rates")] == [2, 3, 1]
    assert found == {
        "sizes": [2, 3, 1], "seed": 0, "modulation": 0.5, "steps": 80, "output": output.tolist(),
        "errors": [e.tolist() for e in net.errors],
    }  # fmt: skip


def test_verbose_tells_errors_and_spikes(say):
    status, out, err = say(f"{DOCUMENTED} --verbose")
    net = PredictiveCodingNetwork([2, 3, 1], seed=0)
    for _ in range(100):
        net.forward([1, 0])
    assert (status, out) == (0, OUTPUT)
    assert err.startswith(f"mean error {net.mean_error():.4f}, layer 0: 9 spikes, layer 1: ")


@pytest.mark.parametrize("name, start", [("a.png", b"\x89PNG"), ("b.PDF", b"%PDF")])
def test_a_figure_is_drawn(say, tmp_path, name, start):
    assert say(f"{DOCUMENTED} --plot {tmp_path / name}") == (0, OUTPUT, "")
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_figure_has_potential_threshold_spikes_and_error(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, format: drawn.append(figure))
    main(f"{DOCUMENTED} --plot {tmp_path / 'a.svg'}".split())
    soma, raster, errors = drawn[0].axes
    v, theta, spikes = (line.get_data() for line in soma.lines)
    assert v[0].tolist() == list(range(1, 101)) and (v[1] <= theta[1]).all()
    net, fired = PredictiveCodingNetwork([2, 3, 1], seed=0), []
    for step in range(1, 101):
        net.forward([1, 0])
        fired += [(step, cell) for cell in np.flatnonzero(np.concatenate(net.spikes))]
    assert spikes[0].tolist() == [step for step, cell in fired if cell == 5]
    dots = [dot for line in raster.lines for dot in zip(*line.get_data(), strict=True)]
    assert sorted(dots) == fired
    assert errors.lines[0].get_ydata()[-1] == net.mean_error()


def test_a_figure_that_cannot_be_written_is_one_line(say, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    status, out, err = say(f"{DOCUMENTED} --plot {tmp_path / 'a.png'}")
    assert (status, out) == (2, "") and err.count("\n") == 1 and "No space left" in err
    assert not list(tmp_path.iterdir())


def test_help_names_every_flag(say):
    status, out, err = say("--help")
    assert (status, err) == (0, "")
    for flag in ("sizes", "input", "steps", "seed", "modulation", "json", "plot", "verbose"):
        assert f"--{flag}" in out
    assert "--engine" not in out


REFUSED = {
    "": "required: --sizes, --input",
    "--sizes 2,3": "required: --input",
    "--sizes 2 --input 1,0": "--sizes: [2]: needed two or more whole numbers from 1",
    "--sizes 2,0 --input 1,0": "--sizes: [2, 0]: needed two or more whole numbers from 1",
    "--sizes=-2,3 --input 1,0": "--sizes: [-2, 3]: needed",
    "--sizes 2,x --input 1,0": "--sizes: '2,x': needed two or more whole numbers",
    "--sizes 2,1.5 --input 1,0": "--sizes: '2,1.5': needed",
    "--sizes 2,3, --input 1,0": "--sizes: '2,3,': needed",
    "--sizes 90000,90000 --input 1,0": "--sizes: ",
    "--sizes 2,3 --input 1": "--input: [1.0] of shape (1,): needed 2 numbers",
    "--sizes 2,3 --input 1,0,0": "--input: [1.0, 0.0, 0.0] of shape (3,): needed 2 numbers",
    "--sizes 2,3 --input 1,one": "--input: '1,one': needed numbers",
    "--sizes 2,3 --input 1,nan": "--input: nan: needed 2 numbers, finite",
    "--sizes 2,3 --input=-inf,0": "--input: -inf: needed 2 numbers, finite",
    "--sizes 2,3 --input 1,10.5": "--input: 10.5: allowed are -10 to 10",
    "--sizes 2,3 --input -1,0": "--input: expected one argument; one that begins with - is given",
    "--sizes 2,3 --input 1,0 --steps 0": "--steps: 0: needed a multiple of 1 ms, at least 1",
    "--sizes 2,3 --input 1,0 --steps 1.5": "--steps: invalid int value: '1.5'",
    "--sizes 2,3 --input 1,0 --seed -1": "--seed: -1: input should be greater than or equal to 0",
    "--sizes 2,3 --input 1,0 --seed 2147483648": "--seed: 2147483648: input should be less than",
    "--sizes 2,3 --input 1,0 --seed one": "--seed: invalid int value: 'one'",
    "--sizes 2,3 --input 1,0 --modulation -1": "--modulation: -1.0: input should be greater",
    "--sizes 2,3 --input 1,0 --modulation nan": "--modulation: nan is not a finite number",
    "--sizes 2,3 --input 1,0 --modulation inf": "--modulation: inf is not a finite number",
    "--sizes 2,3 --input 1,0 --plot a.txt": "--plot: 'a.txt': needed an ending of ",
    "--sizes 2,3 --input 1,0 --plot nowhere/a.png": "--plot: 'nowhere/a.png': needed a file in a",
    "--sizes 2,3 --input 1,0 --engine rate": "unrecognized arguments: --engine rate",
    "--sizes 2,3 --input 1,0 --verb": "unrecognized arguments: --verb",
    "--sizes 2,3 --input 1,0 --json yes": "unrecognized arguments: yes",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_command_that_cannot_be_run_is_refused_in_one_line(say, line, monkeypatch):
    if "90000" in line:  # where memory is promised that is not there, it would be taken
        monkeypatch.setattr(interface, "PredictiveCodingNetwork", no_memory)
    status, out, err = say(line)
    assert (status, out) == (2, "")
    assert err.startswith("bio_snn.interface: ") and err.count("\n") == 1
    assert REFUSED[line] in err


def no_memory(*args, **numbers):
    raise MemoryError


def test_ctrl_c_ends_without_a_traceback(say, monkeypatch):
    def pressed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(interface, "run", pressed)
    assert say(DOCUMENTED) == (130, "", "")
