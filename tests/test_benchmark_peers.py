"""Peers of the benchmarks: what is missing says why, the hand-written loops do what ours do."""

import json

import numpy as np
import pytest

from benchmarks import backends, figures, networks, peers, report
from benchmarks.backends import applies
from benchmarks.networks import Network
from benchmarks.peers import OURS, PeerError, why_not
from benchmarks.served import go_on

DIFFERENCES = (report.HERE / "pages" / "nest_differences.md.j2").read_text().splitlines()
MACHINE = {"cpu": "a processor", "cores": 2, "compiler": "g++ 12", "python": "3.11", "flags": "-O3"}


def one_row(cost: float, size: int) -> dict:
    """A row as `benchmarks.backends.row` makes it."""
    cost_spread = {"median": cost, "low": cost * 0.9, "high": cost * 1.1, "n": 3}
    return {
        "cpu_ms_per_step": cost_spread,
        "wall_ms_per_step": cost_spread,
        "events_per_step": 100.0,
        "ns_per_event": None,
        "rates_hz": {"mon": 9.0},
        "memory_mb": 60 + size / 100,
        "synapses": 26 * size,
        "bytes_per_synapse": 100.0,
        "start_s": None,
        "units": 1,
        "over_ours": cost_spread,
    }


@pytest.fixture
def results() -> dict:
    """Ours at three sizes, nothing else at any."""
    missing = {"not_measured": "GENN_PATH is not set"}
    sizes = {
        "lateral_line": {
            str(n): {OURS: one_row(n * 4e-6, n), "genn": missing, "nest": missing}
            for n in (800, 3200, 12_800)
        },
        "waves": {"16": {OURS: missing}},
        "quiet": {},
    }
    base = {"lateral_line": 3200, "waves": 16, "quiet": 16}
    return {"base": base, "sizes": sizes, "growth": backends.all_growth(sizes)}


def test_the_table_says_why_a_peer_is_missing(results):
    text = report.page(backends, results, MACHINE)
    assert "| ours, `genn` | not measured: GENN_PATH is not set |" in text
    assert "1.00 (1.00 to 1.00)" in text  # the exponent of costs that are proportional to size
    assert all(difference in text for difference in DIFFERENCES)
    assert "None" not in text and "nan" not in text
    json.dumps(results, allow_nan=False)


def test_every_line_of_a_table_has_as_many_cells(results):
    blocks = report.page(backends, results, MACHINE).split("\n\n")
    for block in blocks:
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) <= 1, block


def test_the_figure_is_drawn_without_peers(results, tmp_path):
    figures.backends(results, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0


def test_what_cannot_run_here_has_a_reason(monkeypatch, tmp_path):
    monkeypatch.delenv("GENN_PATH", raising=False)
    monkeypatch.setenv("NEST_PYTHON", str(tmp_path / "nothing"))
    monkeypatch.setattr(peers, "compiler", lambda: None)
    assert why_not("genn") == "GENN_PATH is not set"
    assert "make nest" in why_not("nest")
    assert why_not("plain") == why_not(OURS) == "no C++ compiler"
    assert why_not("numpy") is None
    assert applies("nest", "lateral_line") and not applies("nest_2", "waves")


def test_a_program_that_fails_says_how():
    with pytest.raises(PeerError, match="status 3: out of paper"):
        peers.Peer(["/bin/sh", "-c", "echo out of paper >&2; exit 3"])


def test_a_line_of_another_size_keeps_the_input_of_its_cells():
    small, large = networks.lateral_line(1600), networks.lateral_line(6400)
    for p in (small, large):
        fan_in = p.n_mon * p.mon_to_ts_out_degree / p.n_ts
        assert fan_in * p.mon_ts_gain_mV == pytest.approx(3200 * 16 / 300 * 220)
    assert networks.n_synapses("lateral_line", 1600) == 1600 * 26


def ask_ours(kind: str, size: int, units: int) -> dict:
    network = Network(networks.of_kind(kind, size), "numpy")
    return go_on(network, units * networks.UNIT_STEPS[kind])


def ask_plain(folder, kind: str, size: int, units: int) -> dict:
    peer = peers.start("plain_ieee", kind, size, folder)
    try:
        return peer.ask(units)
    finally:
        peer.close()


@pytest.mark.compiler
@pytest.mark.parametrize("n_mon", [800, 1600])
def test_the_hand_written_line_fires_and_learns_as_ours(tmp_path, n_mon):
    ours = ask_ours("lateral_line", n_mon, 1)
    plain = ask_plain(tmp_path, "lateral_line", n_mon, 1)
    # Wiring and weights are other draws. Bounds are three standard deviations of the difference
    # of two seeds; of one (eight seeds): spikes of LL 1.1 %, MON 3.6 %, TS 6.4 %, mean weights
    # 0.23 % and 1.7 %.
    bounds = {"ll_spikes": 0.045, "mon_spikes": 0.15, "ts_spikes": 0.27}
    bounds |= {"ll_mon_w_mean_mV": 0.01, "mon_ts_w_mean": 0.07}
    for name, bound in bounds.items():
        assert plain[name] == pytest.approx(ours[name], rel=bound), name


@pytest.mark.compiler
def test_the_hand_written_quiet_cube_relays_the_same_spikes(tmp_path):
    ours, plain = ask_ours("quiet", 10, 40), ask_plain(tmp_path, "quiet", 10, 40)
    # links so strong that their jitter is no matter
    assert plain["cells_spikes"] == ours["cells_spikes"] > 0


@pytest.mark.compiler
def test_the_hand_written_cube_makes_waves_as_dense_as_ours(tmp_path):
    network = Network(networks.cube("waves", 12), "numpy")
    network.run(400)  # until the waves are there
    ours = network.run(400)["cells"]
    peer = peers.start("plain_ieee", "waves", 12, tmp_path)
    peer.ask(50)
    plain = peer.ask(50)["cells_spikes"]
    peer.close()
    # three standard deviations of the difference of two seeds, 4.7 % each (ten seeds)
    assert plain == pytest.approx(ours, rel=0.2)
    assert np.isfinite(ours) and ours > 0
