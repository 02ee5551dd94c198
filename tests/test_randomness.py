"""Draws are functions of seed, stream, element and step; the same bits on every backend."""

import doctest
import subprocess

import numpy as np
import pytest

import driver.engine.randomness
import driver.figures.sweep as figures_sweep
import driver.flags.from_dataclass
import driver.formatting
from driver.engine.compiler import compiler
from driver.engine.randomness import MAX_SEED, generator, stream_id, uniform, uniform_numpy

N = 100_000
SD = 1 / np.sqrt(12)  # of a uniform number in [0, 1)
PLACES = {"seed": 0, "stream": 1, "element": 2, "step": 3}


def corner_cases() -> np.ndarray:
    """Rows (seed, stream, element, step): smallest, largest, and many in between."""
    ends = [[0, MAX_SEED], [0, 2**30], [0, 2**31 - 1], [0, 2**31 - 1]]
    corners = np.array(np.meshgrid(*ends)).reshape(4, -1).T
    between = np.random.default_rng(1).integers(0, 2**30, (1000, 4))
    return np.concatenate([corners, between])


# uniform


def test_uniform_numbers_fill_the_unit_interval_evenly():
    u = uniform_numpy(123, stream_id("LL spikes"), np.arange(N), 7)
    assert 0 <= u.min() and u.max() < 1
    # 4 standard errors; that of the variance from the fourth moment 1/80: (1/80 - 1/144)/N
    assert u.mean() == pytest.approx(0.5, abs=4 * SD / np.sqrt(N))
    assert u.var() == pytest.approx(1 / 12, abs=4 * np.sqrt((1 / 80 - 1 / 144) / N))
    counts = np.histogram(u, bins=100, range=(0, 1))[0]
    chi_2 = np.sum((counts - N / 100) ** 2) / (N / 100)
    assert abs(chi_2 - 99) < 4 * np.sqrt(2 * 99)  # mean and SD of chi^2 with 99 degrees


def test_uniform_numbers_of_one_cell_over_steps_are_even_too():
    u = uniform_numpy(0, 0, 0, np.arange(N))
    assert u.mean() == pytest.approx(0.5, abs=4 * SD / np.sqrt(N))
    assert u.var() == pytest.approx(1 / 12, abs=4 * np.sqrt((1 / 80 - 1 / 144) / N))


@pytest.mark.parametrize("neighbour", PLACES)
@pytest.mark.parametrize("along", ["element", "step"])
def test_neighbouring_seeds_streams_elements_and_steps_are_uncorrelated(neighbour, along):
    here = [np.full(N, 42) for _ in PLACES]
    here[PLACES[along]] = np.arange(N)
    there = [place.copy() for place in here]
    there[PLACES[neighbour]] += 1
    r = np.corrcoef(uniform_numpy(*here), uniform_numpy(*there))[0, 1]
    assert abs(r) < 4 / np.sqrt(N)  # 4 SD of the correlation of independent numbers


def test_element_and_step_do_not_stand_for_each_other():
    a, b = np.triu_indices(300, 1)
    same = uniform_numpy(5, 6, a, b) == uniform_numpy(5, 6, b, a)
    assert not same.any()  # by chance one of 44850 pairs agrees with p = 5e-12


def test_uniform_does_not_depend_on_what_is_drawn_beside_it():
    grid = uniform_numpy(9, 8, np.arange(20)[:, None], np.arange(30))
    assert grid.shape == (20, 30)
    assert uniform_numpy(9, 8, 11, 17)[0] == grid[11, 17]


def test_uniform_follows_the_published_mixer():
    """splitmix64 written out with Python's whole numbers."""
    mask, golden = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(h):
        h = ((h ^ h >> 30) * 0xBF58476D1CE4E5B9) & mask
        h = ((h ^ h >> 27) * 0x94D049BB133111EB) & mask
        return h ^ h >> 31

    for seed, stream, element, step in corner_cases()[:50].tolist():
        h = mix((seed * golden + stream) & mask)
        h = mix((h + element * golden) & mask)
        h = mix((h + step * golden) & mask)
        assert uniform_numpy(seed, stream, element, step)[0] == (h >> 11) / 2**53


@pytest.mark.compiler
def test_uniform_gives_the_same_bits_in_cpp(tmp_path):
    rows = corner_cases()
    brian_code = uniform().implementations._implementations["cpp"].get_code(None)
    program = (
        "#include <cstdint>\n#include <cstdio>\n"
        + brian_code
        + """int main() {
            double a[4];
            while (fread(a, 8, 4, stdin) == 4) {
                double u = uniform(a[0], a[1], a[2], a[3]);
                fwrite(&u, 8, 1, stdout);
            }
        }"""
    )
    (tmp_path / "draw.cpp").write_text(program)
    subprocess.run([compiler(), "-O2", "draw.cpp", "-o", "draw"], cwd=tmp_path, check=True)
    sent = rows.astype(float).tobytes()
    answer = subprocess.run([tmp_path / "draw"], input=sent, capture_output=True, check=True)
    np.testing.assert_array_equal(np.frombuffer(answer.stdout), uniform_numpy(*rows.T))


@pytest.mark.parametrize(
    "target",
    ["numpy", pytest.param("cython", marks=[pytest.mark.slow, pytest.mark.compiler])],
)
def test_uniform_gives_the_same_bits_in_equations(brian, target):
    brian.prefs.codegen.target = target
    rows = corner_cases()
    cells = brian.NeuronGroup(
        len(rows),
        "\n".join(f"{name} : 1" for name in (*PLACES, "drawn")),
        namespace={"uniform": uniform()},
        name="cells",
    )
    for name, column in zip(PLACES, rows.T, strict=True):
        cells.variables[name].set_value(column.astype(float))
    cells.run_regularly("drawn = uniform(seed, stream, element, step)", name="draw")
    brian.Network(cells, name="network").run(1 * brian.ms, namespace={})
    np.testing.assert_array_equal(cells.drawn[:], uniform_numpy(*rows.T))


# generator


def test_streams_do_not_depend_on_order():
    first = generator(1, "a").random(5), generator(1, "b").random(5)
    second = generator(1, "b").random(5), generator(1, "a").random(5)
    np.testing.assert_array_equal(first, second[::-1])


def test_pieces_of_a_stream_do_not_depend_on_which_were_drawn():
    every = [generator(1, "stimulus", k).random(3) for k in range(10)]
    np.testing.assert_array_equal(generator(1, "stimulus", 7).random(3), every[7])


def test_seeds_names_and_indices_give_different_numbers():
    keys = [(s, n, *k) for s in (0, 1) for n in "ab" for k in ((), (0,), (1,), (0, 0), (0, 1))]
    draws = np.array([generator(*key).random(4) for key in keys])
    assert len(np.unique(draws)) == draws.size


@pytest.mark.parametrize("other", [(4, "a", 0), (3, "b", 0), (3, "a", 1)])
def test_neighbouring_streams_are_uncorrelated(other):
    r = np.corrcoef(generator(3, "a", 0).random(N), generator(*other).random(N))[0, 1]
    assert abs(r) < 4 / np.sqrt(N)  # 4 SD of the correlation of independent numbers


def test_stream_numbers_leave_room_for_a_phase_in_31_bits():
    names = [f"purpose {k}" for k in range(1000)]
    ids = [stream_id(name) for name in names]
    assert min(ids) >= 0 and max(ids) < 2**30
    assert max(ids) > 2**29  # they use the range: 1000 draws below half of it have p = 2**-1000


def test_streams_of_the_model_have_different_numbers():
    names = ["LL spikes", "mon_background", "ts_background"]
    phases = {stream_id(name) + phase for name in names for phase in (0, 1)}
    assert len(phases) == 6


# the examples in the docstrings


EXAMPLES = (driver.engine.randomness, driver.flags.from_dataclass, driver.formatting, figures_sweep)


@pytest.mark.parametrize("module", EXAMPLES, ids=lambda m: m.__name__)
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
