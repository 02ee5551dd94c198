"""The report of a run in a browser: it shows everything, without network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

from driver.report.scripts import plotly_script
from models.lateral_line.saved import Run
from models.lateral_line.show.report import write_report
from tests.test_report import two  # noqa: F401  (a fixture)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCH = """<script>
const errors = [];
addEventListener("error", (e) => errors.push(String(e.message || e.target.src)), true);
addEventListener("unhandledrejection", (e) => errors.push(String(e.reason)));
addEventListener("securitypolicyviolation", (e) => errors.push("blocked " + e.blockedURI));
console.error = (...words) => errors.push(words.join(" "));
</script>"""
TELL = """<script>
addEventListener("load", async () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  await new Promise((done) => setTimeout(done, 500));
  const search = document.querySelector("input.search");
  search.value = "mon_ts_gain";
  search.dispatchEvent(new Event("input"));
  const rows = [...search.closest("section").querySelectorAll("tbody tr")];
  parent.postMessage({
    errors,
    images: images.length,
    unloaded: images.filter((image) => !image.naturalWidth).length,
    width: innerWidth,
    page: document.documentElement.scrollWidth,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    found: rows.filter((row) => !row.hidden).map((row) => row.cells[0].textContent),
    plots: document.querySelectorAll(".js-plotly-plot").length,
    fraction: (document.querySelector("mfrac") || document.body).getBoundingClientRect().height,
    token: location.hash,
  }, "*");
});
</script>"""
FRAMES = """<!doctype html><body><pre id="out"></pre><script>
addEventListener("message", (e) => {
  document.getElementById("out").textContent += JSON.stringify(e.data) + "\\n";
});
</script>%s"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory, two):  # noqa: F811
    """What a browser says of the page of two seeds, by name of the frame it was shown in."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser found ({', '.join(BROWSERS)})")
    root = tmp_path_factory.mktemp("browser")
    text = write_report(Run(two)).read_text(encoding="utf-8")
    text = text.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{TELL}</body>")
    (root / "page.html").write_text(text, encoding="utf-8")
    broad = text.replace(".scroll { overflow-x: auto;", ".scroll { overflow-x: visible;")
    assert broad != text
    (root / "broad.html").write_text(broad, encoding="utf-8")
    # frames, because a window cannot be made as narrow as a telephone
    frames = "".join(
        f'<iframe src="{file}.html#{name}" style="width:{width}px;height:900px;border:0"></iframe>'
        for name, file, width in (
            *(("wide", "page", 1280), ("narrow", "page", 400)),
            ("broken", "broad", 400),
        )
    )
    (root / "frames.html").write_text(FRAMES % frames, encoding="utf-8")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", "--enable-unsafe-swiftshader", "--enable-logging=stderr"),
            *(f"--user-data-dir={root / 'profile'}", "--window-size=1800,1000"),
            *("--virtual-time-budget=15000", "--dump-dom", (root / "frames.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    out = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert out and out[1].strip(), done.stderr[-2000:]
    told = [json.loads(line) for line in html.unescape(out[1]).strip().splitlines()]
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    noise = ("WebGL", "GL Driver", "swiftshader")  # of the machine's graphics, not of the page
    console = [line for line in console if not any(word in line for word in noise)]
    return {t["token"].removeprefix("#"): t for t in told} | {"console": console}


def test_a_browser_shows_every_picture_without_an_error(seen):
    assert seen["console"] == []
    for name in ("wide", "narrow"):
        assert seen[name]["errors"] == []
        assert seen[name]["images"] == 4 and seen[name]["unloaded"] == 0


def test_the_page_asks_for_nothing_but_itself(seen):
    for name in ("wide", "narrow"):
        addresses = seen[name]["requests"]
        assert [a for a in addresses if not a.startswith(("data:", "blob:", "file:"))] == []


def test_the_page_never_scrolls_sideways(seen):
    for name, width in (("wide", 1280), ("narrow", 400)):
        assert seen[name]["width"] == width
        assert seen[name]["page"] <= width
    assert seen["broken"]["page"] > 400  # the check sees a table that sticks out


def test_the_field_above_the_parameters_filters_them(seen):
    assert seen["wide"]["found"] == ["--mon-ts-gain-mv", "--mon-ts-gain-test-mv"]


def test_a_browser_lays_out_fractions(seen):
    assert seen["wide"]["fraction"] > 20


def test_zoomable_plots_are_drawn(seen):
    if plotly_script() is None:
        pytest.skip("plotly is not installed")
    assert seen["wide"]["plots"] == 2
