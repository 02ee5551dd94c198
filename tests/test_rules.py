"""Rules between parameters, and what of a command line is built with them."""

import pytest
from pydantic.dataclasses import dataclass

from driver.flags.from_dataclass import STRICT, UsageError, fields
from driver.flags.rules import broken, note_unused, refuse_unused, require


@dataclass(config=STRICT)
class Cell:
    """A cell."""

    tau_ms: float = 1.0
    """Its time constant."""
    rate_hz: float = 2.0
    """Its rate."""


@dataclass(config=STRICT)
class Pair(Cell):
    """Two cells."""

    rate_hz: float = 3.0
    weight: float = 1.0
    """Of the link \
between them."""


def test_the_help_of_a_field_is_the_string_below_it_also_of_an_inherited_one():
    assert {name: info.help for name, info in fields(Pair).items()} == {
        "tau_ms": "Its time constant.",
        "rate_hz": "Its rate.",
        "weight": "Of the link between them.",
    }
    assert fields(Pair)["rate_hz"].default == 3.0


def test_all_relations_that_do_not_hold_are_said_at_once():
    relations = [(True, "fine"), (False, "--a is wrong"), (False, "--b too")]
    assert broken(relations[:1]) == ""
    require(relations[:1])
    with pytest.raises(UsageError, match="^--a is wrong; --b too$"):
        require(relations)


def test_only_typed_flags_are_refused_or_noted():
    unused = [("without --plastic", ("weight", "tau_ms"))]
    refuse_unused(frozenset({"rate_hz"}), unused, Pair)
    with pytest.raises(UsageError, match="^--tau-ms, --weight: no effect without --plastic$"):
        refuse_unused(frozenset({"weight", "tau_ms"}), unused, Pair)
    (note,) = note_unused(frozenset({"weight"}), unused, Pair(weight=4.0))
    assert str(note) == "--weight 4.0: without --plastic"
