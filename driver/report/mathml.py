"""Brian's equations as MathML, which browsers show without a script and without network.

Brian parses the equations and knows their units; its sympy expressions are printed as LaTeX and
turned into MathML, one formula for each side of an equation. Rendering imports Brian, one to two
seconds, so what was rendered is kept in the program cache under a hash of all that decides it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from driver.engine.compile.store import cache_folder
from driver.files import replace_file

LINE = re.compile(r"^\s*(?P<name>d?\w+(/dt)?)\s*(=.+?)?\s*:[^:]+$")  # of Brian's equations


@dataclass(frozen=True)
class Row:
    """One equation, or one name without (a parameter or a variable that a spike sets).

    Attributes
    ----------
    left, right : str
        MathML, or LaTeX; `right` is empty without an equation.
    unit : str
        SI, as Brian writes it: ``m/s``; ``1`` for a pure number.
    flags : str
    comment : str
        What stands behind the ``#``.
    name : str
        As Brian has it.
    """

    left: str
    right: str
    unit: str
    flags: str
    comment: str
    name: str


@dataclass(frozen=True)
class Part:
    """Equations, or statements that are shown as they stand.

    Attributes
    ----------
    title, code : str
    rows : list of Row
        Empty for statements, and where rendering failed.
    """

    title: str
    code: str
    rows: list[Row]


def rendered(parts: Sequence[tuple[str, str]]) -> list[Part]:
    """Parts of a model as equations where they are such; from the cache if it has them.

    Parameters
    ----------
    parts : sequence of (str, str)
        Title, and lines of Brian's equations or of statements.
    """
    name = f"equations/{key(parts)}.json"
    with contextlib.suppress(OSError, ValueError):
        seal, text = (cache_folder() / name).read_text(encoding="utf-8").split("\n")
        if seal == sha256(text):
            return [from_json(part) for part in json.loads(text)]
    try:
        made = [Part(title, code, rows_of(code)) for title, code in parts]
    except Exception as error:  # any package may change; the code can be read as it is
        logging.getLogger(__name__).warning("equations are shown as code: %s", error)
        return [Part(title, code, []) for title, code in parts]
    text = json.dumps([asdict(part) for part in made])
    with contextlib.suppress(OSError):
        kept = cache_folder() / name
        kept.parent.mkdir(exist_ok=True)
        replace_file(kept, lambda file: file.write(f"{sha256(text)}\n{text}".encode()))
    return made


def from_json(part: dict) -> Part:
    return Part(part["title"], part["code"], [Row(**row) for row in part["rows"]])


def key(parts: Sequence[tuple[str, str]]) -> str:
    """Hash of the equations and of all that renders them."""
    versions = [importlib.metadata.version(name) for name in ("brian2", "sympy", "latex2mathml")]
    ours = Path(__file__).read_text(encoding="utf-8")
    return sha256(json.dumps([list(parts), versions, ours]))[:24]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def mathml(tex: str) -> str:
    from latex2mathml.converter import convert

    return convert(tex)


def rows_of(code: str, typeset: Callable[[str], str] = mathml) -> list[Row]:
    """Rows of Brian's equations; none if one line is no equation.

    Parameters
    ----------
    code : str
    typeset : callable
        What becomes of the LaTeX of a side: MathML, or ``str`` to keep it.
    """
    lines = [line for line in code.splitlines() if line.strip()]
    found = [LINE.match(line.split("#")[0].rstrip()) for line in lines]
    if not all(found):
        return []
    from brian2 import Equations

    comments = {
        m["name"]: line.partition("#")[2].strip() for m, line in zip(found, lines, strict=True)
    }
    return [row(equation, comments, typeset) for equation in Equations(code).values()]


def row(equation, comments: dict[str, str], typeset: Callable[[str], str]) -> Row:
    from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
    from brian2.parsing.sympytools import str_to_sympy
    from brian2.units.fundamentalunits import get_unit_for_display

    name = equation.varname
    left, line = symbol(name), name
    if equation.type == DIFFERENTIAL_EQUATION:
        space = r"\," if left.startswith(r"\text") else ""
        left, line = rf"\frac{{\text{{d}}{space}{left}}}{{\text{{d}}t}}", f"d{name}/dt"
    right = ""
    if equation.type != PARAMETER:
        right = typeset("= " + latex(str_to_sympy(equation.expr.code)))
    number = "integer" if equation.var_type == "integer" else get_unit_for_display(equation.dim)
    flags = ", ".join(sorted(equation.flags, reverse=True))
    return Row(typeset(left), right, str(number), flags, comments[line], name)


def latex(expression) -> str:
    """LaTeX of an expression that Brian parsed.

    As sympy prints it, but with names in one piece (`velocity` would read as a product of eight
    letters), dots between factors that are words, and sums that begin with a positive term.
    """
    from sympy.printing.latex import LatexPrinter

    class Printer(LatexPrinter):
        def _print_Symbol(self, expr):
            return symbol(expr.name)

        def _print_Function(self, expr, exp=None):
            arguments = ", ".join(self._print(a) for a in expr.args)
            name = expr.func.__name__
            if name == "sqrt":
                tex = rf"\sqrt{{{arguments}}}"
            else:
                tex = rf"\text{{{name.rstrip('_')}}}\left({arguments}\right)"
            return tex if exp is None else rf"{{{tex}}}^{{{exp}}}"

        def _as_ordered_terms(self, expr, order=None):
            terms = super()._as_ordered_terms(expr, order)
            return sorted(terms, key=lambda term: term.could_extract_minus_sign())

    words = any(symbol(s.name).startswith(r"\text") for s in expression.free_symbols)
    return Printer({"mul_symbol": r" \cdot " if words else r" \, "}).doprint(expression)


def symbol(name: str) -> str:
    """LaTeX of a name: ``tau_m`` is a letter with a subscript, ``refractory_steps`` a word."""
    base, _, below = name.partition("_")
    base = "epsilon" if base == "eps" else base
    if base in GREEK or len(base) == 1:
        letter = rf"\{base}" if base in GREEK else base
        if not below:
            return letter
        if below == "bar":
            return rf"\bar{{{letter}}}"
        if len(below) > 1:
            below = rf"\{below}" if below in GREEK else rf"\text{{{below}}}"
        return f"{letter}_{{{below}}}"
    return rf"\text{{{name}}}"


GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
