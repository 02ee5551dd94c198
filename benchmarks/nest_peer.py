"""The lateral line in NEST, as near as NEST comes to it; a program that trains on request.

    .venv-nest/bin/python benchmarks/nest_peer.py NETWORK.npz [THREADS]

It runs under an interpreter of its own (`requirements-nest.txt`) and imports nothing of this
project. When the network stands it prints a line of JSON; each number on standard input is a
number of trials to go on with, and is answered by another. The network's file is written by
`benchmarks.networks.write_for_nest`: wiring, initial weights and membranes, and the rates of the
afferents are ours, cell by cell.

What is not the same stands in `pages/nest_differences.md.j2`.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

DT_MS = 1.0
# An EPSP of the same area is flatter here (the second of the differences), so rates
# were lower. Calibrated at 3200 MON cells until rates of MON and TS were ours; the only two
# numbers that were.
MON_GAIN, TS_GAIN = 1.035, 1.25


def main() -> None:
    file, threads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    start = time.perf_counter()
    network = Network(np.load(file), threads)
    network.nest.Simulate(DT_MS)  # the first call sets up what all later ones use
    print(json.dumps({"start_s": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        print(json.dumps(network.train(int(line))), flush=True)


class Network:
    """LL -> MON -> TS with both inhibitory loops, lateral inhibition and background."""

    def __init__(self, given, threads: int):
        import nest

        self.nest, self.given = nest, given
        self.p = json.loads(str(given["params"]))
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.ResetKernel()
        nest.resolution, nest.local_num_threads, nest.rng_seed = DT_MS, threads, self.p["seed"]
        self.make_cells()
        self.make_background()
        self.make_plastic()
        self.make_inhibition()
        self.recorders = {}
        for name, cells in (("ll", self.ll), ("mon", self.mon), ("ts", self.ts)):
            self.recorders[name] = nest.Create("spike_recorder")
            nest.Connect(cells, self.recorders[name])

    # --- cells ----------------------------------------------------------------------------

    def make_cells(self) -> None:
        p, nest = self.p, self.nest
        cell = {
            "E_L": p["el_mV"],
            "V_th": p["vth_mV"],
            "V_reset": p["vreset_mV"],
            "tau_m": p["tau_m_ms"],
            "tau_syn_ex": p["tau_s_ms"],
            "tau_syn_in": p["tau_s_ms"],
            "t_ref": p["tau_ref_ms"] - DT_MS,  # as long as ours, which counts the spike's step
            "tau_minus": p["stdp_tau_ms"],
        }
        nest.SetDefaults("iaf_psc_exp", cell)
        self.generators = nest.Create("inhomogeneous_poisson_generator", p["n_ll"])
        self.ll = nest.Create("parrot_neuron", p["n_ll"])
        nest.Connect(self.generators, self.ll, "one_to_one", {"delay": DT_MS})
        self.mon = self.make_lif(p["n_mon"], MON_GAIN, V_m=self.given["mon_v_mV"])
        self.ts = self.make_lif(p["n_ts"], TS_GAIN, V_m=self.given["ts_v_mV"])
        self.i_mon = self.make_lif(1, MON_GAIN, V_m=p["el_mV"])
        self.i_ts = self.make_lif(1, TS_GAIN, V_m=p["el_mV"])

    def make_lif(self, n: int, gain: float, **state):
        """Cells whose membrane a current of 1 pA drives like a g of 1 mV, times `gain`."""
        capacitance = {"C_m": self.p["tau_m_ms"] / gain}
        return self.nest.Create("iaf_psc_exp", n, capacitance | state)

    def make_background(self) -> None:
        for cells, name in ((self.mon, "mon"), (self.ts, "ts")):
            rate = {"rate": self.p[f"bg_rate_{name}_hz"]}
            source = self.nest.Create("poisson_generator", params=rate)
            self.connect_all(source, cells, self.p[f"bg_w_{name}_mV"])

    # --- connections ----------------------------------------------------------------------

    def make_plastic(self) -> None:
        p, given = self.p, self.given
        w_max = p["ll_mon_wmax_mV"]
        gains = p["ll_mon_apre"], p["ll_mon_apost"]
        self.make_rule("ll_mon", w_max, *gains, mu=1.0)
        self.connect_pairs(self.ll, self.mon, given["ll_mon"], given["ll_mon_w_mV"], "ll_mon")
        G, w_max = p["mon_ts_gain_mV"], p["mon_ts_wmax"]
        gains = p["mon_ts_apre"] / w_max, p["mon_ts_apost"] / w_max  # additive: as shares of w_max
        self.make_rule("mon_ts", G * w_max, *gains, mu=0.0)
        self.connect_pairs(self.mon, self.ts, given["mon_ts"], G * given["mon_ts_w"], "mon_ts")

    def make_rule(self, name: str, w_max: float, a_plus: float, a_minus: float, mu: float) -> None:
        rule = {"lambda": a_plus, "alpha": -a_minus / a_plus, "mu_plus": mu, "mu_minus": mu}
        rule |= {"Wmax": w_max, "tau_plus": self.p["stdp_tau_ms"]}
        self.nest.CopyModel("stdp_synapse_hom", name, rule)

    def make_inhibition(self) -> None:
        p, given = self.p, self.given
        drive = p["mon_to_global_inh_drive_mV"], p["ts_to_global_inh_drive_mV"]
        self.connect_all(self.mon[np.flatnonzero(given["mon_drives"])], self.i_mon, drive[0])
        self.connect_all(self.ts[np.flatnonzero(given["ts_drives"])], self.i_ts, drive[1])
        self.connect_all(self.i_mon, self.mon, -p["global_inh_to_mon_mV"])
        self.connect_all(self.i_ts, self.ts, -p["global_inh_to_ts_mV"])
        some = given["lateral_w_mV"] > 0
        pairs, weights = given["lateral"][:, some], -given["lateral_w_mV"][some]
        self.connect_pairs(self.ts, self.ts, pairs, weights, "static_synapse")

    def connect_all(self, source, target, weight: float) -> None:
        self.nest.Connect(source, target, "all_to_all", {"weight": weight, "delay": DT_MS})

    def connect_pairs(self, source, target, pairs, weights, model: str) -> None:
        pre, post = np.array(source.tolist()), np.array(target.tolist())
        delays = np.full(weights.size, DT_MS)
        synapses = {"synapse_model": model, "weight": weights, "delay": delays}
        self.nest.Connect(pre[pairs[0]], post[pairs[1]], "one_to_one", synapses)

    # --- training -------------------------------------------------------------------------

    def train(self, n_trials: int) -> dict:
        """Go on for so many trials: seconds of CPU, and spikes of each population."""
        for recorder in self.recorders.values():
            recorder.n_events = 0  # forgets the spikes of before
        duration = n_trials * self.p["trial_duration_s"] * 1e3
        cpu = time.process_time()
        self.show(duration)
        self.nest.Simulate(duration)
        cpu = time.process_time() - cpu
        counts = {f"{name}_spikes": r.n_events for name, r in self.recorders.items()}
        return {"trials": n_trials, "cpu_s": cpu} | counts

    def show(self, duration: float) -> None:
        """Rates of the afferents from now on: the snapshots of the source, each for a while."""
        now, hold = self.nest.biological_time, float(self.given["hold_ms"])
        frames = np.arange(int(now // hold), int(np.ceil((now + duration) / hold)))
        rates = self.given["rates_hz"]
        times = np.maximum(frames * hold, now + DT_MS)
        for k, generator in enumerate(self.generators):
            generator.set(rate_times=times, rate_values=rates[frames % len(rates), k])


if __name__ == "__main__":
    main()
