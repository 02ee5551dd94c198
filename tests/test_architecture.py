"""The picture in docs/architecture.md is true of every import, lazy and type-checking ones too."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from driver.engine.compile.program import DECIDES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def block(name: str) -> list[list[str]]:
    """Words of each line of a fenced block of the page."""
    text = re.search(rf"^```{name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    return [line.split() for line in text.splitlines()]


LAYERS = {name: place for place, (_, *names) in enumerate(block("arrows")) for name in names}
WINGS = {line[0]: place for place, line in enumerate(block("wings"))}
WITHOUT_BRIAN = [line[0] for line in block("without brian")]


def files() -> dict[str, Path]:
    """Python files of the repository, tests aside, by the name that they are imported by."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] in LAYERS:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


FILES = files()


def imports(module: str, text: str, known=FILES) -> set[str]:
    """Files of ours that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in full]
        else:
            continue
        found |= {name for name in names if name in known}
    return found - {module}


IMPORTS = {module: imports(module, path.read_text("utf-8")) for module, path in FILES.items()}
PAIRS = [(module, other) for module, others in IMPORTS.items() for other in sorted(others)]


def wing(module: str) -> str | None:
    """Wing of a file of the driver; none of its root, which holds the version."""
    parts = module.split(".")
    return parts[1] if parts[0] == "driver" and len(parts) > 1 else None


def test_there_are_imports_to_be_looked_at():
    assert len(FILES) > 150 and len(PAIRS) > 500


def test_an_import_is_found_wherever_it_stands():
    text = "if TYPE_CHECKING:\n    from driver import files\ndef f():\n    import driver.room\n"
    assert imports("x", text) == {"driver.files", "driver.room"}


def test_no_two_files_import_each_other_by_any_way_round():
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


STIMULI_MAY = {"driver.engine.randomness", "driver.flags.from_dataclass", "driver.flags"}


def test_nothing_imports_upwards():
    up = [
        f"{module} imports {other}"
        for module, other in PAIRS
        if LAYERS[module.split(".")[0]] > LAYERS[other.split(".")[0]]
        and not (module.startswith("stimuli") and other in STIMULI_MAY)
    ]
    assert up == []


def test_the_wings_of_the_driver_are_those_of_the_page_and_import_downwards():
    assert {wing(module) for module in FILES} - {None} == set(WINGS)
    up = [
        f"{module} imports {other}"
        for module, other in PAIRS
        if wing(module) and wing(other) and WINGS[wing(module)] > WINGS[wing(other)]
    ]
    assert up == []


def test_a_room_imports_no_other_room():
    rooms = [
        f"{module} imports {other}"
        for module, other in PAIRS
        if module.startswith("models.")
        and other.startswith("models.")
        and module.split(".")[1] != other.split(".")[1]
    ]
    assert rooms == []


def test_nothing_imports_a_room_but_by_its_name():
    rooms = {module for module in FILES if re.fullmatch(r"models\.\w+\.room", module)}
    assert len(rooms) >= 2
    known = [
        f"{module} imports {other}"
        for module, other in PAIRS
        if other in rooms and module.split(".")[0] in ("driver", "models")
    ]
    assert known == []


def test_what_is_said_to_know_nothing_of_brian_imports_none_of_it():
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    assert 'brian2' not in sys.modules, name\n"
    )
    command = [sys.executable, "-c", code, *WITHOUT_BRIAN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_network_imports_only_what_its_compiled_program_is_known_by():
    """`kinds` only says where a network stands."""
    networks = [m for m in FILES if re.fullmatch(r"models\.\w+(\.\w+)?\.network(_genn)?", m)]
    assert len(networks) >= 6
    others = {
        f"{module} imports {other}"
        for module in networks
        for other in IMPORTS[module]
        if not other.startswith("driver.engine")
        and other.rpartition(".")[2] not in (*DECIDES, "kinds")
    }
    assert others == set()
