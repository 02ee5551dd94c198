"""What brian2genn can express, as rules for a network that the default Brian has built.

Some of them it checks itself, with an error; some it does not, and then the program is wrong or
does not compile. Nothing here needs GeNN or brian2genn.
"""

from __future__ import annotations

import re

import brian2 as b2
from brian2.equations.equations import SUBEXPRESSION
from brian2.groups.group import CodeRunner
from brian2.synapses.synapses import SynapticPathway
from brian2.utils.stringtools import get_identifiers

KNOWN = (b2.NeuronGroup, b2.Synapses, b2.SpikeMonitor)


def problems(network: b2.Network) -> list[str]:
    """What of a network brian2genn would refuse, or get wrong."""
    found = []
    for item in sorted(network.objects, key=lambda item: item.name):
        if not isinstance(item, KNOWN):
            found.append(f"{item.name}: a {type(item).__name__}")
        if isinstance(item, b2.NeuronGroup):
            found += [f"{item.name}: {text}" for text in of_neurons(item)]
        if isinstance(item, b2.Synapses):
            found += [f"{item.name}: {text}" for text in of_synapses(item)]
        if item.clock.name != "defaultclock":
            found.append(f"{item.name}: a clock of its own")
    return found


def of_neurons(group: b2.NeuronGroup):
    if set(group.events) - {"spike"}:
        yield "events of its own"
    tables = {k for k, v in group.namespace.items() if isinstance(v, b2.TimedArray)}
    for what, code in neuron_code(group).items():
        for name in sorted(tables & get_identifiers(code)):
            yield f"the table {name} in its {what}"
    if any(type(v).__name__ == "LinkedVariable" for v in group.variables.values()):
        yield "a linked variable"
    for runner in runners(group):
        yield from of_runner(runner)


def neuron_code(group: b2.NeuronGroup) -> dict[str, str]:
    """Code of a group that becomes part of GeNN's kernel."""
    code = {"equations": str(group.user_equations)}
    code["threshold"] = group.events.get("spike", "")
    code["reset"] = group.event_codes.get("spike", "")
    return code


def of_synapses(synapses: b2.Synapses):
    before = [p for p in pathways(synapses) if p.prepost == "pre"]
    after = [p for p in pathways(synapses) if p.prepost == "post"]
    if len(before) > 1 or len(after) > 1:
        yield f"{len(before)} pre and {len(after)} post pathways, one of each is known"
    for pathway in (*before, *after):
        yield from of_pathway(synapses, pathway)
    if synapses.summed_updaters:
        yield "a summed variable"
    for runner in runners(synapses):
        yield from of_runner(runner)
        yield from of_synaptic_runner(synapses, runner)


def of_pathway(synapses: b2.Synapses, pathway: SynapticPathway):
    name, code = pathway.prepost, pathway.code
    used = get_identifiers(code)
    own = "pre" if name == "pre" else "post"  # the end that fires
    read = sorted(word for word in used if word.endswith(f"_{own}"))
    if read:
        yield f"on_{name} touches {', '.join(read)} of the cell that fires"
    written = [line for line in statements(code) if re.match(r"\w+_(pre|post)\s*\W?=", line)]
    if name == "post" and written:
        yield f"on_post writes {written}"
    if len(written) > 1 or not all(re.match(r"\w+_post\s*\+=", line) for line in written):
        yield f"on_{name} writes {written}, one += to one variable is known"
    for word in sorted(used & subexpressions(synapses)):
        yield f"on_{name} uses the subexpression {word}"
    if pathway.event != "spike":
        yield f"on_{name} answers to {pathway.event}"
    if pathway.when != "synapses" or pathway.order != (-1 if name == "pre" else 1):
        yield f"on_{name} has an order of its own, {pathway.when} {pathway.order}"
    delay = pathway.variables["delay"]
    if delay.scalar and delay.get_value().item() != 0:
        yield f"on_{name} has a delay"


def of_runner(runner: CodeRunner):
    if runner.when != "start":
        yield f"{runner.name} runs in {runner.when}, not at the start"
    if "run_regularly" not in runner.name:
        yield f"{runner.name} is not known by its name"


def of_synaptic_runner(synapses: b2.Synapses, runner: CodeRunner):
    """It may touch what each synapse has of its own, `i`, `j`, `t` and constants."""
    for word in sorted(get_identifiers(runner.abstract_code)):
        variable = synapses.variables.get(word)
        if word.endswith(("_pre", "_post")):
            yield f"{runner.name} touches {word}"
        elif variable is not None and variable.scalar and not variable.constant:
            yield f"{runner.name} touches {word}, which all synapses share"
        elif word in subexpressions(synapses):
            yield f"{runner.name} uses the subexpression {word}"


def statements(code: str) -> list[str]:
    return [line.split("#")[0].strip() for line in re.split(r"[\n;]", code) if line.strip()]


def subexpressions(synapses: b2.Synapses) -> set[str]:
    return {e.varname for e in synapses.equations.values() if e.type == SUBEXPRESSION}


def pathways(synapses: b2.Synapses) -> list[SynapticPathway]:
    return [item for item in synapses.contained_objects if isinstance(item, SynapticPathway)]


def runners(group: b2.NeuronGroup | b2.Synapses) -> list[CodeRunner]:
    """What `run_regularly` added to a group."""
    return [item for item in group.contained_objects if type(item) is CodeRunner]
