"""Brian objects as every room makes them: no delays, an order inside the step, one network.

Only Brian and NumPy are imported, so that an older Brian finds its way here as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import brian2 as b2
import numpy as np

NO_DELAY = 0 * b2.second


def links(
    source,
    target,
    model: str,
    on_pre: str | dict[str, str],
    name: str,
    *,
    on_post: str | dict[str, str] | None = None,
    on_event: dict[str, str] | str = "spike",
    namespace: dict | None = None,
    method: str = "exact",
) -> b2.Synapses:
    """Synapses without delay.

    Parameters
    ----------
    on_pre, on_post : str or dict of str
        Code at a spike; several pathways by name.
    on_event : dict of str
        Event that a pathway answers to, where it is not the spike.
    method : str
        Of integration, for what moves in the synapses by itself.
    """
    pathways: list[str] = []
    for end, code in (("pre", on_pre), ("post", on_post)):
        pathways += code if isinstance(code, dict) else [end] if code else []
    return b2.Synapses(
        source,
        target,
        model,
        on_pre=on_pre,
        on_post=on_post,
        on_event=on_event,
        delay=dict.fromkeys(pathways, NO_DELAY),
        namespace=namespace,
        method=method,
        name=name,
    )


def scheduled(made, slots: Mapping[str, str | tuple[str, int]]):
    """`made` with its pathways, or thresholds, in these slots of a step.

    Parameters
    ----------
    slots : dict of str or (str, int)
        By pathway or event: when, and the order among what happens then.
    """
    for name, slot in slots.items():
        when, *order = (slot,) if isinstance(slot, str) else slot
        item = getattr(made, name) if isinstance(made, b2.Synapses) else made.thresholder[name]
        item.when = when
        if order:
            (item.order,) = order
    return made


def in_order(group, when: str, *codes: str, first: int = 0, name: str = "{group}_{when}_{k}"):
    """Run pieces of code of one group one after the other in a slot of every step."""
    run_in_order(*((group, code) for code in codes), when=when, first=first, name=name)


def run_in_order(
    *steps, name: str, when: str = "start", first: int = 0, clock=None, dt=None
) -> None:
    """Run `(group, code)` pairs one after the other, at each tick of `clock` or every `dt`.

    Parameters
    ----------
    name : str
        Of each piece, with ``{group}``, ``{when}``, ``{order}``, and ``{k}``, which counts from 0.
    first : int
        Order of the first piece among all that happens in this slot.
    """
    for k, (group, code) in enumerate(steps):
        group.run_regularly(
            code,
            dt=dt,
            clock=clock,
            when=when,
            order=first + k,
            name=name.format(group=group.name, when=when, k=k, order=first + k),
        )


def network(
    made: Iterable, wiring: Mapping[str, np.ndarray], populations: Iterable[str]
) -> b2.Network:
    """The network of these objects: links connected, spikes of `populations` recorded.

    Parameters
    ----------
    wiring : dict of ndarray of int
        ``"<synapses>.i"`` and ``"<synapses>.j"``.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    made = list(made)
    connect(made, wiring)
    recorded = [group for group in made if group.name in populations]
    return b2.Network(made, record(recorded), name="network")


def connect(made: Iterable, wiring: Mapping[str, np.ndarray]) -> None:
    """Make the synapses that a wiring lists."""
    for item in made:
        if isinstance(item, b2.Synapses):
            item.connect(i=wiring[f"{item.name}.i"], j=wiring[f"{item.name}.j"])


def record(groups: Iterable) -> list[b2.SpikeMonitor]:
    """A monitor ``<group>_spikes`` of each group."""
    return [b2.SpikeMonitor(group, name=f"{group.name}_spikes") for group in groups]
