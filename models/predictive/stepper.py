"""The spiking network step by step in NumPy: what Brian does, without starting Brian.

A run of one step takes Brian tens of milliseconds and this 0.1. Order and arithmetic are those of
`equations`, so both go on from each other's state: it has the same names and shapes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from driver.engine.exponential import exponential_numpy

State = dict[str, np.ndarray]


def by_group(values: dict) -> dict[str, dict]:
    """Values by ``"<group>.<variable>"`` as a dict of dicts."""
    found: dict[str, dict] = {}
    for key, value in values.items():
        name, variable = key.split(".")
        found.setdefault(name, {})[variable] = value
    return found


def cell(s: dict, c: dict, drive: np.ndarray, prediction: np.ndarray) -> dict[str, np.ndarray]:
    """Derivatives of dendrites, soma and threshold."""
    return {
        "v": (-s["v"] + s["v_b"] + c["g_a"] * s["v_a"]) / c["tau_m"],
        "v_b": (-s["v_b"] + drive) / c["tau_b"],
        "v_a": (-s["v_a"] + prediction + s["b"]) / c["tau_a"],
        "theta": (c["theta_0"] - s["theta"]) / c["tau_theta"],
    }


def stdp(w: np.ndarray, pre, post, x_bar, y_bar, c: dict[str, float], M: float) -> None:
    """Change weights, shape (n_out, n_in), by spikes of sources, then of targets."""
    if pre.any():
        w[:, pre] = within(w[:, pre] - M * c["A_minus"] * y_bar[:, None], c)
    if post.any():
        w[post] = within(w[post] + M * c["A_plus"] * x_bar, c)


def within(w: np.ndarray, c: dict[str, float]) -> np.ndarray:
    """Weights clipped at their bounds; `numpy.clip` takes three times as long for a few."""
    return np.minimum(np.maximum(w, c["w_min"]), c["w_max"])


class Stepper:
    """One step of 1 ms after the other.

    Parameters
    ----------
    sizes : sequence of int
    constants : dict of float
        Numbers of the model, SI, by ``"<group>.<variable>"``, see `spiking.constants`.
    state : dict of ndarray
        Changed in place.
    """

    def __init__(self, sizes, constants: dict[str, float], state: State, dt: float = 1e-3):
        self.sizes, self.dt = tuple(sizes), dt
        self.borders = np.cumsum((0, *self.sizes[1:]))
        self.constants, self.parts = by_group(constants), by_group(state)
        for k, (n_in, n_out) in enumerate(pairwise(self.sizes), 1):
            for part in (self.parts[f"basal{k}"], self.parts[f"apical{k}"]):
                part["w"] = part["w"].reshape(n_out, n_in)  # the same memory

    def step(self, x: np.ndarray, M: float) -> list[np.ndarray]:
        """Move by a step; returns which cells of each layer fired, the input first."""
        layers = range(1, len(self.sizes))
        below = [self.source(k)["p"].copy() for k in layers]
        predicted = self.predict()
        fired = [self.step_input(x)]
        fired += [self.step_layer(k, below[k - 1], predicted[k - 1], M) for k in layers]
        for k in layers:
            self.synapses(k, fired[k - 1], fired[k], M)
        self.resets(x, fired, M)
        return fired

    def source(self, k: int) -> dict[str, np.ndarray]:
        """What layer `k` reads."""
        return self.parts["inputs" if k == 1 else f"layer{k - 1}"]

    def predict(self) -> list[np.ndarray]:
        """Predicted rate of every cell, by layer; at once, as an exponential takes long."""
        v_a = [self.parts[f"layer{k}"]["v_a"] for k in range(1, len(self.sizes))]
        phi = 1 / (1 + exponential_numpy(-np.concatenate(v_a)))
        return [phi[first:stop] for first, stop in pairwise(self.borders)]

    def step_input(self, x: np.ndarray) -> np.ndarray:
        s, c, dt = self.parts["inputs"], self.constants["inputs"], self.dt
        s["u"] += dt * (c["r_max"] * np.abs(x))
        s["p"] += dt * (-s["p"] / c["tau_s"])
        s["x_bar"] += dt * (-s["x_bar"] / c["tau_p"])
        return s["u"] >= 1

    def step_layer(self, k: int, p: np.ndarray, phi: np.ndarray, M: float) -> np.ndarray:
        """Weights move by themselves, then sums of their inputs, then the cells; who fires."""
        s, c, dt = self.parts[f"layer{k}"], self.constants[f"layer{k}"], self.dt
        basal, apical = self.constants[f"basal{k}"], self.constants[f"apical{k}"]
        w, P = self.parts[f"basal{k}"]["w"], self.parts[f"apical{k}"]["w"]
        P += dt * (-apical["eta_p"] * M * c["r_max"] * phi[:, None] * p)
        grown = 1 + M * basal["kappa"] * (basal["rho"] - s["rate"][:, None]) * dt
        w[...] = within(w * grown, basal)
        rates = cell(s, c, c["gain"] * (w * p).sum(axis=1), (P * p).sum(axis=1)) | {
            "eps": (-s["eps"] - phi) / c["tau_err"],
            "p": -s["p"] / c["tau_s"],
            "x_bar": -s["x_bar"] / c["tau_p"],
            "y_bar": -s["y_bar"] / c["tau_q"],
            "rate": -s["rate"] / c["tau_r"],
            "b": -c["eta_b"] * M * c["r_max"] * phi,
        }
        for name, rate in rates.items():
            s[name] += dt * rate
        s["sum_phi"] += phi
        s["sum_eps"] += np.abs(s["eps"])
        return s["v"] >= s["theta"]

    def synapses(self, k: int, pre: np.ndarray, post: np.ndarray, M: float) -> None:
        """What spikes do to weights: those of the source first."""
        source, traces = self.source(k), (self.source(k)["x_bar"], self.parts[f"layer{k}"]["y_bar"])
        w, P = self.parts[f"basal{k}"]["w"], self.parts[f"apical{k}"]["w"]
        stdp(w, pre, post, *traces, self.constants[f"basal{k}"], M)
        P[post] += self.constants[f"apical{k}"]["eta_p"] * M * source["p"]

    def resets(self, x: np.ndarray, fired: list[np.ndarray], M: float) -> None:
        s, c, spikes = self.parts["inputs"], self.constants["inputs"], fired[0]
        s["u"][spikes] -= 1
        s["p"][spikes] += np.sign(x)[spikes] / (c["r_max"] * c["tau_s"])
        s["x_bar"][spikes] += 1
        for k, spikes in enumerate(fired[1:], 1):
            if not spikes.any():
                continue
            s, c = self.parts[f"layer{k}"], self.constants[f"layer{k}"]
            s["v"][spikes] = c["v_reset"]
            jumps = {
                "theta": c["delta_theta"],
                "b": c["eta_b"] * M,
                "eps": 1 / (c["r_max"] * c["tau_err"]),
                "p": 1 / (c["r_max"] * c["tau_s"]),
                "x_bar": 1.0,
                "y_bar": 1.0,
                "rate": 1 / c["tau_r"],
            }
            for name, jump in jumps.items():
                s[name][spikes] += jump
