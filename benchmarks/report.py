"""Pages of the benchmarks: what was measured, in the template of the same name in `pages`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def page(benchmark: ModuleType, results: dict, machine: dict) -> str:
    """The page of a benchmark, in Markdown.

    Its template knows what was measured by its names in `results`, the sentence `machine`, and
    `code`, which is the benchmark itself.
    """
    templates = Environment(
        loader=FileSystemLoader(HERE / "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"number": number, "ranged": ranged, "percent": percent}
    name = benchmark.__name__.rpartition(".")[2]
    template = templates.get_template(f"{name}.md.j2")
    return template.render(results, machine=described(machine), code=benchmark)


def described(machine: dict) -> str:
    """Processor, compiler and Python of `benchmarks.timing.describe`, a sentence."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
        f"Python {machine['python']}, `{machine['flags']}`."
    )


def number(value: float, form: str = ".3g") -> str:
    return format(value, form)


def ranged(spread: dict) -> str:
    """Median, lowest and highest of a `benchmarks.timing.spread`."""
    return f"{spread['median']:.3g} ({spread['low']:.3g} to {spread['high']:.3g})"


def percent(found: dict) -> str:
    """Mean, s.d. and lowest of shares with their `values`, in percent."""
    sd = "" if found["sd"] is None else f" ± {100 * found['sd']:.1f}"
    return f"{100 * found['mean']:.1f}{sd} ({100 * min(found['values']):.1f})"
