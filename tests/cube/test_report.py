"""The report of a run of the cube room: what stands on the page, and that a browser shows it."""

from __future__ import annotations

import html
import json
import re
import sys

import pytest
from PIL import Image

from driver.formatting import text
from driver.report import numbers
from driver.report.scripts import plotly_script
from models.cube.metric_table import TABLE
from models.cube.params import CubeParams, GroupsParams, LocalParams
from models.cube.presets import PRESETS
from models.cube.show import model_text, view
from models.cube.show.report import write_report
from models.cube.show.space import scene
from tests.browser import WATCH, opened
from tests.cube.figure_seed import CUBE, LABELS, LOCAL, PAUSE, make_run, make_seed
from tests.test_report import Page


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    return make_seed(tmp_path_factory.mktemp("seed"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, seed):
    made = make_run(tmp_path_factory.mktemp("runs") / "dots", seed)
    for k, name in enumerate(("snapshot_seed_0", "removal_seed_0", "what_else")):
        Image.new("RGB", (60, 40), (60 * k, 90, 90)).save(made.figures / f"{name}.png")
    (made.figures / "film.gif").write_bytes(b"GIF89a")
    return made


@pytest.fixture(scope="module")
def page(run):
    return Page(write_report(run).read_text(encoding="utf-8"))


def test_the_verdict_and_every_condition_come_first(page, seed):
    sections = [a["id"] for tag, a in page.elements if tag == "section"]
    assert sections == ["verdict", "made", "figures", "view", "equations", "parameters", "log"]
    first = page.source.split('id="made"')[0]
    for block in numbers.verdict_blocks(TABLE, seed.results):
        assert str(block.text) in html.unescape(first)
    rows = [row for row in page.rows if len(row) == 7 and row[4] in ("yes", "no", "undefined")]
    conditions = seed.results["trained"]["conditions"]
    assert [row[0] for row in rows] == [c["verdict"] for c in conditions]
    ili = page.row("focused", "input-locked index")
    values = [text(seed.results[label]["ili"]) for label in LABELS]
    assert [ili[3], ili[5]] == values and ili[2] == "≥ 0.9"


def test_every_number_stands_beside_the_twins_with_its_definition(page, seed):
    row = page.row("back plane, IoU at best lag")
    values = [seed.results[label]["output"]["best_iou"] for label in LABELS]
    assert row[1:3] == [text(v) for v in values] and "Overlap" in row[4]
    assert page.row("reversed")[1:] == [*4 * ["undefined"], "30"]
    assert page.row("same loop")[1] == "0.9"


def test_figures_are_embedded_with_captions_in_their_order(page):
    images = [a for tag, a in page.elements if tag == "img"]
    assert len(images) == 3 and all(a["src"].startswith("data:image/") for a in images)
    figures = page.text.split("Figures", 2)[2]
    places = [figures.index(words) for words in ("Input, back plane", "Spikes after the input")]
    assert places == sorted(places) and "what else." in figures
    assert "figures/film.gif" in page.addresses()


def test_changed_parameters_and_provenance_are_told(page):
    assert page.row("--n")[1:3] == ["8", "48"]
    assert page.row("program")[1] == "0.1.0, commit abc and changes that are not in it"
    assert "python cube_brian2.py --n 8" in page.text
    assert page.row("took")[1] == "1.5 s" and page.row("memory")[1] == "at most 90 MB"


def test_without_plotly_the_page_says_how_to_get_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "pip install -r requirements-extra.txt" in page.text
    assert "unsafe-eval" not in page.source


def test_several_seeds_have_a_table_with_means(tmp_path, seed):
    other = make_seed(tmp_path, silent=LABELS)
    other.number = 1
    run = make_run(tmp_path / "two", seed, other)
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "Trained: " in page.text and "of 2 seeds" in page.text
    ili = page.row("1")[3]
    assert ili == "undefined"
    assert page.row("n", "", "")[3:5] == ["1", "1"]


def test_a_run_that_goes_on_has_a_page(tmp_path, seed):
    run = make_run(tmp_path / "begun", seed, finished=[])
    run.summary = None
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "Not complete, and nobody is working on it: training, step 100 of 160." in page.text
    assert page.row("0", "killed")[2:4] == ["100 of 160", "0:01:15"]
    assert "To go on:" in page.text and "--resume-from" in page.text
    assert "Comes with the first finished seed." in page.text


def test_the_local_layer_has_its_own_numbers(tmp_path):
    seed = make_seed(tmp_path, LOCAL, PAUSE)
    run = make_run(tmp_path / "local", seed, mode="local-cancel")
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "Predicts: the output shows the next frame" in page.text
    steps = seed.results["trained"]["learning_steps"]["iou_0.9"]
    assert page.row("steps to IoU 0.9")[1:3] == [text(steps), "undefined"]


@pytest.mark.parametrize(
    "p",
    [
        CUBE,
        CubeParams(rule="reward", excitability="homeostasis"),
        CubeParams(rule="reward-column", w_res=0.2, sigma_noise=0.1),
        GroupsParams(learn="all"),
        LocalParams(recall=True),
        LocalParams(hidden="motion"),
    ],
)
def test_every_model_has_its_equations(p):
    found = dict(model_text.parts(p))
    assert len(found) > 10 and all(found.values())
    assert any("v_rest" in code for code in found.values())
    assert any("Reward" in title for title in found) == (getattr(p, "rule", "hebb") != "hebb")


def test_every_verdict_is_explained():
    assert set(TABLE.verdicts) >= {"focused", "silent", "driven waves", "self-sustained waves"}
    assert all(preset.note for preset in PRESETS.values())


# --- in a browser ---------------------------------------------------------------------------------

TELL = """<script>
addEventListener("load", async () => {
  await new Promise((done) => setTimeout(done, 1500));
  const said = () => document.querySelector("#view output").value;
  const slider = document.querySelector("#view input[type=range]");
  const select = document.querySelector("#view select");
  const found = [said()];
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  found.push(said());
  select.value = 1;
  select.dispatchEvent(new Event("change"));
  found.push(said());
  const scene = document.getElementById("scene");
  const out = document.createElement("pre");
  out.id = "out";
  out.textContent = JSON.stringify({
    errors, found, points: scene.data.map((trace) => trace.x.length), page: innerWidth,
    width: document.documentElement.scrollWidth,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
  });
  document.body.append(out);
});
</script>"""


def test_a_browser_scrubs_through_time(run, seed, tmp_path):
    if plotly_script() is None:
        pytest.skip("plotly is not installed")
    source = write_report(run).read_text(encoding="utf-8")
    source = source.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{TELL}</body>")
    (tmp_path / "page.html").write_text(source, encoding="utf-8")
    done = opened(tmp_path / "page.html")
    out = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert out, done.stderr[-2000:]
    told = json.loads(html.unescape(out[1]))
    assert told["errors"] == [] and told["width"] <= told["page"]
    assert not [a for a in told["requests"] if not a.startswith(("data:", "blob:", "file:"))]
    steps = scene.every_frame(scene.Shown.of(seed))
    last, first = steps[-1], steps[0]
    assert told["found"][0].startswith(f"trained: steps {last.start} to {last.stop - 1}, ")
    assert told["found"][1].startswith(f"trained: steps {first.start} to {first.stop - 1}, ")
    twin = seed.recording("untrained")
    n = view.between(twin, "cells", first.start, first.stop).size
    assert told["found"][2] == (f"untrained: steps {first.start} to {first.stop - 1}, {n} spikes")
    assert told["points"][1] == 1
