"""What a study leaves: table, figure, paragraph, provenance, in ``results/<name>/<scale>/``."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.figures import style
from driver.files import replace_file
from driver.run.environment import git_commit
from driver.run.folder import RunFolder
from models.lateral_line.comparison import CONDITIONS
from models.lateral_line.show.sweep_report import interval, words
from studies.figure import study_figure
from studies.measure import METRICS, compare
from studies.study import Published, Study, matching
from studies.verdict import HOLDS, Judged, Part, judge

TABLE, TABLE_TEXT, FIGURE, SUMMARY, CONTENT = (
    *("table.csv", "table.md", "figure.png", "summary.md", "study.json"),
)
SCHEMA_VERSION = 1
HOW = (
    "Means with 95 % intervals over seeds (Student's t for fewer than 10, BCa bootstrap from there "
    "on), SD with ddof 1. A run without a usable map is counted and left out."
)

Row = Mapping[str, Any]


def write(
    study: Study,
    scale: str,
    measured: Mapping[str, Sequence[Row]],
    n_planned: int,
    commands: Sequence[str],
    to: Path,
) -> Path:
    """Write everything about a study from its runs; returns the folder.

    Parameters
    ----------
    study : Study
    scale : str
    measured : dict of sequence of dict
        For each metric of the study its rows, as of `studies.measure.measure`.
    n_planned : int
        Runs that belong to the study: weights that are not there yet cannot have a row.
    commands : sequence of str
        What was typed, and what would make each training run alone.
    to : Path
        Folder of all results.
    """
    folder = to / study.name / scale
    folder.mkdir(parents=True, exist_ok=True)
    rows = measured[study.metric]
    compared = compare(rows)
    judged = [judge(claim, measured[claim.metric or study.metric]) for claim in study.claims]
    published = study.published if study.scales[scale].comparable else []
    n_done = sum(row["state"] == "done" for row in rows)
    title = f"{study.title} ({scale}): {n_done} of {n_planned} runs"
    text = {
        TABLE: csv_table(study, rows),
        TABLE_TEXT: table(study, compared, published),
        SUMMARY: summary(study, title, n_planned - n_done, compared, judged),
    }
    with style.applied():
        figure = study_figure(study, title, rows, compared, published)
        png = io.BytesIO()
        figure.savefig(png, **style.PNG)
    for name, content in text.items():
        replace_file(folder / name, lambda file, content=content: file.write(content.encode()))
    replace_file(folder / FIGURE, lambda file: file.write(png.getvalue()))
    numbers = {"n_runs": n_planned, "n_done": n_done, "commands": list(commands)}
    content = content_of(study, scale, compared, judged) | numbers
    RunFolder(folder).write_json(CONTENT, content)
    return folder


def csv_table(study: Study, rows: Sequence[Row]) -> str:
    """A row a run."""
    found = []
    for row in rows:
        line = {**row["condition"], "state": row["state"], "metric": study.metric}
        line |= {who: row["value"][who] for who in CONDITIONS}
        line |= {f"{who}_unscreened": row["raw"][who] for who in CONDITIONS}
        for who in CONDITIONS:
            line[f"valid_fraction_{who}"] = row[who] and row[who]["valid_fraction_window"]
            line[f"sigma_theta_body_{who}"] = row[who] and row[who]["sigma_theta_body_rad"]
        found.append({**line, "command": row["command"]})
    text = io.StringIO()
    heads = list(found[0]) if found else ["state"]
    writer = csv.DictWriter(text, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def table(study: Study, compared: Sequence[Mapping], published: Sequence[Published]) -> str:
    """A row a condition, in Markdown."""
    head = ["condition", "runs", "trained", "untrained", "trained − untrained", "pairs", "p"]
    head += ["left out, trained", "left out, untrained", "published"]
    lines = [f"{METRICS[study.metric]}. {HOW}", "", line_of(head), line_of(["---"] * len(head))]
    for c in compared:
        difference = c["paired"]["difference"]
        cells = [study.label(c["condition"]), f"{c['n_done']} of {c['n_runs']}"]
        cells += [number(c[who]) for who in CONDITIONS]
        cells += [interval(difference, signed=True), str(difference["n"])]
        cells += [words(c["paired"]["p_value"])]
        cells += [str(c[f"{who}_without"]) for who in CONDITIONS]
        cells += ["; ".join(stated(p) for p in published if matching(c["condition"], p.at)) or "–"]
        lines.append(line_of(cells))
    return "\n".join(lines) + "\n"


def line_of(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number(e: Mapping[str, Any]) -> str:
    return f"{interval(e)}, SD {words(e['sd'])}, n = {e['n']}" if e["n"] > 1 else interval(e)


def stated(p: Published) -> str:
    sd = f" ± {p.sd:.3f}" if p.sd is not None else ""
    n = f", n = {p.n}" if p.n else ""
    return f"{p.mean:.3f}{sd} {p.who}{n} ({p.source})"


def summary(study: Study, title: str, missing: int, compared, judged: Sequence[Judged]) -> str:
    """The paragraph: question, claims with their verdicts, numbers of all conditions."""
    lines = [f"# {title}", "", study.question, ""]
    if missing:
        lines += [f"**Not complete:** {missing} runs are not done.", ""]
    for j in judged:
        lines += [f"**{j.claim.text}** Verdict: **{j.verdict}** ({j.beside}). {reasons(study, j)}"]
        lines += ["", f"Would refute it: {j.claim.refuted_by} Margin {j.claim.margin}.", ""]
    lines += [f"By condition, {METRICS[study.metric]}:", ""]
    lines += [f"- {sentence(study, c)}" for c in compared]
    lines += ["", HOW, *(["", study.note] if study.note else [])]
    return "\n".join(lines) + "\n"


def sentence(study: Study, c: Mapping[str, Any]) -> str:
    difference = c["paired"]["difference"]
    return study.sentence.format(
        condition=study.label(c["condition"]),
        trained=interval(c["trained"]),
        untrained=interval(c["untrained"]),
        difference=interval(difference, signed=True),
        n=difference["n"],
        without_trained=c["trained_without"],
        without_untrained=c["untrained_without"],
    )


def reasons(study: Study, j: Judged) -> str:
    return " ".join(explained(study, j, p) for p in j.parts)


def explained(study: Study, j: Judged, p: Part) -> str:
    """The numbers behind a verdict at one condition."""
    trained = dataclasses.asdict(p.trained)
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
        where += f", {METRICS[j.claim.metric]}"
    text = f"{where}, {what}: {interval(trained, signed=True)}"
    upwards = j.claim.expect == "higher"
    agree = p.trained.n - p.n_lower if upwards else p.n_lower
    text += f", {'above' if upwards else 'below'} zero in {agree} of {p.trained.n} seeds"
    if p.untrained is not None:
        twin = dataclasses.asdict(p.untrained)
        text += f"; the same untrained: {interval(twin, signed=True)}, n = {p.untrained.n}"
    return f"{text}: {p.verdict}{f', {p.why}' if p.why else ''}."


def content_of(study: Study, scale: str, compared, judged) -> dict[str, Any]:
    """Everything, for programs, with where it comes from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": study.name,
        "title": study.title,
        "scale": scale,
        "git_commit": git_commit(),
        "metric": study.metric,
        "comparable": study.scales[scale].comparable,
        "flags": [*study.flags, *study.scales[scale].flags],
        "conditions": compared,
        "claims": [
            {
                "text": j.claim.text,
                "verdict": j.verdict,
                "beside": j.beside,
                "numbers": reasons(study, j),
                "parts": [dataclasses.asdict(p) for p in j.parts],
            }
            for j in judged
        ],
    }


# --- all of them ---------------------------------------------------------------------------


def write_results(results: Path) -> Path:
    """Write ``RESULTS.md`` beside the folder of all results, from what is in it."""
    lines = ["# Results of the studies", ""]
    lines += ["Written by `python -m studies --results`; do not edit. " + HOW, ""]
    head = ["study", "scale", "runs", "claim", "trained network", "beside its untrained twin"]
    found = [json.loads(p.read_text("utf-8")) for p in sorted(results.glob(f"*/*/{CONTENT}"))]
    lines += [line_of(head), line_of(["---"] * len(head))]
    for content in found:
        folder = f"{results.name}/{content['name']}/{content['scale']}"
        for claim in content["claims"]:
            verdict = claim["verdict"] if claim["verdict"] == HOLDS else f"**{claim['verdict']}**"
            cells = [
                f"[{content['title']}]({folder}/{SUMMARY})",
                content["scale"] + ("" if content["comparable"] else ", another network"),
            ]
            cells += [f"{content['n_done']} of {content['n_runs']}", claim["text"]]
            lines.append(line_of([*cells, verdict, claim["beside"]]))
    if not found:
        lines += ["", "No study has been run yet."]
    for content in found:
        folder = f"{results.name}/{content['name']}/{content['scale']}"
        lines += ["", f"## {content['title']}, {content['scale']}", ""]
        lines += [f"Runs: `{shlex.join(content['flags'])}`.{apart(content)}", ""]
        lines += [f"- {c['text']} **{c['verdict']}**. {c['numbers']}" for c in content["claims"]]
        lines += ["", f"![{content['title']}]({folder}/{FIGURE})"]
    text = "\n".join(lines) + "\n"
    return replace_file(results.parent / "RESULTS.md", lambda file: file.write(text.encode()))


def apart(content: Mapping[str, Any]) -> str:
    """A warning where the network is another one than that of the claims."""
    return "" if content["comparable"] else " Another network than that of the published claims."


def typed(name: str, scale: str, jobs: int, root: Path) -> str:
    """The command of a study."""
    words_ = ["python", "-m", "studies", name, "--scale", scale, "--jobs", str(jobs)]
    return shlex.join([*words_, *([] if root == Path("Runs") else ["--output-root", str(root)])])
