"""What a study leaves: table, figure, paragraph, provenance, in ``results/<name>/<scale>/``."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from driver.figures import style
from driver.files import replace_file
from driver.formatting import interval
from driver.formatting import number as words
from driver.run.environment import git_commit
from driver.run.folder import RunFolder
from studies.figure import study_figure
from studies.findings import Findings
from studies.goals import goal_rows, goal_table
from studies.study import WHO, Published, Study, load, matching
from studies.verdict import HOLDS, Judged, Part

TABLE, TABLE_TEXT, FIGURE = "table.csv", "table.md", "figure.png"
SUMMARY, CONTENT = "summary.md", "study.json"
SCHEMA_VERSION = 1
HOW = (
    "Means with 95 % intervals over seeds (Student's t), SD with ddof 1. A run without a usable "
    "map or number is counted and left out."
)
GOALS = "Median (lowest to highest) over seeds, trained; *untrained* below it."


def write(found: Findings, to: Path) -> Path:
    """Write everything about a study into its folder in `to`; returns the folder."""
    folder = to / found.study.name / found.scale
    folder.mkdir(parents=True, exist_ok=True)
    goals = goal_rows(found.study, found.measured)
    with style.applied():
        png = io.BytesIO()
        study_figure(found).savefig(png, **style.PNG)
    text = {
        TABLE: csv_table(found),
        TABLE_TEXT: table(found) + goal_text(found.study, goals),
        SUMMARY: summary(found),
    }
    for name, content in text.items():
        replace_file(folder / name, lambda file, content=content: file.write(content.encode()))
    replace_file(folder / FIGURE, lambda file: file.write(png.getvalue()))
    content = content_of(found) | ({"rows": goals} if found.study.metrics else {})
    RunFolder(folder).write_json(CONTENT, content, seal=False)
    return folder


def content_of(found: Findings) -> dict[str, Any]:
    """Everything, for programs, with where it comes from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": found.study.name,
        "title": found.study.title,
        "scale": found.scale,
        "git_commit": git_commit(),
        "metric": found.study.metric,
        "comparable": found.size.comparable,
        "flags": [*found.study.flags, *found.size.flags],
        "conditions": found.compared,
        "claims": [claim_content(found.study, j) for j in found.judged],
        "n_runs": found.n_runs,
        "n_done": found.n_done,
        "commands": list(found.commands),
    }


def claim_content(study: Study, j: Judged) -> dict[str, Any]:
    content = {"text": j.claim.text, "verdict": j.verdict, "beside": j.beside}
    return {**content, "numbers": reasons(study, j), "parts": [asdict(p) for p in j.parts]}


def csv_table(found: Findings) -> str:
    """A row a run."""
    lines = []
    for k, row in enumerate(found.rows):
        line = {**row["condition"], "state": row["state"], "metric": found.study.metric}
        line |= {who: row["value"][who] for who in WHO}
        line |= {f"{who}_unscreened": row["raw"][who] for who in WHO}
        for who in WHO:
            raw = {name: found.measured[name][k]["raw"] for name in found.study.columns}
            line |= {f"{name}_{who}": value[who] for name, value in raw.items()}
        lines.append({**line, "command": row["command"]})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]) if lines else ["state"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def table(found: Findings) -> str:
    """A row a condition, in Markdown."""
    head = ["condition", "runs", "trained", "untrained", "trained − untrained", "pairs", "p"]
    head += ["left out, trained", "left out, untrained", "published"]
    lines = [f"{found.metric.text}. {HOW}", "", *head_of(head)]
    for c in found.compared:
        difference = c["paired"]["difference"]
        cells = [found.study.label(c["condition"]), f"{c['n_done']} of {c['n_runs']}"]
        cells += [number(c[who]) for who in WHO]
        cells += [interval(difference, signed=True), str(difference["n"])]
        cells += [words(c["paired"]["p_value"], undefined="–")]
        cells += [str(c[f"{who}_without"]) for who in WHO]
        own = [stated(p) for p in found.published if matching(c["condition"], p.at)]
        cells += ["; ".join(own) or "–"]
        lines.append(line_of(cells))
    return "\n".join(lines) + "\n"


def goal_text(study: Study, goals: Sequence[Mapping]) -> str:
    """The table of the study's own metrics; nothing if it has none."""
    lines = ["", GOALS, "", *goal_table(study, goals), "", "Commands, each of the first seed:"]
    lines += ["", "```", *(row["command"] for row in goals), "```"]
    return "\n".join(lines) + "\n" if study.metrics else ""


def line_of(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def head_of(cells: Sequence[str]) -> list[str]:
    return [line_of(cells), line_of(["---"] * len(cells))]


def number(e: Mapping[str, Any]) -> str:
    return f"{interval(e)}, SD {words(e['sd'])}, n = {e['n']}" if e["n"] > 1 else interval(e)


def stated(p: Published) -> str:
    sd = f" ± {p.sd:.3f}" if p.sd is not None else ""
    n = f", n = {p.n}" if p.n else ""
    return f"{p.mean:.3f}{sd} {p.who}{n} ({p.source})"


def summary(found: Findings) -> str:
    """The paragraph: question, claims with their verdicts, numbers of all conditions."""
    study = found.study
    lines = [f"# {found.title}", "", study.question, ""]
    if missing := found.n_runs - found.n_done:
        lines += [f"**Not complete:** {missing} runs are not done.", ""]
    for j in found.judged:
        lines += [f"**{j.claim.text}** Verdict: **{j.verdict}** ({j.beside}). {reasons(study, j)}"]
        lines += ["", f"Would refute it: {j.claim.refuted_by} Margin {j.claim.margin}.", ""]
    lines += [f"By condition, {found.metric.text}:", ""]
    lines += [f"- {sentence(study, c)}" for c in found.compared]
    lines += ["", HOW, *(["", study.note] if study.note else [])]
    return "\n".join(lines) + "\n"


def sentence(study: Study, c: Mapping[str, Any]) -> str:
    """A condition in numbers."""
    difference = c["paired"]["difference"]
    trained, untrained = (f"{interval(c[who])} {who}" for who in WHO)
    without = ", ".join(f"{c[f'{who}_without']} {who}" for who in WHO)
    return (
        f"{study.label(c['condition'])}: {trained}, {untrained}, "
        f"difference {interval(difference, signed=True)} (n = {difference['n']} pairs; "
        f"without a usable map or number {without})."
    )


def reasons(study: Study, j: Judged) -> str:
    return " ".join(explained(study, j, p) for p in j.parts)


def explained(study: Study, j: Judged, p: Part) -> str:
    """The numbers behind a verdict at one condition."""
    where = f"At {study.label(p.condition)}"
    if p.why and p.trained.n < 2:
        return f"{where} it cannot be said: {p.why}."
    what = {
        "learning": "trained minus untrained",
        "best": f"trained minus untrained at its best {j.claim.over}",
        "contrast": f"minus {study.label(j.claim.against or {})}, trained",
        "level": f"trained minus {j.claim.value:g}",
    }[j.claim.kind]
    if j.claim.metric:
        where += f", {study.known[j.claim.metric].text}"
    text = f"{where}, {what}: {interval(asdict(p.trained), signed=True)}"
    upwards = j.claim.expect == "higher"
    agree = p.trained.n - p.n_lower if upwards else p.n_lower
    text += f", {'above' if upwards else 'below'} zero in {agree} of {p.trained.n} seeds"
    if p.untrained is not None:
        twin = interval(asdict(p.untrained), signed=True)
        text += f"; the same untrained: {twin}, n = {p.untrained.n}"
    return f"{text}: {p.verdict}{f', {p.why}' if p.why else ''}."


# --- all of them ---------------------------------------------------------------------------


def write_results(results: Path) -> Path:
    """Write ``RESULTS.md`` beside the folder of all results, from what is in it."""
    lines = ["# Results of the studies", ""]
    lines += ["Written by `python -m studies --results`; do not edit. " + HOW, ""]
    lines += head_of(
        ["study", "scale", "runs", "claim", "trained network", "beside its untrained twin"]
    )
    sections = []
    for path in sorted(results.glob(f"*/*/{CONTENT}")):
        content = json.loads(path.read_text("utf-8"))
        title, folder = content["title"], path.parent.relative_to(results.parent)
        another = "" if content["comparable"] else ", another network"
        for claim in content["claims"]:
            verdict = claim["verdict"] if claim["verdict"] == HOLDS else f"**{claim['verdict']}**"
            cells = [f"[{title}]({folder}/{SUMMARY})", content["scale"] + another]
            cells += [f"{content['n_done']} of {content['n_runs']}", claim["text"]]
            lines.append(line_of([*cells, verdict, claim["beside"]]))
        apart = " Another network than that of the published claims." if another else ""
        sections += ["", f"## {title}, {content['scale']}", ""]
        sections += [f"Runs: `{shlex.join(content['flags'])}`.{apart}", ""]
        sections += [f"- {c['text']} **{c['verdict']}**. {c['numbers']}" for c in content["claims"]]
        if "rows" in content:
            sections += [GOALS, "", *goal_table(load(content["name"]), content["rows"])]
        sections += ["", f"![{title}]({folder}/{FIGURE})"]
    for path in sorted(results.parent.glob("dots/results/*.json")):  # as they were written once
        study, rows = load(path.stem), json.loads(path.read_text("utf-8"))["rows"]
        sections += ["", f"## {study.title}", "", study.question, ""]
        sections += [GOALS, "", *goal_table(study, rows)]
    text = "\n".join([*lines, *(sections or ["", "No study has been run yet."])]) + "\n"
    return replace_file(results.parent / "RESULTS.md", lambda file: file.write(text.encode()))


def typed(name: str, scale: str, jobs: int, root: Path) -> str:
    """The command of a study."""
    words_ = ["python", "-m", "studies", name, "--scale", scale, "--jobs", str(jobs)]
    return shlex.join([*words_, *([] if root == Path("Runs") else ["--output-root", str(root)])])
