"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report`'s business, what the numbers say that of `models.lateral_line.show.verdict`.
"""

from __future__ import annotations

import datetime
import re
import shlex
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from driver import VERSION, cli, describe, mathml, report, style
from driver.cli import Adjustment
from driver.report import Code, Columns, Fold, Heading, Page, Plot, Section, Table, Text
from driver.run_folder import replace_file
from driver.saved import NotARun
from models.lateral_line.describe import equation_text
from models.lateral_line.options import WITHOUT_FLAG
from models.lateral_line.params import PRESETS, NetworkParams
from models.lateral_line.room import ROOM
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import overviews, report_figures, verdict, zoomable
from models.lateral_line.show.report_progress import learning_so_far, unfinished
from stimulus import StimulusParams

REPORT = "report.html"
LOG_LINES, LOG_BYTES = 60, 60_000
UNITS = {  # ending of a parameter's name
    **{"_mV": "mV", "_ms": "ms", "_cm_s": "cm/s", "_per_cm": "1/cm", "_cm": "cm"},
    **{"_hz": "Hz", "_s": "s"},
}


def write_report(run: Run) -> Path:
    """Write ``report.html`` of a run, finished or not; returns its path.

    Raises
    ------
    NotARun
        If a file that the page needs cannot be read.
    """
    text = report.render(page(run))
    return replace_file(run.folder / REPORT, lambda file: file.write(text.encode()))


def page(run: Run) -> Page:
    shown = report_figures.Shown(run)
    plotly = zoomable.plotly_script() if run.finished else None
    now = datetime.datetime.now(datetime.UTC).isoformat(sep=" ", timespec="seconds")[:19]
    return Page(
        title=folder_name(run),
        subtitle=subtitle(run),
        sections=[
            Section("learned", "Did the network learn?", learned(run, shown)),
            Section("made", "How it was made", made(run)),
            Section("figures", "Figures", shown.blocks()),
            Section("zoom", "Zoom in", zoom(run, plotly)),
            Section("equations", "Equations", [report.Equations(mathml.rendered(equations()))]),
            Section("parameters", "Parameters", [parameter_table(run)]),
            Section("log", "Log", log(run)),
        ],
        footer=f"Written {now} UTC by ll_stdp_brian2 {VERSION} from the folder of the run.",
        data={"zoomable": report.safe_json(zoomable.content(first(run)))} if plotly else {},
        scripts=zoomable.scripts(plotly) if plotly else (),
    )


def first(run: Run) -> Seed:
    """The first finished seed, whose pictures are shown first."""
    return run.seed(run.finished[0])


def subtitle(run: Run) -> str:
    p = run.params
    motion = "held snapshots" if p.test_using_held_snapshots else f"{p.speed_cm_s:g} cm/s"
    renamed = "" if folder_name(run) == run.name else f"; made as {run.name}"
    return (
        f"{run.mode}, {seeds(run)}; {p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; "
        f"{p.n_training_trials} trials of {p.trial_duration_s:g} s; "
        f"test at {p.distance_cm:g} cm, {motion}{renamed}"
    )


def folder_name(run: Run) -> str:
    """Where the run lies now: the folder may have been renamed or copied."""
    return run.folder.resolve().name


def seeds(run: Run) -> str:
    found = run.seeds
    return f"seed {found[0]}" if len(found) == 1 else f"seeds {found[0]} to {found[-1]}"


# --- did the network learn? ------------------------------------------------------------


def learned(run: Run, shown: report_figures.Shown) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks = unfinished(run)
    if every and len(run.seeds) > 1:
        blocks += several(run, every, shown)
    elif every:
        blocks += one(run, every[0])
    return [*blocks, *learning_so_far(run), *warnings(run, every)]


def one(run: Run, results: dict[str, Any]) -> list:
    """Verdict and numbers of one seed, its decoded positions beside them."""
    said = [Text(text) for text in (*source([results]), *verdict.details(results))]
    return [
        Text(verdict.headline(results), "verdict"),
        Columns([verdict.table(results), *said], [positions(first(run))]),
    ]


def several(run: Run, every: list[dict[str, Any]], shown: report_figures.Shown) -> list:
    """Verdict over seeds, all of them in a table, then the first one by itself."""
    said = [*source(every), *verdict.details_of_seeds(every)]
    return [
        Text(verdict.headline_of_seeds(every), "verdict"),
        *map(Text, said),
        verdict.table_of_seeds(every),
        *shown.summary(),
        Heading(f"The first seed, {first(run).number}"),
        Columns([verdict.table(every[0])], [positions(first(run))]),
    ]


def source(every: list[dict[str, Any]]) -> list[str]:
    """Whose weights were tested, if they were not trained here."""
    origins = [origin for r in every if (origin := r.get("source"))]
    if not origins:
        return []
    trials = sorted({origin["n_training_trials"] for origin in origins})
    runs = sorted({origin["run"] for origin in origins})
    return [
        f"Nothing was trained here. Tested are the weights of run {', '.join(runs)}, seed "
        f"{', '.join(str(origin['seed']) for origin in origins)}, after "
        f"{', '.join(map(str, trials))} trials (SHA-256 "
        f"{', '.join(origin['weights_sha256'][:8] for origin in origins)}), beside those that it "
        "began with."
    ]


def positions(saved: Seed):
    """Source and decoded positions in the test, trained and untrained."""
    try:
        with style.applied():
            figure = Figure(figsize=(8, 4.8), layout="constrained")
            figure.suptitle(overviews.test_numbers(saved), fontsize=9.5, x=0.01, ha="left")
            ax = figure.add_subplot()
            overviews.position_panel(ax, saved)
            title = ax.get_title("left")
            ax.set_title("")
            ax.set(xlim=(0, saved.test_s), xlabel="time from the start of the test (s)")
            picture = report.drawn(figure)
    except NotARun as error:
        return Text(f"No picture: {error}", "warning")
    alt = f"{title}; over the test, trained and untrained, seed {saved.number}"
    return report.Picture(*picture, alt=alt, caption=f"{title}, seed {saved.number}.")


def warnings(run: Run, every: list[dict[str, Any]]) -> list[Text]:
    """What a reader must know before believing a number."""
    found: dict[str, list[str]] = {}
    for results in every:
        for text in results["warnings"]:
            found.setdefault(text, []).append(str(results["seed"]))
    moved = [str(Adjustment(**a)) for a in run.file.get("cli_adjustments", [])]
    texts = [
        text if len(who) == len(run.seeds) else f"seed {', '.join(who)}: {text}"
        for text, who in found.items()
    ]
    return [Text(text, "warning") for text in (*texts, *moved)]


# --- how it was made, parameters, equations, log ---------------------------------------


def made(run: Run) -> list:
    made_with = run.file["environment"]
    every = [run.seed(s).results for s in run.finished]
    states = [run.seed(s).status or {} for s in run.seeds]
    used = {r["backend"] for r in every} | {state.get("backend") for state in states}
    used = sorted(used - {None}) or ["not known yet"]
    versions = ("python", "brian2", "numpy", "matplotlib", "pydantic", "tyro")
    rows = [
        ("preset", run.mode),
        ("seeds", seeds(run)),
        ("backend", f"{', '.join(used)} (asked for: {made_with['backend']})"),
        ("compiler", made_with["compiler"] or "none"),
        ("program", f"{made_with['program_version']}, commit {commit(made_with['git_commit'])}"),
        ("versions", ", ".join(f"{name} {made_with[name]}" for name in versions)),
        ("machine", made_with["platform"]),
        ("started", f"{made_with['start_time_utc'][:19].replace('T', ' ')} UTC"),
        *seconds(every),
        *memory(states),
        *((spelled(name), value) for name, value in run.file.get("effective", {}).items()),
    ]
    changed = [row for row in parameter_rows(run) if row[2]]
    goes = [*run.file["earlier"], made_with]
    commands = [shlex.join(["python", ROOM.prog, *go["arguments"]]) for go in goes]
    if len(goes) > 1:
        when = ", ".join(go["start_time_utc"][:19].replace("T", " ") for go in goes)
        rows.append(("goes", f"{len(goes)}, begun {when} UTC; times and versions are of the last"))
    return [
        Code("\n".join(commands), wrap=True),
        Table(head=(), rows=rows, numbers=False),
        Heading(f"Parameters that differ from the preset {run.mode}"),
        Table(head=PARAMETER_HEAD, rows=changed, numbers=False)
        if changed
        else Text("None: the preset as it is."),
    ]


def commit(text: str | None) -> str:
    if text is None:
        return "unknown"
    return text.replace("+", " and changes that are not in it")


def spelled(name: str) -> str:
    """A key of ``effective`` in words."""
    text = name.replace("ll_mon", "LL→MON").replace("mon_ts", "MON→TS").replace("ts_", "TS_")
    return text.replace("_", " ")


def seconds(every: list[dict[str, Any]]) -> list[tuple]:
    taken = [r["training"] for r in every if r["training"]["seconds_in_all"] is not None]
    if not taken:
        return []
    training, in_all = (sum(t[k] or 0 for t in taken) for k in ("seconds", "seconds_in_all"))
    n = f", {len(taken)} seeds" if len(taken) > 1 else ""
    return [("took", f"{in_all:.1f} s{n}; {training:.1f} s of it training")]


def memory(states: list[dict[str, Any]]) -> list[tuple]:
    known = [state["peak_memory_mb"] for state in states if state]
    return [("memory", f"at most {max(known):.0f} MB")] if known else []


PARAMETER_HEAD = ("parameter", "value", "preset", "flag", "meaning")


def parameter_rows(run: Run) -> list[tuple]:
    """Every field; the preset's value where another was used."""
    preset, found = PRESETS.get(run.mode, {}), []
    for used, cls in ((run.params, NetworkParams), (run.stimulus, StimulusParams)):
        for name, info in cli.fields(cls).items():
            if cls is StimulusParams and name in WITHOUT_FLAG:
                continue
            base = (preset if cls is NetworkParams else {}).get(name, info.default)
            value = getattr(used, name)
            unit = next(
                (f"\N{NO-BREAK SPACE}{u}" for ending, u in UNITS.items() if name.endswith(ending)),
                "",
            )
            texts = [
                describe.value(v) + (unit if isinstance(v, float) else "") for v in (value, base)
            ]
            flag = Markup("<code>--{}</code>").format(info.flag)
            meaning = Markup('<span class="wide">{}</span>').format(info.help)
            found.append((name, texts[0], "" if value == base else texts[1], flag, meaning))
    return found


def parameter_table(run: Run) -> Table:
    rows = parameter_rows(run)
    return Table(
        head=PARAMETER_HEAD,
        rows=rows,
        marked=frozenset(k for k, row in enumerate(rows) if row[2]),
        numbers=False,
        search="Filter, by name, flag or meaning",
        caption="Marked: not the preset's value.",
    )


def equations() -> list[tuple[str, str]]:
    """Title and code of each part of the model, as in the README."""
    text = equation_text().strip("`\n")
    parts = re.split(r"(?m)^# ", text)[1:]
    split = (part.strip().split("\n", 1) for part in parts)
    return [(title.replace("->", "→"), code) for title, code in split]


def zoom(run: Run, plotly: str | None) -> list:
    if not run.finished:
        return [Text("Comes with the first finished seed.", "note")]
    if plotly is None:
        return [
            Text(
                "Rasters and tuning curves that can be zoomed need plotly: "
                "pip install -r requirements-extra.txt, then write the report again. The figures "
                "above show the same.",
                "note",
            )
        ]
    seed = first(run)
    return [
        Text(f"The test of seed {seed.number}. Drag to zoom, double-click to go back."),
        Plot("rasters", 1150, zoomable.limits(seed)),
        Plot("tuning", 380, "Rate of a cell by source position, one pass of the test."),
    ]


def log(run: Run) -> list:
    """The last lines of each log."""
    files = {"the run": run.log_file()}
    if len(run.seeds) > 1:
        files |= {f"seed {s}": run.log_file(s) for s in run.seeds}
    found = [(who, file) for who, file in files.items() if file is not None]
    if not found:
        return [Text("No log was found beside the run.", "note")]
    return [
        Fold(f"{file.name}, the last {LOG_LINES} lines", [Code(tail(file))], open=k == 0)
        for k, (_, file) in enumerate(found)
    ]


def tail(file: Path) -> str:
    with open(file, "rb") as log_file:
        log_file.seek(max(0, file.stat().st_size - LOG_BYTES))
        text = log_file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-LOG_LINES:])
