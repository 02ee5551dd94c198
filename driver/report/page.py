"""A report as one page that opens from disk: plain data in, HTML out.

Knows no science. A model says what stands on the page with the blocks below; texts are escaped,
`markupsafe.Markup` is taken as it is. Pictures and scripts are embedded, and the page's own
content policy forbids it to load anything.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from driver.engine.compiler import cores
from driver.formatting import SYMBOL
from driver.report.mathml import Part

TEMPLATE = "page.html.j2"
MAX_WIDTH = 1400  # pixels of an embedded picture
N_COLOURS = 256
DEEP, DENSE = 128, 0.05  # dark or coloured areas, by their lowest channel; share in a dense picture
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


@dataclass(frozen=True)
class Text:
    """A paragraph; `look` is one of "", "verdict", "note", "warning"."""

    text: str
    look: str = ""


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Code:
    """Text as it stands, each line its own; with `wrap` long lines go on below."""

    text: str
    wrap: bool = False


@dataclass(frozen=True)
class Table:
    """A table that scrolls inside its box.

    Attributes
    ----------
    head : sequence of str
        Empty for a table of names and values.
    rows : sequence of sequences
        The first cell names the row.
    spans : sequence of (str, int), optional
        A row above `head`: text and number of columns.
    foot : sequence of sequences
        Set apart below.
    caption : str
    marked : collection of int
        Rows that stand out.
    numbers : bool
        Cells are numbers, set to the right.
    search : str
        What a field that filters the rows asks for; no field if empty.
    words : bool
        The last column is of sentences; on a narrow screen they stand below their row.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    spans: Sequence[tuple[str, int]] = ()
    foot: Sequence[Sequence[Any]] = ()
    caption: str = ""
    marked: frozenset[int] = frozenset()
    numbers: bool = True
    search: str = ""
    words: bool = False


@dataclass(frozen=True)
class Picture:
    """An embedded picture; a click shows it in the whole window.

    A `dense` one, such as of heat maps, keeps its colours where the page is dark; lines on white
    become lines on black.
    """

    uri: str
    width: int
    height: int
    dense: bool
    alt: str
    caption: str = ""
    files: Sequence[str] = ()  # where the original lies, relative to the page


@dataclass(frozen=True)
class Files:
    """Links to files beside the page that are not embedded."""

    text: str
    files: Sequence[str]


@dataclass(frozen=True)
class Equations:
    parts: Sequence[Part]


@dataclass(frozen=True)
class Plot:
    """A place that one of the page's scripts fills, by its identifier."""

    id: str
    height: int  # pixels
    caption: str = ""


@dataclass(frozen=True)
class Columns:
    """Side by side where there is room, else one after the other."""

    left: Sequence[Any]
    right: Sequence[Any]


@dataclass(frozen=True)
class Fold:
    """Blocks behind a line that opens them."""

    title: str
    blocks: Sequence[Any]
    open: bool = False


@dataclass(frozen=True)
class Choice:
    """Several times the same of different things, such as seeds: one is shown, which is picked.

    `options` are titles and blocks; `label` says what is picked.
    """

    label: str
    options: Sequence[tuple[str, Sequence[Any]]]


@dataclass(frozen=True)
class Section:
    """A part of the page; a `folded` one opens by its title, a link to it, and for a printer."""

    id: str
    title: str
    blocks: Sequence[Any]
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes
    ----------
    title, subtitle, footer : str
    sections : sequence of Section
    data : dict of str to str
        JSON for the scripts, by the identifier of its element.
    scripts : sequence of str
        Run in order at the end of the page; they may use `eval`.
    refresh_s : int
        After which a browser reads the page again; 0 for one that is complete.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    footer: str = ""
    data: dict[str, str] = field(default_factory=dict)
    scripts: Sequence[str] = ()
    refresh_s: int = 0


def render(page: Page) -> str:
    """The page as HTML."""
    return environment().get_template(TEMPLATE).render(page=page)


def marked_up(label: str):
    """A label for a page: letters with an index, as σ_θ, are set as such; flags do not break."""
    text = FLAG.sub(r"<code>\g<0></code>", str(escape(label)))
    return Markup(SYMBOL.sub(r"\1<sub>\2</sub>", text))


def safe_json(value: Any) -> str:
    """JSON in which no text can end the element that it stands in."""
    return json.dumps(value).replace("<", "\\u003c")


@cache
def environment():
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def powers(unit: str) -> Markup:
        """A unit with its exponents raised: ``m^-1``."""
        head, *powers = unit.split("^")
        tail = (Markup("<sup>{}</sup>").format(power.replace("-", "−")) for power in powers)
        return Markup("").join([escape(head), *tail])

    made.filters["powers"] = powers
    made.filters["kind"] = lambda block: type(block).__name__
    return made


def embedded(png: bytes | Path) -> tuple[str, int, int, bool]:
    """A PNG as a data address, with width and height in pixels, and whether it is dense.

    It is scaled down if it is wide.

    Stored with a palette: half the size of lossless WebP, quicker, and lines and letters stay
    sharp, which lossy formats blur.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as image:
        opaque = on_white(image)
    if opaque.width > MAX_WIDTH:
        height = round(opaque.height * MAX_WIDTH / opaque.width)
        opaque = opaque.resize((MAX_WIDTH, height), Image.Resampling.HAMMING)
    small = opaque.quantize(N_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    areas = np.asarray(opaque.resize((100, 100), Image.Resampling.BOX)).min(axis=2)
    return uri, small.width, small.height, bool(np.mean(areas < DEEP) > DENSE)


def drawn(figure) -> tuple[str, int, int, bool]:
    """A matplotlib figure, `embedded` as wide as pictures are."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=MAX_WIDTH / figure.get_figwidth())
    return embedded(out.getvalue())


def on_white(image):
    """A Pillow image without transparency."""
    from PIL import Image

    image.load()
    if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image.convert("RGB")


def all_embedded(files: Sequence[Path]) -> list[tuple[str, int, int, bool] | None]:
    """`embedded` of many files, on as many cores as there are; None for one that is no picture."""

    def one(file: Path) -> tuple[str, int, int, bool] | None:
        try:
            return embedded(file)
        except OSError:
            return None

    with ThreadPoolExecutor(max_workers=cores()) as pool:
        return list(pool.map(one, files))
