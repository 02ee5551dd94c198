"""The memory model that docs/scaling.md reckons with, by hand and against a real program."""

import re

import pytest

from benchmarks import memory_model, scaling_check
from benchmarks.memory_model import Size
from driver.experiment.network import Session
from models.cube.lattice.wiring import CubeWiring
from models.cube.params import CubeParams
from models.lateral_line import values
from models.lateral_line.simulation import Simulation
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams
from tests.conftest import small_params

ITEM = {"double": 8, "int32_t": 4}
OF_SYNAPSES = {"_synaptic_pre", "_synaptic_post", "w"}
COUNTS = {"N_incoming", "N_outgoing"}

SMALL = Size(n_mon=10, n_ts=4, in_degree=3, out_degree=2, radius=1, n_ll=5, n_frames=8)


def test_terms_of_a_small_network_by_hand():
    """30 + 20 plastic synapses of 40 bytes, 8 lateral ones of 36, cells, tables of 8 rows."""
    assert memory_model.program(SMALL) == {
        "plastic synapses": 50 * 40,
        "lateral synapses": 8 * 36,
        "synapses of each cell": 10 * 100 + 4 * 124,
        "cells": 10 * 120 + 4 * 136,
        "stimulus tables": 8 * 8 * 13,
    }
    assert memory_model.python(SMALL)["wiring as handed over"] == 8 * (50 + 8 + 30 + 16)
    assert memory_model.transported(SMALL) == 8 * 50 + 40 * 14
    assert memory_model.checkpoint(SMALL) == 16 * 30 + 32 * 20 + 40 * 14


def test_what_the_plan_reckons_beyond_the_measured_by_hand():
    """30 + 20 plastic synapses: a checkpoint on top of them, and their padded rows on a device."""
    assert memory_model.checkpoint_peak(SMALL) == 16 * 50 + memory_model.checkpoint(SMALL) + 8 * 30
    rows = {name: [4, 2] for name in ("ll_mon", "mon_ts", "ts_ts", "mon_i_mon", "i_mon_mon")}
    padded = sum(sources * (4 * 12 + 4) for sources in (5, 10, 4, 10, 1))
    assert memory_model.on_device(SMALL, rows) == padded + (10 + 4) * (2 * 4 + 4)


@pytest.mark.parametrize("ring", ["fixed", "grown"])
def test_numbers_of_synapses_are_those_of_the_wiring(ring):
    p = scaling_check.lateral_line(6400, ring)
    size, wiring = Size.of(p), Wiring.of(p)
    contacts = values.model(p, wiring).wiring
    assert size.plastic == wiring.ll_mon.i.size + wiring.mon_ts.i.size
    assert size.lateral == contacts["ts_ts.i"].size
    assert memory_model.wiring_files(size) - size.tables == sum(a.nbytes for a in contacts.values())


def test_numbers_of_links_are_those_of_the_cube():
    roles = CubeWiring(CubeParams(n=6, L=5)).roles
    here = roles["forward"].i.size, roles["lateral"].i.size
    assert memory_model.lattice_links(6, 5) == here


@pytest.mark.compiler
def test_the_generated_program_has_the_arrays_that_are_counted():
    """Should Brian come to keep other arrays, the model has to follow."""
    p = small_params()
    with Simulation(p, StimulusParams(), Session("cpp_standalone")) as sim:
        source = (sim.engine.program / "objects.cpp").read_text()
    sizes = {name: int(n) for name, n in re.findall(r"const int _num_(\w+) = (\d+);", source)}
    types = dict((name, kind) for kind, name in re.findall(r"^(\w+) ?\* ?(\w+);", source, re.M))
    of_cells = [
        ITEM[types[name]]
        for name, n in sizes.items()
        if n in (p.n_mon, p.n_mon + 1) and not name.endswith(("_sources", "_targets"))
    ]
    assert sum(of_cells) == memory_model.CELL
    given = [n for n in sizes if re.search(r"_array_mon_ts_(sources|targets)$", n)]
    assert sum(ITEM[types[name]] for name in given) == memory_model.GIVEN
    vectors = re.findall(r"std::vector<(\w+)> _dynamic_array_mon_ts_(\w+);", source)
    per_synapse = [ITEM[kind] for kind, name in vectors if name in OF_SYNAPSES]
    delays = ({"delay", "delay_1"}, {"_pre_delay", "_post_delay"})  # before Brian 2.11, and since
    names = {name for _, name in vectors}
    assert names in [OF_SYNAPSES | pair | {*COUNTS} for pair in delays]
    assert sum(per_synapse) == memory_model.ENDS + memory_model.WEIGHT
