"""Parts of the report of a run: how it was made, its parameters, its log.

From the folder of the run and from nothing else; `driver.report.run_page` puts them together.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from driver import VERSION
from driver.files import open_plain
from driver.flags.from_dataclass import FieldInfo, fields
from driver.report import tables
from driver.report.page import Code, Fold, Heading, Table, Text
from driver.run.saved import Run
from driver.run.status import now

LOG_LINES, LOG_BYTES = 60, 60_000
PACKAGES = ("python", "brian2", "numpy", "matplotlib", "pydantic", "tyro")
UNITS = {  # ending of a parameter's name
    "_mV": "mV",
    "_ms": "ms",
    "_cm_s": "cm/s",
    "_per_cm": "1/cm",
    "_cm": "cm",
    "_hz": "Hz",
    "_Hz": "Hz",
    "_s": "s",
}
PARAMETER_HEAD = ("flag", "value", "preset", "meaning")
Row = tuple[Any, ...]


# --- the run -----------------------------------------------------------------------------


def folder_name(run: Run) -> str:
    """Where the run lies now: the folder may have been renamed or copied."""
    return run.folder.resolve().name


def renamed(run: Run) -> str:
    """Under which name the run was made, to be set behind other words; empty if it still is."""
    return "" if folder_name(run) == run.name else f"; made as {run.name}"


def seeds(run: Run) -> str:
    """The seeds that were asked for, in words."""
    found = run.seeds
    return f"seed {found[0]}" if len(found) == 1 else f"seeds {found[0]} to {found[-1]}"


def footer(prog: str) -> str:
    """When the page was written, and by which door."""
    name = prog.removesuffix(".py")
    return f"Written {to_second(now())} UTC by {name} {VERSION} from what is in the folder."


def to_second(time_utc: str) -> str:
    return time_utc[:19].replace("T", " ")


# --- how it was made -----------------------------------------------------------------------


def made(run: Run, rows: Sequence[Row], parameters: Sequence[Row]) -> list:
    """Commands as they were typed, then how the run was made, then which parameters differ.

    Parameters
    ----------
    run : Run
    rows : sequence of tuple
        Name and value.
    parameters : sequence of tuple
        `parameter_rows`; shown are those that differ from the preset.
    """
    changed = [row for row in parameters if row[2]]
    commands = [
        shlex.join(["python", run.format.prog, *go["arguments"]]) for go in environments(run)
    ]
    return [
        Code("\n".join(commands), wrap=True),
        Table(head=(), rows=rows, numbers=False),
        Heading(f"Parameters that differ from the preset {run.mode}"),
        Table(head=PARAMETER_HEAD, rows=changed, numbers=False, words=True)
        if changed
        else Text("None: the preset as it is."),
    ]


PRECISIONS = {
    "double": "double (8 bytes a number)",
    "single": "single (4 bytes a number): not the numbers of double precision",
}


def environments(run: Run) -> list[dict[str, Any]]:
    """Where and with what the run was made: each go in its folder, the last one last."""
    return [*run.file["earlier"], run.file["environment"]]


def origin(run: Run) -> list[Row]:
    """Seeds, backend, compiler, program, versions, machine and start, of the last go."""
    made_with = run.file["environment"]
    used = {run.seed(s).results["backend"] for s in run.finished}
    used |= {status.get("backend") for status in statuses(run)}
    backends = ", ".join(sorted(used - {None})) or "not known yet"
    return [
        ("seeds", seeds(run)),
        ("backend", f"{backends} (asked for: {made_with['backend']})"),
        ("precision", PRECISIONS[made_with.get("precision", "double")]),
        ("compiler", made_with["compiler"] or "none"),
        ("program", f"{made_with['program_version']}, commit {commit(made_with['git_commit'])}"),
        ("versions", ", ".join(f"{name} {made_with[name]}" for name in PACKAGES)),
        ("machine", made_with["platform"]),
        ("started", f"{to_second(made_with['start_time_utc'])} UTC"),
    ]


def took(seconds: Sequence[float], more: str = "") -> list[Row]:
    """How long the finished seeds took together; nothing if there is none.

    Parameters
    ----------
    seconds : sequence of float
        Of each seed.
    more : str
        Said behind it.
    """
    n = f", {len(seconds)} seeds" if len(seconds) > 1 else ""
    return [("took", f"{sum(seconds):.1f} s{n}{more}")] if seconds else []


def memory(run: Run) -> list[Row]:
    """The largest peak of a seed; nothing while no seed has begun."""
    peaks = [status["peak_memory_mb"] for status in statuses(run)]
    return [("memory", f"at most {max(peaks):.0f} MB")] if peaks else []


def goes(run: Run) -> list[Row]:
    """When a run that was gone on with in its folder was begun; nothing for any other."""
    begun = [to_second(go["start_time_utc"]) for go in environments(run)]
    if len(begun) == 1:
        return []
    when = ", ".join(begun)
    return [("goes", f"{len(begun)}, begun {when} UTC; times and versions are of the last")]


def statuses(run: Run) -> list[dict[str, Any]]:
    """The last status of every seed that ever began."""
    return [status for s in run.seeds if (status := run.seed(s).status)]


def commit(text: str | None) -> str:
    """A commit of `driver.run.folder.git_commit`, in words."""
    if text is None:
        return "unknown"
    return text.replace("+", " and changes that are not in it")


# --- parameters ----------------------------------------------------------------------------


def parameter_rows(
    used: Any, preset: Mapping[str, Any] | None = None, hidden: Sequence[str] = ()
) -> list[Row]:
    """Every field: flag, value, the preset's value if it is another, meaning.

    Parameters
    ----------
    used : dataclass
        Parameters of the run.
    preset : dict, optional
        What the preset sets; the rest are defaults.
    hidden : sequence of str
        Fields that are left out.
    """
    infos = fields(type(used)).items()
    return [parameter_row(used, info, preset or {}) for name, info in infos if name not in hidden]


def parameter_row(used: Any, info: FieldInfo, preset: Mapping[str, Any]) -> Row:
    value, base = getattr(used, info.name), preset.get(info.name, info.default)
    unit = next((unit for ending, unit in UNITS.items() if info.name.endswith(ending)), "")
    flag = Markup("<code>--{}</code>").format(info.flag)
    meaning = Markup('<span class="wide">{}</span>').format(info.help)
    other = "" if value == base else spelled(base, unit)
    return flag, spelled(value, unit), other, meaning


def spelled(value: Any, unit: str = "") -> str:
    """A parameter's value in words; the unit is that of a float."""
    if value and isinstance(value, tuple):
        return ", ".join(map(tables.value, value))
    behind = f"\N{NO-BREAK SPACE}{unit}" if unit and isinstance(value, float) else ""
    return tables.value(value) + behind


def table_of(rows: Sequence[Row], more: str = "") -> Table:
    """All `parameter_rows`, those marked that differ from the preset; `more` is said below."""
    return Table(
        head=PARAMETER_HEAD,
        rows=rows,
        marked=frozenset(k for k, row in enumerate(rows) if row[2]),
        numbers=False,
        words=True,
        search="Filter, by flag or meaning",
        caption=f"Marked: not the preset's value. {more}".rstrip(),
    )


# --- log -----------------------------------------------------------------------------------


def log(run: Run) -> list:
    """The last lines of each log: of the run, and of each of several seeds."""
    files = [run.log_file(), *(map(run.log_file, run.seeds) if len(run.seeds) > 1 else ())]
    found = [file for file in files if file is not None]
    if not found:
        return [Text("No log was found beside the run.", "note")]
    return [
        Fold(f"{file.name}, the last {LOG_LINES} lines", [Code(tail(file))], open=k == 0)
        for k, file in enumerate(found)
    ]


def tail(file: Path) -> str:
    with open_plain(file) as log_file:
        log_file.seek(max(0, file.stat().st_size - LOG_BYTES))
        text = log_file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-LOG_LINES:])
