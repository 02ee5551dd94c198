"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report`'s business, what the numbers say that of `models.lateral_line.verdict`.
"""

from __future__ import annotations

import datetime
import io
import re
import shlex
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from driver import VERSION, cli, mathml, report, style
from driver.cli import Adjustment
from driver.report import Code, Columns, Fold, Heading, Page, Plot, Section, Table, Text
from driver.run_folder import replace_file
from models.lateral_line import describe, metrics, overviews, panels, summary, verdict, watch
from models.lateral_line import report_figures as pictures
from models.lateral_line import zoomable
from models.lateral_line.options import WITHOUT_FLAG
from models.lateral_line.params import PRESETS, NetworkParams
from models.lateral_line.saved import NotARun, Run, Seed, field
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
    shown = pictures.Shown(run)
    plotly = zoomable.plotly_script() if run.finished else None
    now = datetime.datetime.now(datetime.UTC).isoformat(sep=" ", timespec="seconds")[:19]
    return Page(
        title=run.name,
        subtitle=subtitle(run),
        sections=[
            Section("learned", "Did the network learn?", learned(run, shown)),
            Section("made", "How it was made", made(run)),
            Section("figures", "Figures", shown.blocks()),
            Section("zoom", "To zoom into", zoom(run, plotly)),
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
    return (
        f"{run.mode}, {seeds(run)}; {p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; "
        f"{p.n_training_trials} trials of {p.trial_duration_s:g} s; "
        f"test at {p.distance_cm:g} cm, {motion}"
    )


def seeds(run: Run) -> str:
    found = run.seeds
    return f"seed {found[0]}" if len(found) == 1 else f"seeds {found[0]} to {found[-1]}"


# --- did the network learn? ------------------------------------------------------------


def learned(run: Run, shown: pictures.Shown) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks = unfinished(run)
    if every and len(run.seeds) > 1:
        blocks += several(run, every, shown)
    elif every:
        blocks += one(run, every[0])
    return [*blocks, *warnings(run, every)]


def one(run: Run, results: dict[str, Any]) -> list:
    """Verdict and numbers of one seed, its decoded positions beside them."""
    table = Table(
        head=("", "trained", "untrained", "difference"),
        rows=verdict.rows(results, run.params),
        caption=verdict.chance(results),
    )
    said = [Text(text) for text in (*source(results), *verdict.details(results))]
    return [
        Text(verdict.headline(results), "verdict"),
        Columns([table, *said], [positions(first(run))]),
    ]


def several(run: Run, every: list[dict[str, Any]], shown: pictures.Shown) -> list:
    """Verdict over seeds, all of them in a table, and the decoded positions of the first."""
    rows = [summary.seed_summary(r) for r in every]
    parts = {
        "trained": summary.aggregate([row["pv_map_quality"] for row in rows]),
        "untrained": summary.aggregate([row["untrained"]["pv_map_quality"] for row in rows]),
        "difference": summary.aggregate([row["difference"] for row in rows]),
    }
    said = [*source(every[0]), *verdict.details_of_seeds(every, parts)]
    return [
        Text(verdict.headline_of_seeds(every), "verdict"),
        *map(Text, said),
        verdict.table_of_seeds(every, parts, run.params),
        *shown.summary(),
        Heading(f"Decoded positions of the first seed, {first(run).number}"),
        positions(first(run)),
    ]


def source(results: dict[str, Any]) -> list[str]:
    """Whose weights were tested, if they were not trained here."""
    origin = results.get("source")
    if not origin:
        return []
    return [
        f"Nothing was trained here. These are the weights that seed {origin['seed']} of run "
        f"{origin['run']} had after {origin['n_training_trials']} trials "
        f"(SHA-256 {origin['weights_sha256'][:12]}…), and the ones it began with."
    ]


def positions(saved: Seed):
    """Source and decoded positions in the test, trained and untrained."""
    try:
        with style.applied():
            figure = Figure(figsize=(8, 4.6), layout="constrained")
            figure.suptitle(overviews.test_numbers(saved), fontsize=9.5, x=0.01, ha="left")
            ax = figure.add_subplot()
            overviews.position_panel(ax, saved)
            ax.set(xlim=(0, saved.test_s), xlabel="time from the start of the test (s)")
            png = drawn(figure)
    except NotARun as error:
        return Text(f"No picture: {error}", "warning")
    words = "Source position and positions decoded from TS over the test, trained and untrained"
    return report.Picture(
        *report.embedded(png),
        alt=words,
        caption=f"{words}, seed {saved.number}. Dots on the line are right.",
    )


def drawn(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=175)
    return out.getvalue()


def unfinished(run: Run) -> list:
    """How far a run has come that is not complete, and which seeds failed."""
    left = [run.seed(s) for s in run.seeds if s not in run.finished]
    if run.summary is not None:
        lost = ", ".join(str(seed.number) for seed in left)
        return [Text(f"Without a result, see the log: seed {lost}.", "warning")] if left else []
    states = [watch.state(seed) for seed in left]
    n_done = f"{len(run.finished)} of {len(run.seeds)} seeds finished"
    how = "Still running" if run.in_use else "Not complete, and nobody is working on it"
    blocks: list = [Text(f"{how}: {n_done}.", "verdict" if not run.finished else "warning")]
    rows = [state_row(seed, state) for seed, state in zip(left, states, strict=True)]
    head = ("seed", "state", "trials", "left", "σθ in training", "valid", "mean weight", "as of")
    if rows:
        blocks.append(Table(head=head, rows=rows, numbers=False))
    if not run.in_use:
        blocks += [Text("To go on:"), Code(watch.way_on(run))]
    return [*blocks, *learning_so_far(left)]


def state_row(seed: Seed, state: str) -> tuple:
    status = seed.status
    if status is None:
        return (seed.number, state, *6 * ("–",))
    found, left = status["metrics"], status["seconds_left"]
    number = {
        key: summary.number(found[key], digits) if key in found else "–"
        for key, digits in (("sigma_theta_rad", 2), ("valid_fraction", 2), ("w_mean", 4))
    }
    return (
        *(seed.number, state, f"{status['trial']} of {status['n_trials']}"),
        "–" if left is None else watch.clock(left),
        *number.values(),
        status["updated_utc"][:19].replace("T", " ") + " UTC",
    )


def learning_so_far(left: list[Seed]) -> list:
    """Weights and map over training up to the last checkpoint, of the first seed that has one."""
    for seed in left:
        try:
            series = seed.series
        except NotARun:
            continue
        with style.applied():
            png = drawn(learning_curve(series, seed.params))
        words = f"Learning so far, seed {seed.number}: weights and map up to the last checkpoint"
        return [report.Picture(*report.embedded(png), alt=words, caption=f"{words}.")]
    return [Text("There is no checkpoint yet.", "note")]


def learning_curve(series: dict, params: NetworkParams) -> Figure:
    figure = Figure(figsize=(8, 6), layout="constrained")
    weights, angles = figure.subplots(2, 1, sharex=True)
    names = ("checkpoint_t_s", "w_mean_series", "w_std_series", "tracked_weight_series")
    panels.draw_weight_means(weights, *(series[n] for n in names), params.mon_ts_wmax, None)
    names = ("pv_ckpt_t_s", "pv_sigma_theta_series", "pv_delta_trial_series")
    names += ("pv_valid_fraction_series",)
    n_bins = min(metrics.MAX_ANGLE_BINS, params.n_ts)
    chance = metrics.chance_band(n_bins)
    panels.draw_training_map(angles, *(series[n] for n in names), chance, n_bins)
    weights.set_xlabel("")
    angles.set_xlabel("training time (s)")
    return figure


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
    made_with = field(run.file, "environment", run.folder)
    every = [run.seed(s).results for s in run.finished]
    used = sorted({r["backend"] for r in every}) or ["not known yet"]
    versions = ("python", "brian2", "numpy", "matplotlib", "pydantic", "tyro")
    rows = [
        ("preset", run.mode),
        ("seeds", seeds(run)),
        ("backend", f"{', '.join(used)} (asked for: {made_with['backend']})"),
        ("compiler", made_with["compiler"] or "none"),
        ("program", f"{made_with['program_version']}, commit {made_with['git_commit'] or '–'}"),
        ("versions", ", ".join(f"{name} {made_with[name]}" for name in versions)),
        ("machine", made_with["platform"]),
        ("started", f"{made_with['start_time_utc'][:19].replace('T', ' ')} UTC"),
        *seconds(every),
        *memory(run),
        *((name.replace("_", " "), value) for name, value in run.file.get("effective", {}).items()),
    ]
    changed = [row for row in parameter_rows(run) if row[4]]
    return [
        Code(shlex.join(["python", "ll_stdp_brian2.py", *made_with["arguments"]])),
        Table(head=(), rows=rows, numbers=False),
        Heading(f"Parameters that differ from the preset {run.mode}"),
        Table(head=PARAMETER_HEAD, rows=changed, numbers=False)
        if changed
        else Text("None: the preset as it is."),
    ]


def seconds(every: list[dict[str, Any]]) -> list[tuple]:
    taken = [r["training"] for r in every if r["training"]["seconds_in_all"] is not None]
    if not taken:
        return []
    training, in_all = (sum(t[k] or 0 for t in taken) for k in ("seconds", "seconds_in_all"))
    n = f", {len(taken)} seeds" if len(taken) > 1 else ""
    return [("took", f"{in_all:.1f} s{n}; {training:.1f} s of it training")]


def memory(run: Run) -> list[tuple]:
    known = [status["peak_memory_mb"] for s in run.seeds if (status := run.seed(s).status)]
    return [("memory", f"at most {max(known):.0f} MB")] if known else []


PARAMETER_HEAD = ("parameter", "flag", "value", "unit", "preset has", "meaning")


def parameter_rows(run: Run) -> list[tuple]:
    """Every field; the preset's value where another was used."""
    preset, found = PRESETS.get(run.mode, {}), []
    for used, cls in ((run.params, NetworkParams), (run.stimulus, StimulusParams)):
        for name, info in cli.fields(cls).items():
            if cls is StimulusParams and name in WITHOUT_FLAG:
                continue
            base = (preset if cls is NetworkParams else {}).get(name, info.default)
            value = getattr(used, name)
            other = "" if value == base else describe.value(base)
            unit = next((u for ending, u in UNITS.items() if name.endswith(ending)), "")
            found.append((name, f"--{info.flag}", describe.value(value), unit, other, info.help))
    return found


def parameter_table(run: Run) -> Table:
    rows = parameter_rows(run)
    return Table(
        head=PARAMETER_HEAD,
        rows=rows,
        marked=frozenset(k for k, row in enumerate(rows) if row[4]),
        numbers=False,
        search="Filter, by name, flag or meaning",
        caption="Marked: not the preset's value.",
    )


def equations() -> list[tuple[str, str]]:
    """Title and code of each part of the model, as in the README."""
    text = describe.equation_text().strip("`\n")
    parts = re.split(r"(?m)^# ", text)[1:]
    return [tuple(part.strip().split("\n", 1)) for part in parts]


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
