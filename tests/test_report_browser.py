"""The report of a run in a browser: it shows everything, without network."""

from __future__ import annotations

import pytest

from driver.report.scripts import plotly_script
from models.lateral_line.saved import Run
from models.lateral_line.show.report import write_report
from tests.browser import looked_at
from tests.test_report import two  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def seen(tmp_path_factory, two):  # noqa: F811
    """What a browser says of the page of two seeds, by name of the frame it was shown in."""
    text = write_report(Run(two)).read_text(encoding="utf-8")
    broad = text.replace(".scroll { overflow-x: auto;", ".scroll { overflow-x: visible;")
    assert broad != text
    pages = {"wide": (text, 1280), "narrow": (text, 400), "broken": (broad, 400)}
    return looked_at(tmp_path_factory.mktemp("browser"), pages)


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
