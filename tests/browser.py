"""Pages in a headless browser: what it says of them at a width, and links that lead nowhere."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

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
  const height = document.documentElement.scrollHeight;
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  await new Promise((done) => setTimeout(done, 500));
  const search = document.querySelector("input.search");
  if (search) {
    search.value = "mon_ts_gain";
    search.dispatchEvent(new Event("input"));
  }
  const rows = search ? [...search.closest("section").querySelectorAll("tbody tr")] : [];
  parent.postMessage({
    errors,
    height,
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


def opened(page: Path, width: int = 1200) -> subprocess.CompletedProcess:
    """What a browser writes that has opened a page: its document at the end, and its console."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser found ({', '.join(BROWSERS)})")
    return subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", "--enable-unsafe-swiftshader", "--enable-logging=stderr"),
            *(f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},1000"),
            *("--virtual-time-budget=15000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )


def looked_at(root: Path, pages: dict[str, tuple[str, int]]) -> dict:
    """What a browser says of pages, by their name, and its ``console``.

    Parameters
    ----------
    root : Path
        Folder for copies.
    pages : dict
        Text and width of each. They are frames, because a window cannot be made as narrow as a
        telephone.
    """
    frames = ""
    for name, (text, width) in pages.items():
        text = text.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{TELL}</body>")
        (root / f"{name}.html").write_text(text, encoding="utf-8")
        style = f"width:{width}px;height:900px;border:0"
        frames += f'<iframe src="{name}.html#{name}" style="{style}"></iframe>'
    (root / "frames.html").write_text(FRAMES % frames, encoding="utf-8")
    done = opened(root / "frames.html", 1800)
    out = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert out and out[1].strip(), done.stderr[-2000:]
    told = [json.loads(line) for line in html.unescape(out[1]).strip().splitlines()]
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    noise = ("WebGL", "GL Driver", "swiftshader", "Canvas2D")  # of graphics, not of the page
    console = [line for line in console if not any(word in line for word in noise)]
    return {t["token"].removeprefix("#"): t for t in told} | {"console": console}


def dead_links(page: Path) -> list[str]:
    """What a page links to or shows that is no file, and no part of the page."""
    text = re.sub(r"<script.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = set(re.findall(r'\sid="([^"]+)"', text))
    dead = []
    for link in map(html.unescape, re.findall(r'\s(?:href|src)="([^"]*)"', text)):
        path, _, part = link.partition("#")
        if link.startswith(("data:", "http:", "https:")):
            continue
        if path and not (page.parent / unquote(path)).exists() or not path and part not in names:
            dead.append(link)
    return dead
