"""Join the many small files of a generated C++ project into a few units for the compiler.

Brian writes a file for each piece of code, a hundred of them, and each brings the same headers and
the same helpers: reading those took nine tenths of the time to compile. The helpers of a file stand
in a namespace without a name; here each gets a name of its own, so that files can stand together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

HELPERS = re.compile(r"^namespace \{$", re.MULTILINE)
USING = "using namespace brian;"
# Arrays are given through a pipe and set by blocks: nothing calls these, a third of all text.
UNUSED = re.compile(
    r"^(void (?:_write_arrays|set_variable_by_name)\([^)]*\))\s*\{\n.*?^\}",
    re.MULTILINE | re.DOTALL,
)


def units(source: Path, is_cold: Callable[[str], bool], n_hot: int) -> dict[str, bool]:
    """Write the units of a project into its folder.

    Parameters
    ----------
    source : Path
        The project.
    is_cold : callable
        Whether a file, by its path in the project, runs once per block and not once per step.
    n_hot : int
        Units for the files that run once per step; there is one for all others but the arrays.

    Returns
    -------
    dict of bool
        Names of the units, and whether they are cold.
    """
    shorten(source / "objects.cpp")
    names = [str(f.relative_to(source)) for f in sorted(source.glob("code_objects/*.cpp"))]
    hot = [name for name in names if not is_cold(name)]
    cold = [name for name in names if is_cold(name)]
    cold += [file.name for file in sorted(source.glob("*.cpp")) if file.name != "objects.cpp"]
    parts = {f"hot_{k}": hot[k::n_hot] for k in range(min(n_hot, len(hot)))} | {"cold": cold}
    for unit, names in parts.items():
        texts = (
            joinable((source / name).read_text(), f"{unit}_{k}") for k, name in enumerate(names)
        )
        (source / f"{unit}.cpp").write_text("\n".join(texts))
    return {"objects.cpp": True} | {f"{unit}.cpp": unit == "cold" for unit in parts}


def shorten(objects: Path) -> None:
    """Empty the functions of the arrays that nothing calls."""
    objects.write_text(UNUSED.sub(r"\1 {}", objects.read_text()))


def joinable(text: str, name: str) -> str:
    """The text of a file with its helpers, if it has any, in a namespace ``helpers_<name>``."""
    text, n = HELPERS.subn(f"namespace helpers_{name} {{", text)
    return text if n == 0 else text.replace(USING, f"{USING} using namespace helpers_{name};")
