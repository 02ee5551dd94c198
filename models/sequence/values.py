"""From parameters to the numbers of the network, SI: structure, state, values of a block."""

from __future__ import annotations

import numpy as np

from driver.engine.model import Model, contacts
from driver.engine.randomness import generator
from models.sequence.params import Params
from models.sequence.wiring import Wiring
from stimuli.patterns import STEP_S

BLOCK_STEPS = 2000
NEVER = -1e9  # step of the last spike of a cell that has not fired
PLASTIC = ("input_cell", "cell_cell")
SHARED = 1e-9  # s: a time constant so short that every spike finds the synapse as it was


def model(wiring: Wiring, *, forced: bool = False, block_steps: int) -> Model:
    """What the driver is handed; `forced` takes the spikes of cells from a table."""
    p = wiring.params
    stp = "synapse" if p.stp == "synapse" else "cell"
    places = np.arange(wiring.n_slots)
    ends = wiring.ends() | {"cell_circuit": (places, places // p.k_max)}
    return Model(
        builder="models.sequence.network:build",
        structure={
            "dt_s": STEP_S,
            "n_inputs": p.n_inputs,
            "n_circuits": p.n_circuits,
            "k_max": p.k_max,
            "block_steps": block_steps,
            "stp": stp,
            "forced": forced,
        },
        wiring=contacts(ends),
        state=tuple(initial_state(wiring)),
        scratch=("cells.eu", "cells.r_dt", "cells.fires", "circuits.Z")
        + (("cell_cell.efficacy",) if stp == "synapse" else ("cells.efficacy",)),
        populations=("inputs", "cells"),
    )


def first_weights(p: Params, projection: str, n: int) -> np.ndarray:
    """Weights before training, of `n` synapses."""
    if p.w_init == "zero":
        return np.zeros(n)
    x = 1 - generator(p.seed, f"initial weights of {projection}").random(n)  # in (0, 1]
    return np.log(x) if p.w_init == "log_uniform" else -np.log(x)


def initial_state(wiring: Wiring) -> dict[str, np.ndarray]:
    """At rest, untrained."""
    p, ends = wiring.params, wiring.ends()
    found = {f"inputs.{name}": np.zeros(p.n_inputs + 1) for name in "ab"}
    found |= {f"cells.{name}": np.zeros(wiring.n_slots) for name in "ABab"}
    for name, (i, _) in ends.items():
        n_real, w = wiring.synapses[name][0].size, np.zeros(i.size)
        w[:n_real] = first_weights(p, name, n_real)
        found |= {f"{name}.w": w, f"{name}.S": np.zeros(i.size), f"{name}.Q": np.ones(i.size)}
    whose = "cell_cell" if p.stp == "synapse" else "cells"
    n = ends["cell_cell"][0].size if p.stp == "synapse" else wiring.n_slots
    found |= {
        f"{whose}.x": np.ones(n),
        f"{whose}.uf": np.zeros(n),
        f"{whose}.last": np.full(n, NEVER),
    }
    if p.stp == "synapse":
        found |= {"cell_cell.a_own": np.zeros(n), "cell_cell.b_own": np.zeros(n)}
    return found


def at_rest(wiring: Wiring, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights of a state, everything else as at the start: how a test begins."""
    kept = {f"{name}.{variable}" for name in PLASTIC for variable in "wSQ"}
    return {key: state[key] if key in kept else v for key, v in initial_state(wiring).items()}


def depression(p: Params, n: int, purpose: str) -> dict[str, np.ndarray]:
    """U, D and F (s) of `n` cells or synapses; without short-term plasticity a spike is one."""
    if p.stp == "none":
        return {"U": np.ones(n), "D": np.full(n, SHARED), "F": np.full(n, SHARED)}
    draws = generator(p.seed, f"short-term plasticity of {purpose}")
    means = {"U": p.stp_u, "D": p.stp_d_ms * 1e-3, "F": p.stp_f_ms * 1e-3}
    found = {k: draws.normal(mean, p.stp_relative_sd * mean, n) for k, mean in means.items()}
    found["U"] = found["U"].clip(0, 1)
    return found | {k: np.maximum(found[k], STEP_S) for k in "DF"}


def depression_of_cells(wiring: Wiring) -> dict[str, np.ndarray]:
    """U, D and F of each cell, in the order of cells."""
    return depression(wiring.params, wiring.n_cells, "cells")


def constants(wiring: Wiring) -> dict[str, np.ndarray | float]:
    """Values that are the same in every block."""
    p, n = wiring.params, wiring.n_slots
    rise, decay = p.taus_s
    present = np.zeros(n)
    present[wiring.slot_of] = 1
    found = {
        f"{g}.tau_{k}": tau
        for g in ("inputs", "cells")
        for k, tau in (("rise", rise), ("decay", decay))
    }
    found |= {
        "cells.seed": p.seed,
        "cells.r_max": p.r_max_hz,
        "cells.linear": float(p.escape == "linear"),
        "cells.present": present,
    }
    for name in PLASTIC:
        found[f"{name}.eta0"] = p.eta0
        found[f"{name}.tracked"] = float(p.learning_rate == "variance")
        found[f"{name}.annealed"] = float(p.learning_rate == "one_over_steps")
    if p.stp == "synapse":
        n_synapses = wiring.ends()["cell_cell"][0].size
        drawn = depression(p, n_synapses, "synapses")
        return found | {f"cell_cell.{k}": values for k, values in drawn.items()}
    for k, values in depression_of_cells(wiring).items():
        placed = np.ones(n)
        placed[wiring.slot_of] = values
        found[f"cells.{k}"] = placed
    return found


def spike_table(bits: np.ndarray, n_columns: int, block_steps: int) -> np.ndarray:
    """Spikes of a block as its table: rows and columns that are not given are silent."""
    found = np.zeros((block_steps, n_columns))
    found[: len(bits), : bits.shape[1]] = bits
    return found
