"""The C++ text of a GeNN program that serves blocks; see `driver.engine.genn.generate`.

It speaks the protocol of `driver.engine.compile.serve`. brian2genn's own engine is not used: it
knows GeNN's order only, and copies more than it needs. Where a GPU is used, ``push...ToDevice`` and
``pull...FromDevice`` move data; on a CPU they are empty.
"""

from __future__ import annotations

import re

import brian2 as b2

from driver.engine.compile.serve import HELPERS, OPEN, WAIT, give_lines, take_lines, watch
from driver.engine.genn.step import PLAIN, SWITCHES, Deliver, Fire, Neurons, Run, Settle
from driver.engine.model import Variable
from driver.engine.timing.counters import CLOCK, END_COUNTING, GIVE_PROFILE, begin_counting

MAIN = """
#include "main.h"
#include "magicnetwork_model_CODE/definitions.h"
%(headers)s
double Network::_last_run_time = 0.0;
double Network::_last_run_completed_fraction = 0.0;
using namespace brian;
%(helpers)s
%(counting)s

%(populations)s

%(codes)s

static void to_genn() {
    %(to_genn)s
    copyStateToDevice(false);
}

static void from_genn() {
    copyStateFromDevice();
    %(settle)s
    %(from_genn)s
}

static void one_step(int64_t step) {
    %(step)s
}

int main() {
    allocateMem();
    initialize();
    _init_arrays();
    _load_arrays();
    {
        %(wire)s
    }
    %(rows)s
    initializeSparse();
    %(open)s
    %(wait)s
        %(take)s
        to_genn();
        %(begin)s
        iT = 0;
        t = 0;
        for (int64_t step = 0; step < n_steps; step++) {
            one_step(step);
            iT++;
            t = iT*DT;
        }
        %(end)s
        from_genn();
        %(give)s
        fflush(answer);
    }
    return 0;
}
"""


def server(device, request: dict, inputs: dict[str, Variable]) -> tuple[str, list[str]]:
    """Text of main.cpp, and the names of what it counts the time of, if it does."""
    recorded = request["populations"]
    stages = getattr(device.net, "genn_step", PLAIN)
    spiking = [group.name for group in device.neuron_models if device.net[group.name].events]
    told = {stage.population for stage in stages if isinstance(stage, Fire)}
    pieces = [p for stage in stages for p in stage_pieces(device, stage, spiking, told)]
    counted = [name for name, _ in pieces] if request["profiled"] else []
    listed = [h for h in sorted(device.header_files) if h != "network.h"]
    listed = ["network.h", *listed, *b2.prefs.codegen.cpp.headers]
    parts = {
        "headers": [f"#include {h}" if h[0] in '"<' else f'#include "{h}"' for h in listed],
        "populations": [population(name, name in recorded) for name in spiking],
        "codes": [code(device, run) for run in running(device)],
        "to_genn": transfers(device, to_genn=True),
        "settle": [settle(group) for group in device.synapse_models],
        "from_genn": transfers(device, to_genn=False),
        "step": [
            *(["int64_t last = ticks();"] if counted else []),
            *(line for k, (_, lines) in enumerate(pieces) for line in piece(lines, k, counted)),
            *(f"late_{name} = now_{name};" for name in late(stages)),
        ],
        "wire": device.make_main_lines(),
        "rows": [row_line(group) for group in device.synapse_models],
        "helpers": [HELPERS],
        "counting": [CLOCK] if counted else [],
        "open": OPEN,
        "wait": [WAIT],
        "take": take_lines(device.net, inputs, request["state"], recorded),
        "begin": [
            *(begin_line(device, name, start) for name, start in late(stages).items()),
            *(begin_counting(len(counted)) if counted else []),
        ],
        "end": END_COUNTING if counted else [],
        "give": [
            *give_lines(device.net, {key: inputs[key] for key in request["state"]}, recorded),
            *([GIVE_PROFILE] if counted else []),
        ],
    }
    return MAIN % {name: "\n        ".join(lines) for name, lines in parts.items()}, counted


def piece(lines: list[str], k: int, counted: list[str]) -> list[str]:
    """Lines of a piece of a step, whose time is counted in a profiled program."""
    return [*lines, f"count(counters[{k}], last);"] if counted else lines


# --- populations and their spikes --------------------------------------------------------------


def population(name: str, is_recorded: bool) -> str:
    """Spikes of this step and of the last one, and a monitor that can only count."""
    if is_recorded:
        monitor = watch(name, f"now_{name}.size()", f"now_{name}.data()")
    else:
        monitor = f"static void watch_{name}() {{}}"
    return f"""
static std::vector<unsigned int> now_{name}, late_{name};
{monitor}
static void fire_{name}(const std::vector<unsigned int>& cells) {{
    spikeCount_{name} = cells.size();
    std::copy(cells.begin(), cells.end(), spike_{name});
    push{name}CurrentSpikesToDevice();
}}"""


def late(stages) -> dict[str, str]:
    """Populations whose last spikes are delivered, and the variable that tells them at first."""
    return {s.population: s.late for s in stages if isinstance(s, Deliver) and s.late}


def begin_line(device, name: str, variable: str) -> str:
    size = device.net[name].N
    find = f"if ({variable}{name}[k] > 0) late_{name}.push_back(k);"
    return f"late_{name}.clear(); for (int k = 0; k < {size}; k++) {find}"


# --- the stages of a step ----------------------------------------------------------------------


def stage_pieces(device, stage, spiking: list[str], told: set[str]) -> list[tuple[str, list[str]]]:
    """Names and C++ of what a stage does; `told` are the populations that fire when told to."""
    match stage:
        case Run(slot):
            return [(run.name, [f"{run.name}(step);"]) for run in running(device, slot)]
        case Neurons():
            own = [name for name in spiking if name not in told]
            handed = [line for name in own for line in after_update(name)]
            return [("neurons", ["updateNeurons(t);"]), ("spikes", handed)]
        case Fire(name, variable, record):
            return [(f"{name}_fires", fire_lines(device, name, variable, record))]
        case Settle(name):
            return [(f"{name}_settles", settle_lines(device, name))]
        case Deliver(None):
            return [("synapses", ["updateSynapses(t);"])]
        case Deliver(name, acts, learns, is_late):
            lines = deliver_lines(device, name, acts, learns, bool(is_late), spiking)
            does = " ".join([*(f"{a} acts" for a in acts), *(f"{k} learns" for k in learns)])
            return [(does, lines)]
    raise TypeError(f"{stage!r} is no stage of a step")


def fire_lines(device, name: str, variable: str, record: bool) -> list[str]:
    size = device.net[name].N
    find = f"if ({variable}{name}[k] > 0) now_{name}.push_back(k);"
    lines = [f"now_{name}.clear();", f"for (int k = 0; k < {size}; k++) {find}"]
    return lines + ([f"fire_{name}(now_{name});", f"watch_{name}();"] if record else [])


def settle_lines(device, name: str) -> list[str]:
    """Host and device agree before and after."""
    group = next(g for g in device.synapse_models if g.name == name)
    pull = [f"pullinSyn{name}FromDevice();", f"pull{target(group)}FromDevice();"]
    push = [f"pushinSyn{name}ToDevice();", f"push{target(group)}ToDevice();"]
    return [*pull, settle(group), *push]


def after_update(name: str) -> list[str]:
    return [
        f"pull{name}CurrentSpikesFromDevice();",
        f"now_{name}.assign(spike_{name}, spike_{name} + spikeCount_{name});",
        f"watch_{name}();",
    ]


def deliver_lines(device, name: str, acts, learns, is_late: bool, spiking) -> list[str]:
    """All others are quiet; the synapses are told what to do."""
    lines = [f"fire_{other}({{}});" for other in spiking if other != name]
    lines.append(f"fire_{name}({'late' if is_late else 'now'}_{name});")
    for group in device.synapse_models:
        for switch, on in zip(SWITCHES, (acts, learns), strict=True):
            if group.srcname == name and switch in group.shared_variables:
                lines.append(f"{switch}{group.name} = {float(group.name in on)};")
    return [*lines, "updateSynapses(t);"]


def target(group) -> str | None:
    """GeNN's name of the variable that synapses add to; None if they add to none."""
    found = re.search(r"\$\((\w+)\) \+= \$\(inSyn\)", group.postSyntoCurrent)
    return found and f"{found[1]}{group.trgname}"


def settle(group) -> str:
    """Input that GeNN keeps apart until the next update of its target is added to it now."""
    if target(group) is None:
        return ""
    waiting = f"inSyn{group.name}[k]"
    step = f"{target(group)}[k] += {waiting}; {waiting} = 0;"
    return f"for (int k = 0; k < {group.trgN}; k++) {{ {step} }}"


# --- code that runs regularly, on the host -----------------------------------------------------


def running(device, slot: str | None = None) -> list:
    """Objects that run regularly, of one slot or of all, in their order."""
    found = [item for item in device.net_objects if "_run_regularly_" in item.name]
    found = [r for r in found if slot is None or f"_run_regularly_{slot}_" in r.name]
    return sorted(found, key=lambda item: (item.order, item.name))


def code(device, run) -> str:
    """A function that hands Brian's code what it reads and takes back what it writes."""
    used = device.run_regularly_read_write[run.codeobj.name]
    name = run.group.name
    names = set(device.groupDict[name].variables)
    read, write = sorted(used["read"] & names), sorted(used["write"] & names)
    every = round(run.clock.dt_ / b2.defaultclock.dt_)
    lines = [f"if (step % {every}) return;"] if every > 1 else []
    lines += ["_array_defaultclock_t[0] = t;"]
    for variable in read:
        lines += [f"pull{variable}{name}FromDevice();", move(device, name, variable, False)]
    lines += [f"_run_{run.codeobj.name}();"]
    for variable in sorted(used["write"] & set(device.groupDict[name].shared_variables)):
        lines += [f"{variable}{name} = _array_{name}_{variable}[0];"]
    for variable in write:
        lines += [move(device, name, variable, True), f"push{variable}{name}ToDevice();"]
    body = "\n    ".join(lines)
    return f"static void {run.name}(int64_t step) {{\n    {body}\n}}"


# --- between Brian's arrays and GeNN's -----------------------------------------------------------


def transfers(device, to_genn: bool) -> list[str]:
    """Lines that copy every variable."""
    lines = []
    for group in (*device.neuron_models, *device.synapse_models):
        for name in group.shared_variables:
            here, there = f"_array_{group.name}_{name}[0]", f"{name}{group.name}"
            lines.append(f"{there} = {here};" if to_genn else f"{here} = {there};")
        lines += [move(device, group.name, name, to_genn) for name in group.variables]
    return lines


def move(device, group: str, variable: str, to_genn: bool) -> str:
    """Line that copies one variable of a group, of one value a cell or synapse."""
    model = device.groupDict[group]
    if model in device.neuron_models:
        ends = f"_array_{group}_{variable}", f"{variable}{group}"
        here, there = ends if to_genn else ends[::-1]
        return f"std::copy_n({here}, {model.N}, {there});"
    here = f"_dynamic_array_{group}_{variable}[k]"
    there = f"{variable}{group}[sparseSynapseIndices{group}[k]]"
    step = f"{there} = {here};" if to_genn else f"{here} = {there};"
    return f"for (size_t k = 0; k < sparseSynapseIndices{group}.size(); k++) {step}"


def row_line(group) -> str:
    """Tell GeNN who is connected to whom."""
    name = group.name
    ends = ", ".join(f"_dynamic_array_{name}__synaptic_{end}" for end in ("pre", "post"))
    return (
        f"initialize_sparse_synapses({ends}, rowLength{name}, ind{name}, maxRowLength{name}, "
        f"{group.srcN}, {group.trgN}, sparseSynapseIndices{name});"
    )
