"""The site: ``make docs`` writes it to docs/_build/html. Its source folder is the whole repository,
so that links between pages, results and files are the same as on GitHub."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from pathlib import Path

from latex2mathml.converter import convert
from pygments.lexers import TextLexer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "Does it learn?"
author = "the authors"
html_show_copyright = False
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_gallery.gen_gallery"]
include_patterns = [
    *("README.md", "docs/*.md", "docs/gallery/*.rst", "studies/RESULTS.md"),
    *("studies/results/**/*.md", "studies/dots/results/*.md", "benchmarks/results/*.md"),
]
exclude_patterns = ["Runs", "Logs", ".*", "docs/_build", "tests", "driver", "models"]

highlight_language = "none"
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3

smartquotes = False
suppress_warnings = [
    "toc.not_included",  # pages of single studies: they are found from RESULTS
    "config.cache",  # the gallery's settings hold a function
]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

logging.getLogger("driver").setLevel(logging.WARNING)  # what examples say of their backend
PICTURES = tempfile.TemporaryDirectory()


def arguments(gallery, variables) -> list[str]:
    """Where an example of the gallery writes its picture, and more beside it."""
    return [f"{PICTURES.name}/{Path(variables['src_file']).stem}.png"]


def pictures(block, variables, gallery) -> str:
    """What an example wrote, for the gallery."""
    from sphinx_gallery.scrapers import figure_rst

    found = []
    for file in sorted(Path(PICTURES.name).glob("*.png")):
        target = next(variables["image_path_iterator"])
        shutil.move(file, target)
        found.append(target)
    return figure_rst(found, gallery["src_dir"])


sphinx_gallery_conf = {
    "examples_dirs": ["examples"],
    "gallery_dirs": ["docs/gallery"],
    "filename_pattern": "",  # all are run: seconds each
    "reset_argv": arguments,
    "image_scrapers": (pictures,),
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}


def inline_math(writer, node) -> None:
    writer.body.append(convert(node.astext()))
    raise_skip()


def display_math(writer, node) -> None:
    tex = node.astext().replace("{aligned}", "{align*}")  # the one that the converter knows
    writer.body.append(f'<div class="math">{convert(tex, display="block")}</div>')
    raise_skip()


def raise_skip() -> None:
    from docutils.nodes import SkipNode

    raise SkipNode


def first_page(app, error) -> None:
    """The folder of the site opens on its first page."""
    if not error:
        to = '<meta http-equiv="refresh" content="0; url=docs/index.html">'
        (Path(app.outdir) / "index.html").write_text(to, encoding="utf-8")


def setup(app) -> None:
    """MathML, as in the reports: no script, no network."""
    app.add_html_math_renderer("mathml", (inline_math, None), (display_math, None))
    for picture in ("arrows", "wings", "without brian", "without"):  # in architecture.md
        app.add_lexer(picture, TextLexer)
    app.connect("build-finished", first_page)


html_math_renderer = "mathml"
