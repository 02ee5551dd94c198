"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report`'s business, what the numbers say that of `models.cube.show.verdict`.
"""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path
from typing import Any

from markupsafe import Markup

from driver import VERSION, cli, mathml, report
from driver.report import Code, Fold, Heading, Page, Plot, Section, Table, Text
from driver.run_folder import replace_file
from models.cube.params import PRESETS, LocalParams
from models.cube.show import model_text, pages, scene, verdict
from models.cube.show.report_figures import Shown as Figures
from models.cube.show.view import Shown

REPORT = "report.html"
LOG_LINES, LOG_BYTES = 60, 60_000
SCENE_HEIGHT = 560
WITHOUT_PLOTLY = (
    "The network in space, turned and scrubbed through time, needs plotly: "
    "pip install -r requirements-extra.txt, then write the report again."
)


def write_report(run) -> Path:
    """Write ``report.html`` of a run, finished or not; returns its path.

    Parameters
    ----------
    run : Run
        See `models.cube.saved`.
    """
    text = report.render(page(run))
    return replace_file(Path(run.folder) / REPORT, lambda file: file.write(text.encode()))


def page(run) -> Page:
    plotly = scene.plotly_script() if run.finished else None
    shown = Shown.of(run.seed(run.finished[0])) if run.finished else None
    now = datetime.datetime.now(datetime.UTC).isoformat(sep=" ", timespec="seconds")[:19]
    parts = model_text.parts(run.seed(run.seeds[0]).params)
    figures = Figures(run)
    return Page(
        title=Path(run.folder).resolve().name,
        subtitle=subtitle(run),
        sections=[
            Section("verdict", "What did the network do?", verdict_blocks(run, figures)),
            Section("made", "How it was made", made(run)),
            Section("figures", "Figures", figures.blocks()),
            Section("view", "In space and time", scene_blocks(shown, plotly)),
            Section("equations", "Equations", [report.Equations(mathml.rendered(parts))]),
            Section("parameters", "Parameters", [parameter_table(run)]),
            Section("log", "Log", log(run)),
        ],
        footer=f"Written {now} UTC by ll_stdp_brian2 {VERSION} from the folder of the run.",
        data={"space": report.safe_json(scene.content(shown))} if plotly else {},
        scripts=scene.scripts(plotly) if plotly else (),
    )


def subtitle(run) -> str:
    first = run.seed(run.seeds[0])
    name = Path(run.folder).resolve().name
    renamed = "" if name == run.name else f"; made as {run.name}"
    what = f"{pages.network(first.params)}; {pages.stimulus(first.dots)}"
    return f"{run.mode}, {fidelity(run)}, {seeds(run)}; {what}{renamed}"


def fidelity(run) -> str:
    """Which equations and values: the corrected ones, or those of the earlier program."""
    return {"reference": "as in the earlier program"}.get(run.file.get("fidelity"), "corrected")


def seeds(run) -> str:
    found = run.seeds
    return f"seed {found[0]}" if len(found) == 1 else f"seeds {found[0]} to {found[-1]}"


# --- what did the network do? --------------------------------------------------------------------


def verdict_blocks(run, figures: Figures) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks = unfinished(run)
    if not every:
        return [*blocks, *adjustments(run)]
    if len(run.seeds) > 1:
        blocks += [
            Text(verdict.headline_of_seeds(every), "verdict"),
            verdict.table_of_seeds(run.finished, every),
            *figures.summary(),
            Heading(f"The first seed, {run.finished[0]}"),
        ]
    first, p = every[0], run.seed(run.finished[0]).params
    blocks += [Text(verdict.headline(first), "verdict"), *verdict.details(first)]
    if isinstance(p, LocalParams) and not p.recall:
        blocks.append(Text(f"The verdict looks at {verdict.judged_by(first)}."))
    blocks += [verdict.conditions(first), Heading("All numbers"), verdict.metrics(p, first)]
    known = {warning for results in every for warning in results.get("warnings", ())}
    told = [text for text in adjustments(run) if text.text not in known]
    return [*blocks, *verdict.tests(first), *told]


def unfinished(run) -> list[Text]:
    """Which seeds have no results, and whether any are still to come."""
    left = [str(s) for s in run.seeds if s not in run.finished]
    if run.summary is not None:
        words = f"Without a result, see the log: seed {', '.join(left)}."
        return [Text(words, "warning")] if left else []
    how = "Still running" if getattr(run, "in_use", False) else "Not complete"
    done = f"{len(run.finished)} of {len(run.seeds)} seeds finished"
    return [Text(f"{how}: {done}.", "warning" if run.finished else "verdict")]


def adjustments(run) -> list[Text]:
    """Values that were moved, and warnings at the start."""
    found = [cli.Adjustment(**a) for a in run.file.get("cli_adjustments", [])]
    return [Text(str(a) if a.flag else a.reason, "warning") for a in found]


# --- the scene -----------------------------------------------------------------------------------


def scene_blocks(shown: Shown | None, plotly: str | None) -> list:
    if shown is None:
        return [Text("Comes with the first finished seed.", "note")]
    if plotly is None:
        return [Text(WITHOUT_PLOTLY, "note")]
    return [
        Text(f"Seed {shown.number}, trained and untrained."),
        Plot("scene", SCENE_HEIGHT, scene.words(shown)),
    ]


# --- how it was made, parameters, log ----------------------------------------------------------


def made(run) -> list:
    """Command, versions and machine; parameters that differ from the preset."""
    made_with = run.file["environment"]
    goes = [*run.file.get("earlier", []), made_with]
    commands = [shlex.join(["python", "cube_brian2.py", *go["arguments"]]) for go in goes]
    results = [run.seed(s).results for s in run.finished]
    used = sorted({r["backend"] for r in results if "backend" in r}) or ["not known yet"]
    versions = ("python", "brian2", "numpy", "matplotlib", "pydantic", "tyro")
    rows = [
        ("preset", f"{run.mode}: {PRESETS[run.mode].note}" if run.mode in PRESETS else run.mode),
        ("rules", fidelity(run)),
        ("seeds", seeds(run)),
        ("backend", f"{', '.join(used)} (asked for: {made_with['backend']})"),
        ("compiler", made_with["compiler"] or "none"),
        ("program", f"{made_with['program_version']}, commit {commit(made_with['git_commit'])}"),
        ("versions", ", ".join(f"{name} {made_with[name]}" for name in versions)),
        ("machine", made_with["platform"]),
        ("started", f"{made_with['start_time_utc'][:19].replace('T', ' ')} UTC"),
    ]
    changed = [row for row in parameter_rows(run) if row[2]]
    return [
        Code("\n".join(commands), wrap=True),
        Table(head=(), rows=rows, numbers=False),
        Heading(f"Parameters that differ from the preset {run.mode}"),
        Table(head=PARAMETER_HEAD, rows=changed, numbers=False)
        if changed
        else Text("None: the preset as it is."),
    ]


def commit(name: str | None) -> str:
    if name is None:
        return "unknown"
    return name.replace("+", " and changes that are not in it")


PARAMETER_HEAD = ("parameter", "value", "preset", "flag", "meaning")


def parameter_rows(run) -> list[tuple]:
    """Every field; the preset's value where another was used."""
    seed = run.seed(run.seeds[0])
    preset = PRESETS.get(run.mode)
    name = run.file.get("fidelity", "fixed")
    values = (preset.values(name), preset.dots(name)) if preset else ({}, {})
    return [
        row_of(used, info, base or {})
        for used, base in zip((seed.params, seed.dots), values, strict=True)
        for info in cli.fields(type(used)).values()
    ]


def row_of(used: Any, info: cli.FieldInfo, preset: dict[str, Any]) -> tuple:
    """A field: name, value, the preset's value if it is another, flag, meaning."""
    value, base = getattr(used, info.name), preset.get(info.name, info.default)
    flag = Markup("<code>--{}</code>").format(info.flag)
    meaning = Markup('<span class="wide">{}</span>').format(info.help)
    other = "" if value == base else words(base)
    return info.name, words(value), other, flag, meaning


def words(value: Any) -> str:
    """A value as the flags have it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(words, value)) or "–"
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def parameter_table(run) -> Table:
    rows = parameter_rows(run)
    return Table(
        head=PARAMETER_HEAD,
        rows=rows,
        marked=frozenset(k for k, row in enumerate(rows) if row[2]),
        numbers=False,
        search="Filter, by name, flag or meaning",
        caption="Marked: not the preset's value. Times are in steps of 1 ms; potentials, "
        "thresholds and weights are pure numbers.",
    )


def log(run) -> list:
    """The last lines of each log."""
    find = getattr(run, "log_file", lambda seed=None: None)
    files = [find(), *(map(find, run.seeds) if len(run.seeds) > 1 else ())]
    found = [file for file in files if file is not None]
    if not found:
        return [Text("No log was found beside the run.", "note")]
    return [
        Fold(f"{file.name}, the last {LOG_LINES} lines", [Code(tail(file))], open=k == 0)
        for k, file in enumerate(found)
    ]


def tail(file: Path) -> str:
    with open(file, "rb") as log_file:
        log_file.seek(max(0, file.stat().st_size - LOG_BYTES))
        lines = log_file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])
