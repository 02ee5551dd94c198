"""What the pages have from the code of the moving dot, see `tools.pages`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driver.flags import from_dataclass as cli
from driver.report import tables
from driver.report.tables import (
    array_table,
    file_table,
    flag_table,
    markdown,
    preset_table,
    shared_flags,
    value,
)
from models.cube import equations
from models.cube.lattice import model_text as lattice
from models.cube.local import model_text as local
from models.cube.metrics import verdict
from models.cube.options import RunOptions
from models.cube.params import MODELS, CubeParams, GroupsParams, LocalParams
from models.cube.presets import ABOUT, PRESETS, Preset
from models.cube.show.model_text import DOTS, OUTPUT, Parts
from models.cube.show.model_text import cells as cells_text
from stimuli.dots import DotParams

FILES = {
    "params.json": "every parameter, model, fidelity, flags as typed, versions; comes first",
    "run_summary.json": "verdicts with their conditions, every number, trained, untrained and "
    "their difference; written last: its presence means that the run is complete",
    "artifacts/seed_<s>_results.json": "every number of one seed, and its warnings",
    "artifacts/seed_<s>_trained.npz": "recording of the network: spikes, series, weights, path, "
    "removal, tests: what numbers and figures are made from",
    "artifacts/seed_<s>_untrained.npz": "the same of its untrained twin",
    "artifacts/<tag>_seed_<s>.npz": "links and weights, before and after learning",
    "artifacts/<tag>_seed_<s>_params.json": "sidecar: all parameters of these weights",
    "artifacts/seed_<s>_status.json": "phase, step, time left, memory: for `status`",
    "artifacts/mid_checkpoint_seed_<s>.npz": "full state and its checksum, for `--resume-from`; "
    "only until the seed is finished",
    "artifacts/mid_checkpoint_seed_<s>.npz.bak": "the checkpoint before, should that be damaged",
    "figures/*.png": "the figures, 180 dpi; with `--animation` a film of each network beside them",
    "report.html": "one page about the run, for a browser; needs no network",
}

PROJECTIONS = {
    "forward": "cell to the cell (or group) behind it",
    "lateral": "cell to its neighbours in the layer",
    "backward": "cell to the cell before it; with `--w-back`",
    "residual": "cells of layer `--z-res` to their neighbours; with `--w-res`",
    "field, surround": "plane before the last to the back plane; with `--w-field`, in the place of "
    "all other links into it",
    "intra": "cells of a group to each other; with `--learn all`, else all have `--w-intra`",
    "input": "pixel to hidden cell; patches only, the links of motion cells do not learn",
    "readout": "cell (of the output plane, or hidden) to output pixel",
    "readout_x, readout_y": "motion cell to the branch for the column, or for the row",
}

TESTS = {
    "same": "the first launch of the run, from its beginning",
    "mirrored": "the same, reflected left to right",
    "shifted": "the same, 7 columns on: another loop",
    "reversed": "the same, run backwards",
    "new": "16 random launches as training draws them, on any loop; with `relaunch`",
    "held_out": "16 on loops that training never launches on; with `--held-out-every`",
    "seen": "16 on the other loops",
}

# fmt: off
PATH_ARRAYS = {
    "x, y": ("int (n_path, K)", "pixel",
             "each dot at each step of the run and 1000 more, also unseen"),
    "next_x, next_y": ("int (n_path, K)", "pixel", "where it would be `horizon` moves (a cube: 1) "
                       "later: what the output should show"),
    "shown": ("bool (n_path,)", "", "the input is on"),
    "move": ("int (n_path,)", "", "moves made so far, launches included"),
    "launched": ("bool (n_path,)", "", "first frame of a launch"),
}
WEIGHTS = ("float (n_links,)", "1",
           "weights before and after, links in the order of the weight artifact")
TESTED = {
    "test_<test>_iou": ("float (n_moves,)", "1", "frozen test: IoU of each move"),
    "test_<test>_chance": ("float (n_moves,)", "1", "expected IoU of as many random pixels"),
}
HEAD = "schema_version, seed, n, ratio, n_steps"
KEPT = ("int ()", "step", "spikes of cells are kept from the first to before the second: the "
        "window that is judged and the step ahead of it")

CUBE_ARRAYS = {
    f"{HEAD}, L": ("int ()", "", "of the run; `n_steps` are its steps"),
    "kept_from, kept_to": KEPT,
    "cells_i, cells_step": ("int (n_spikes,)", "cell, step", "spikes of the cells in that window"),
    "output_i, output_step": ("int (n_spikes,)", "pixel, step", "output pixels that were on, over "
                              "the whole run; none without a readout"),
    "bin_n_cells, bin_bin_steps, bin_n_done": (
        "int ()", "", "of the series: cells, steps of a bin, steps counted"),
    "bin_steps": ("int (n_bins,)", "step", "steps in each bin"),
    "bin_tube_size": ("int (n_bins,)", "cell", "cells in the tube, summed over its steps"),
    "bin_inside, bin_outside": ("int (n_bins,)", "spike", "in and outside the tube"),
    "bin_layers": ("int (n_bins, L)", "spike", "of each layer"),
    "initial.<projection>.w, <projection>.w": WEIGHTS,
    **PATH_ARRAYS,
    "removal_count": ("int (n_removal,)", "spike", "per step after the run, without input"),
    "continued_count": ("int (n_removal,)", "spike", "the same steps with the input left on"),
    **TESTED,
}
LOCAL_ARRAYS = {
    HEAD: ("int ()", "", "of the run; `n_steps` are its steps"),
    "kept_from, kept_to": KEPT,
    "hidden_i, hidden_step": ("int (n_spikes,)", "cell, step", "spikes of the hidden cells in that "
                              "window; motion cells: n*n each for left, right, up, down (at speed "
                              "1)"),
    "output_i, output_step": ("int (n_spikes,)", "pixel, step",
                              "output pixels that were on, over the whole run"),
    "n_hidden": ("int (n_steps,)", "spike", "hidden spikes per step"),
    "n_near": ("int (n_steps,)", "spike", "of these, at most max(1, r) pixels from a shown dot"),
    "initial.<projection>.w, <projection>.w": WEIGHTS,
    **PATH_ARRAYS,
    **TESTED,
    "recall_<test>_held": ("int (n_launches,)", "step", "recall: steps held; with `--recall`"),
    "recall_<test>_iou": ("float (n_launches, n_loop)", "1", "IoU with the unseen dot, per step"),
    "recall_<test>_chance": ("float (n_launches, n_loop)", "1", "expected IoU of random pixels"),
}
WEIGHT_ARRAYS = {
    "<projection>_i, <projection>_j": ("int (n_links,)", "cell or pixel", "source, target"),
    "<projection>_w_init": ("float (n_links,)", "1", "weights before learning"),
    "<projection>_w": ("float (n_links,)", "1", "after it"),
    "schema_version, seed": ("int ()", "", ""),
}
# fmt: on
"""In these names `<projection>` is one of `PROJECTIONS`, `<test>` one of `TESTS`."""

# --- parameters ----------------------------------------------------------------------------------

CUBES = {name: p for name, p in PRESETS.items() if p.model is not LocalParams}
LOCALS = {name: p for name, p in PRESETS.items() if p.model is LocalParams}


def fidelity_table() -> str:
    """Every preset: what moves over its image, what the other fidelity changes."""

    def row(name: str, p: Preset) -> tuple[str, ...]:
        dots = typed(DotParams, {}, p.dots_fixed)
        changes = "–" if p.reference is None else f"`{reference_flags(p)}`"
        return f"`{name}`", MODELS[p.model], f"`{dots}`" if dots else "", changes

    head = ("preset", "model", "its dots", "`--fidelity reference` is")
    return markdown(head, (row(*item) for item in PRESETS.items()))


def reference_flags(p: Preset) -> str:
    """Flags that make the reference of a preset out of the preset."""
    network = typed(p.model, p.fixed, p.reference)
    return " ".join(filter(None, (network, typed(DotParams, p.dots_fixed, p.dots_reference))))


def typed(cls: type, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Flags that lead from some values to others; what neither names has its default."""
    infos = cli.fields(cls)
    return " ".join(
        flag(info, after.get(name, info.default))
        for name, info in infos.items()
        if before.get(name, info.default) != after.get(name, info.default)
    )


def flag(info: cli.FieldInfo, x: Any) -> str:
    """A flag with its value, as one would type it."""
    if isinstance(x, bool):
        return f"--{info.flag}" if x else f"--no-{info.flag}"
    words = [str(part) for part in x] if isinstance(x, tuple) else [f"{x}"]
    return " ".join([f"--{info.flag}", *words])


def cells(p: Preset) -> dict[str, str]:
    """Values of a preset that are not the default, by field: ``fixed / reference`` if they differ.

    A field that only one of both changes is there with both values.
    """
    found = {}
    for name, info in cli.fields(p.model).items():
        pair = [v.get(name, info.default) for v in (p.fixed, p.reference) if v is not None]
        if any(x != info.default for x in pair):
            found[name] = " / ".join(dict.fromkeys(value(x) for x in pair))
    return found


def side_by_side(presets: Mapping[str, Preset], cls: type) -> str:
    """Fields in which presets differ from the default, one column each."""
    columns = {name: cells(p) for name, p in presets.items()}
    rows = [
        (f"`--{info.flag}`", value(info.default), *(c.get(name, "") for c in columns.values()))
        for name, info in cli.fields(cls).items()
        if any(name in c for c in columns.values())
    ]
    return markdown(("flag", "default", *(f"`{name}`" for name in columns)), rows)


def groups_flags() -> str:
    """What groups have besides the flags of the cube."""
    return flag_table(GroupsParams, hidden=tuple(cli.fields(CubeParams)))


# --- equations -----------------------------------------------------------------------------------

NOISY = CubeParams(sigma_noise=1.0)
EQUATIONS: dict[str, Parts] = {
    "Dots and retina": (
        ("Time", "STEP"),
        ("Whether the input is on", "SHOWN"),
        *DOTS,
        ("Retina: a pixel fires if", "LIT"),
        ("Launches", "LAUNCHES"),
        ("Launches: every move is counted", "COUNT_MOVE"),
        ("Launches: what is drawn", "DRAW"),
        ("Launches: where the dot is put", "LAUNCHED"),
    ),
    "Cells with adaptation: cube and groups": (
        *cells_text("adaptation", NOISY),
        ("Cells: one step after a spike, an event", "FIRED"),
    ),
    "Cells with homeostasis: local layer, 02_01": cells_text("homeostasis", NOISY),
    "Links between cells": (
        ("The retina drives the front plane", "INPUT"),
        ("The retina drives: at a spike", "INPUT_ON_PRE"),
        ("Links that do not learn", "FIXED"),
        ("A spike is delivered", "DELIVER"),
        *lattice.RULES["hebb"],
        *lattice.RESIDUAL,
        ("Residual links: a spike is delivered", "TWICE_DELIVER"),
    ),
    "Groups": (
        ("Links inside a group that do not learn", "SHARED"),
        *lattice.KEPT,
        ("Groups: the sum, every move", "SUM_ADD"),
    ),
    "One reward for all links": (
        ("Output plane and its target", "AIM"),
        ("Target: dots that will be there", "TARGET"),
        ("Output plane: a spike", "FIRED_AT"),
        ("Reward: a spike of any cell", "COUNT_ALL"),
        ("Reward: every step, of each pixel", "COMPARE"),
        *lattice.RULES["reward"],
        ("Cells hear of it", "HEARS_REWARD"),
        ("Cells hear: every step", "TELL"),
    ),
    "A reward for each column": (
        ("Distance from the nearest dot of that time", "DISTANCE"),
        *lattice.RULES["reward-column"],
        ("Traces: at a spike", "PAIRS_RESET"),
        ("Traces: at a spike, after links have read it", "PAIRS_LATER"),
    ),
    "Local layer: input of patches": (
        *local.PATCH,
        ("Input links: a lit pixel is seen", "INPUT_DELIVER"),
    ),
    "Readout of patches, and of the output plane": OUTPUT,
    "Local layer: motion": (*local.STRIP, *local.BRANCHES),
    "Local layer: running freely": (*local.RECALL, ("The output is seen", "IMAGINE")),
}
LEFT_OUT = {
    *("ADAPTATION_INJECT", "HOMEOSTASIS_INJECT"),  # the same without noise
    *("RETINA_CLEAR", "OUTPUT_CLEAR", "BRANCHES_CLEAR", "AIM_CLEAR", "METER_CLEAR", "SUM_CLEAR"),
    *("COLUMN_CLEAR", "FORGET", "FIRED_RESET", "DOTS_ARE_SOMEWHERE", "WAS_LIT"),
}
"""Blocks that only clear a variable at the start of a step, or say that an event is always due."""


def equation_text() -> str:
    """The equations as they stand in the code, each block where it is first needed."""
    told, text = set(), []
    for title, group in EQUATIONS.items():
        new = [(head, name) for head, name in group if name not in told]
        told |= {name for _, name in new}
        blocks = ((head, getattr(equations, name)) for head, name in new)
        text += [f"### {title}", tables.equation_text(blocks)]
    return "\n\n".join(text)


def step_order() -> str:
    """What happens inside a step, from the head of `equations`."""
    _, text = equations.__doc__.split("Order inside a step\n-------------------\n")
    return "```\n" + text.split("\n\n")[0] + "\n```"


# --- verdicts ------------------------------------------------------------------------------------

SYMBOLIC = {
    "t_ext": f"L + M + {verdict.EXTRA_STEPS} steps",
    "reach": "L - 1",
    "n_steps_held": "P/4",
}


def verdict_table() -> str:
    """Verdicts and their conditions, in the order in which they are tried."""
    judged = {
        "cube, groups": verdict.judge_cube({}, 2, 1),
        "local": verdict.judge_prediction(None),
        "local, `--recall`": verdict.judge_recall(None, 1),
    }
    rows = []
    for model, found in judged.items():
        for name in dict.fromkeys(c.verdict for c in found.conditions):
            conditions = ", ".join(condition(c) for c in found.of(name))
            rows.append((model, f"`{name}`", conditions))
        rows.append((model, f"`{found.verdict}`", "otherwise"))
    return markdown(("model", "verdict", "if all of these hold"), rows)


def condition(c: verdict.Condition) -> str:
    return f"`{c.metric}` {c.comparison} {SYMBOLIC.get(c.metric, f'{c.limit:g}')}"


# --- the page ------------------------------------------------------------------------------------


def table(head: str, content: Mapping[str, str]) -> str:
    rows = ((", ".join(f"`{n}`" for n in key.split(", ")), text) for key, text in content.items())
    return markdown((head, "content"), rows)


PAGES = {
    "docs/dots.md": {
        "cube presets": lambda: preset_table(ABOUT),
        "cube fidelities": fidelity_table,
        "order of a step": step_order,
        "verdicts": verdict_table,
        "tests": lambda: table("test", TESTS),
        "cube values": lambda: side_by_side(CUBES, GroupsParams),
        "cube equations": equation_text,
    },
    "docs/flags.md": {
        "cube run flags": lambda: flag_table(RunOptions, hidden=shared_flags(RunOptions)),
        "local flags": lambda: flag_table(LocalParams, {n: cells(p) for n, p in LOCALS.items()}),
        "cube flags": lambda: flag_table(CubeParams),
        "groups flags": groups_flags,
        "dot flags": lambda: flag_table(DotParams),
    },
    "docs/files.md": {
        "cube files": lambda: file_table(FILES),
        "projections": lambda: table("projection", PROJECTIONS),
        "cube weight arrays": lambda: array_table(WEIGHT_ARRAYS),
        "cube arrays": lambda: array_table(CUBE_ARRAYS),
        "local arrays": lambda: array_table(LOCAL_ARRAYS),
    },
}
