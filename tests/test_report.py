"""The report of a run: what stands on the page; `test_report_browser` looks at it in a browser."""

from __future__ import annotations

import base64
import html
import html.parser
import io
import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from driver.flags import from_dataclass as flags
from driver.formatting import number
from driver.report import mathml
from driver.report import page as report
from driver.run.folder import RunFolder
from models.lateral_line import outcome, summary
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import Run
from models.lateral_line.show import verdict, zoomable
from models.lateral_line.show.report import write_report
from models.lateral_line.warnings import why_not
from tests import program

SEED, STEM = program.SEED, "u_5.0_nMON_60_nTS_24"
PICTURES = (
    f"brian2_test_phase_only_{STEM}_seed_{SEED}.png",
    f"brian2_ts_tuning_{STEM}_seed_{SEED}.png",
    "LL_THESIS_BASELINE_ACTIVE_latest.png",
)
COPY = f"brian2_ts_tuning_{STEM}.png"  # of the second


# --- reading a page --------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Text, table rows, addresses and elements of a page."""

    VOID = ("meta", "input", "img", "br")

    def __init__(self, text: str):
        super().__init__()
        self.source, self.said, self.rows, self.elements = text, [], [], []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.inside.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, text):
        if {"script", "style"} & set(self.inside):
            return
        self.said.append(text)
        if {"td", "th"} & set(self.inside) and self.rows and self.rows[-1]:
            self.rows[-1][-1] += text

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.said))

    def row(self, *start: str) -> list[str]:
        """The first table row that begins with these cells."""
        rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]
        return next(row for row in rows if row[: len(start)] == list(start))

    def addresses(self) -> list[str]:
        found = [(a.get("src"), a.get("href")) for _, a in self.elements]
        return [address for pair in found for address in pair if address]


def copy_of(run: program.Run, root: Path, name: str = "run") -> Path:
    """A run folder that may be written to, with its log beside it; all figures are removed."""
    shutil.copytree(run.folder, root / name)
    shutil.copytree(run.root / "Logs", root / "Logs", dirs_exist_ok=True)
    for file in (root / name / "figures").iterdir():
        file.unlink()
    return root / name


def draw(folder: Path) -> None:
    """Small pictures, each of its own colour, and a copy of one."""
    for place, name in enumerate(PICTURES):
        Image.new("RGB", (60, 40), (40 * place, 99, 99)).save(folder / "figures" / name)
    shutil.copy(folder / "figures" / PICTURES[1], folder / "figures" / COPY)


def first_line() -> str:
    """Of a log of the run: it names the start, without which it is another run's."""
    return f"started {program.full().params['environment']['start_time_utc']}\n"


def change(path: Path, **fields) -> None:
    program.rewrite(path, lambda content: content.update(fields))


def read(folder: Path) -> Page:
    return Page(write_report(Run(folder)).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = copy_of(program.full(), tmp_path_factory.mktemp("report"))
    draw(made)
    return made


@pytest.fixture(scope="module")
def page(folder):
    return read(folder)


@pytest.fixture
def unfinished(tmp_path):
    """A run in the middle of its training, as its folder looks then."""
    made = copy_of(program.full(), tmp_path)
    (made / "run_summary.json").unlink()
    (made / f"artifacts/seed_{SEED}_results.json").unlink()
    change(
        made / f"artifacts/seed_{SEED}_status.json",
        phase="training",
        trial=6,
        n_trials=8,
        seconds_left=75.0,
        metrics={"sigma_theta_rad": None, "valid_fraction": 0.25, "w_mean": 0.0213},
    )
    return made


# --- what stands on the page -----------------------------------------------------------


def test_the_numbers_on_the_page_are_those_of_the_results(page):
    r = program.full().results()
    for name, key in (
        ("σθ, body (rad)", "sigma_theta_body_rad"),
        ("decoded share of the body", "valid_fraction_body_window"),
        ("σθ, path (rad)", "sigma_theta_rad"),
        ("valid fraction, path", "valid_fraction"),
        ("Δtrial, path (rad)", "delta_trial_rad"),
    ):
        shown = number(r[key]), number(r["untrained"][key]), number(r["difference"][key], 3, True)
        assert page.row(name) == [name, *shown]
    spikes = str(r["spikes"]["ts"]), str(r["untrained"]["spikes"]["ts"])
    assert page.row("TS spikes in the test")[1:3] == list(spikes)


def test_the_verdict_stands_before_everything_else(page):
    sections = [a["id"] for tag, a in page.elements if tag == "section"]
    assert sections == ["learned", "made", "figures", "zoom", "equations", "parameters", "log"]
    said = Page(report.marked_up(outcome.headline(program.full().results()))).text
    assert 0 < page.text.index(said) < page.text.index("python ll_stdp_brian2.py")


def test_warnings_and_moved_values_are_on_the_first_screen(tmp_path):
    folder = copy_of(program.full(), tmp_path)
    moved = {"flag": "mon-ts-topo", "given": 3.0, "used": 1.0, "reason": "largest allowed value"}
    change(folder / "params.json", cli_adjustments=[moved])
    change(folder / f"artifacts/seed_{SEED}_results.json", warnings=["mind the gap"])
    first = read(folder).text.split("How it was made")[1]
    assert "mind the gap" in first and "--mon-ts-topo 3.0: using 1.0" in first


def test_the_command_the_backend_and_the_start_are_told(page):
    made = program.full().params["environment"]
    assert f"python ll_stdp_brian2.py {' '.join(made['arguments'][:4])}" in page.text
    assert program.full().results()["backend"] in page.row("backend")[1]
    assert page.row("started")[1].startswith(made["start_time_utc"][:10])
    assert made["brian2"] in page.row("versions")[1]


def test_parameters_that_differ_from_the_preset_are_listed_with_its_value(page):
    changed = page.source.split('id="figures"')[0]
    assert page.row("--n-mon")[1:3] == ["60", "800"]
    assert page.row("--mon-ts-gain-mv")[1:3] == ["400 mV", "300 mV"]
    assert "--n-mon" in changed and "--tau-m-ms" not in changed
    every = {row[0] for row in page.rows if row}
    assert {f"--{info.flag}" for info in flags.fields(NetworkParams).values()} <= every


def test_the_page_refers_to_every_picture_and_embeds_each_once(folder, page):
    files = {f"figures/{file.name}" for file in (folder / "figures").glob("*.png")}
    assert files == {f"figures/{name}" for name in (*PICTURES, COPY)}
    assert files <= set(map(unquote, page.addresses()))
    images = [a for tag, a in page.elements if tag == "img"]
    assert len(images) == 1 + len(PICTURES)  # and the decoded positions
    assert all(image["src"].startswith("data:image/") and image["alt"] for image in images)


def test_figures_of_an_only_seed_are_its_own_also_without_its_number(tmp_path):
    folder = copy_of(program.full(), tmp_path)
    name = f"brian2_spatial_two_stage_{STEM}"
    Image.new("RGB", (60, 40), (9, 99, 99)).save(folder / "figures" / f"{name}.png")
    for other in ("LL_THESIS_BASELINE_ACTIVE_latest", f"{name}_seed_{SEED}"):
        shutil.copy(folder / "figures" / f"{name}.png", folder / "figures" / f"{other}.png")
    for figures in (3, 2):  # of an earlier program, and of this one
        page = read(folder)
        assert f"<h3>Seed {SEED}</h3>" in page.source and "<h3>Others" not in page.source
        assert sum(tag == "img" for tag, _ in page.elements) == 1 + 1  # and decoded positions
        shown = [a for a in map(unquote, page.addresses()) if a.startswith("figures/")]
        assert len(set(shown)) == figures
        (folder / "figures" / f"{name}_seed_{SEED}.png").unlink(missing_ok=True)


def test_known_figures_come_first_and_say_what_they_show(page):
    captions = page.source[page.source.index('id="figures"') :]
    found = [captions.index(words) for words in ("The test from its start", "LL THESIS BASELINE")]
    assert found == sorted(found)


def test_a_damaged_picture_is_named_and_costs_nothing_else(tmp_path):
    folder = copy_of(program.full(), tmp_path)
    draw(folder)
    (folder / "figures" / PICTURES[0]).write_bytes(b"no picture")
    page = read(folder)
    assert "Not a picture that can be shown: " + PICTURES[0] in page.text
    assert sum(tag == "img" for tag, _ in page.elements) == len(PICTURES)


def test_a_run_without_figures_says_so(tmp_path):
    assert "no figures" in read(copy_of(program.full(), tmp_path)).text


def test_a_renamed_folder_is_the_title_and_its_first_name_is_told(tmp_path, folder):
    def heads(page):
        return [" ".join(page.source.split(f"<{tag}>")[1].split("<")[0].split()) for tag in tags]

    tags = ["title", "h1"]
    made = program.full()
    renamed, kept = (copy_of(made, tmp_path / name, name) for name in ("moved", made.name))
    assert heads(read(renamed)) == ["moved", "moved"]
    assert f"made as {made.name}" in read(renamed).text
    assert heads(read(kept)) == [made.name, made.name] and "made as" not in read(kept).text


def test_names_and_logs_cannot_put_markup_into_the_page(tmp_path):
    evil = "<script>alert(1)</script>"
    folder = copy_of(program.full(), tmp_path)
    change(folder / "params.json", run_folder="<img src=x onerror=alert(1)>")
    change(folder / f"artifacts/seed_{SEED}_results.json", warnings=[evil])
    Image.new("RGB", (9, 9)).save(folder / "figures" / "<b onclick=x>&amp;'\".png")
    (tmp_path / "Logs" / "<img src=x onerror=alert(1)>.log").write_text(
        f"{first_line()}{evil}\n\x07 ü"
    )
    page = read(folder)
    assert evil not in page.source and page.text.count(evil) == 2  # warning and log
    assert not any("onerror" in a or "onclick" in a for _, a in page.elements)
    assert not any(a.get("src") == "x" for _, a in page.elements)
    assert "<img src=x onerror=alert(1)>" in page.text


def test_only_the_end_of_a_long_log_is_shown(tmp_path):
    folder = copy_of(program.full(), tmp_path)
    lines = "\n".join(f"line number {k}." for k in range(20_000))
    (tmp_path / "Logs" / "run.log").write_text(first_line() + lines)
    text = read(folder).text
    assert "line number 19999." in text and "line number 19940." in text
    assert "line number 19939." not in text


def test_no_address_leads_out_of_the_folder(page):
    assert not [a for a in page.addresses() if re.match(r"(\w+:)?//", a)]
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "content" in a)
    assert "default-src 'none'" in policy


# --- other runs ------------------------------------------------------------------------


def test_a_running_run_tells_how_far_it_is_and_draws_what_it_learned(unfinished):
    with RunFolder(unfinished).claimed():
        page = read(unfinished)
    assert "Still running: training, trial 6 of 8, 0:01:15 left" in page.text
    assert page.row(str(SEED), "training")[2:7] == [
        *("6 of 8", "0:01:15", "undefined", "0.25", "0.0213")
    ]
    assert "Learning so far" in page.text
    assert sum(tag == "img" for tag, _ in page.elements) == 1
    assert "resume-from" not in page.text
    assert '<meta http-equiv="refresh"' in page.source
    assert "refresh" not in read(unfinished).source  # nobody works on it


def test_a_run_that_has_not_begun_to_train_has_no_numbers_yet(unfinished):
    change(
        unfinished / f"artifacts/seed_{SEED}_status.json",
        **dict(phase="preparing", trial=0, seconds_left=None, metrics=None),
    )
    (unfinished / f"artifacts/mid_checkpoint_seed_{SEED}.npz").unlink()
    with RunFolder(unfinished).claimed():
        row = read(unfinished).row(str(SEED), "preparing")
    assert row[2:7] == ["0 of 8", "–", "–", "–", "–"]


def test_a_run_that_nobody_works_on_says_how_to_go_on(unfinished):
    text = read(unfinished).text
    assert "nobody is working on it" in text and "--resume-from" in text
    change(unfinished / f"artifacts/seed_{SEED}_status.json", phase="interrupted")
    assert read(unfinished).row(str(SEED))[1] == "interrupted"


def test_a_run_without_checkpoint_or_status_has_a_page(unfinished):
    for file in (unfinished / "artifacts").iterdir():
        file.unlink()
    text = read(unfinished).text
    assert "no checkpoint" in text and "Not complete" in text


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    made = copy_of(program.shared("--multi-seed", "2"), tmp_path_factory.mktemp("two"))
    for seed in (SEED, SEED + 1):
        image = Image.new("RGB", (50, 30), (seed, 0, 0))
        image.save(made / "figures" / f"brian2_ts_tuning_{STEM}_seed_{seed}.png")
    Image.new("RGB", (70, 30)).save(made / "figures" / "brian2_multiseed_summary_n2.png")
    return made


def test_several_seeds_have_the_mean_and_sd_of_the_summary(two):
    page, aggregate = read(two), json.loads((two / "run_summary.json").read_text())["aggregate"]
    parts = [aggregate[key] for key in ("pv_map_quality", "untrained", "difference")]
    body = [part["sigma_theta_body_rad"] for part in parts]
    assert page.row("mean")[1:3] == [number(one["mean"]) for one in body[:2]]
    assert page.row("SD")[1:4] == [number(one["sd"]) for one in body]
    assert page.row("n")[1] == str(body[0]["n"])
    results = [Run(two).seed(seed).results for seed in (SEED, SEED + 1)]
    for r in results:
        cell = number(r["sigma_theta_body_rad"])
        assert page.row(str(r["seed"]))[1] == cell
    n_lower = sum(outcome.lower(r) or False for r in results)
    assert f"The map of the body is better after training in {n_lower} of 2 seeds" in page.text


def test_the_seed_whose_figures_are_shown_is_picked(two):
    source = read(two).source
    figures = source[source.index('id="figures"') : source.index('id="zoom"')]
    parts = figures.split("data-title=")[1:]
    assert [part[1 : 1 + len(str(SEED))] for part in parts] == [str(SEED), str(SEED + 1)]
    assert f"_seed_{SEED + 1}.png" in parts[1] and f"_seed_{SEED + 1}.png" not in parts[0]
    place = source.index("figures/brian2_multiseed_summary_n2.png")
    assert place < source.index('id="made"') and "multiseed" not in figures


def test_a_seed_that_failed_is_named(two, tmp_path):
    folder = shutil.copytree(two, tmp_path / "run")
    (folder / f"artifacts/seed_{SEED + 1}_results.json").unlink()
    page = read(folder)
    assert f"Without a result, see the log: seed {SEED + 1}." in page.text
    assert page.row("n")[1] == "1"


def test_a_silent_network_is_undefined_and_says_why(tmp_path):
    run = program.shared("--mon-ts-gain-mv", "0", "--bg-rate-ts-hz", "0")
    page = read(copy_of(run, tmp_path))
    assert page.row("σθ, body (rad)")[1:] == 3 * ["undefined"]
    assert "TS is silent in the test, trained and untrained" in page.text


def test_an_untrained_run_does_not_claim_to_have_learned(tmp_path):
    page = read(copy_of(program.shared("--n-training-trials", "0"), tmp_path))
    assert "Nothing was to be learned" in page.text and "Lower is better" not in page.text


def test_a_test_of_stored_weights_names_whose_they_are(tmp_path):
    folder = copy_of(program.full(), tmp_path)
    source = {"run": "the <source>", "seed": 77, "n_training_trials": 555}
    training = {"seconds": 0.0, "seconds_in_all": 1.0, "stabilization_time_s": None}
    change(
        folder / f"artifacts/seed_{SEED}_results.json",
        evaluation_mode="extract",
        source=source | {"weights_sha256": "0123456789abcdef"},
        training=training,
    )
    text = read(folder).text
    assert "Nothing was trained here" in text
    assert "run the <source>, seed 77, after 555 trials (SHA-256 01234567)" in text


# --- the verdict -----------------------------------------------------------------------


def numbers(sigma, valid, spikes=100) -> dict:
    return {
        "evaluation_mode": "training",
        "sigma_theta_body_rad": sigma,
        "valid_fraction_body_window": valid,
        "sigma_theta_rad": sigma,
        "valid_fraction_window": valid,
        "spikes": {"ts": spikes},
        "eval_x_min_cm": None,
        "eval_x_max_cm": None,
        "weights": {
            "mon_ts": {"mean_abs_delta": 0.01, "frac_delta_gt_1e3": 0.9, "frac_at_wmax": 0.1}
        },
    }


@pytest.mark.parametrize(
    ("trained", "untrained", "lower", "words"),
    [
        ((0.3, 0.9), (0.5, 0.9), True, "The map is better after training"),
        ((0.5, 0.9), (0.3, 0.9), False, "The map is worse after training"),
        ((0.3, 0.9), (0.3, 0.9), False, "Training changed nothing"),
        ((0.3, 0.6), (0.9, 0.59), None, "a usable map after training, and none without"),
        ((0.1, 0.59), (0.9, 0.6), None, "no usable map after training"),
        ((0.1, 0.2), (0.9, 0.2), None, "no usable map, trained or untrained"),
        ((None, 0.0, 0), (None, 0.0, 0), None, "TS is silent"),
        ((None, 0.7), (0.5, 0.9), None, "no usable map after training"),
        ((None, 1.0), (None, 1.0), None, "no usable map, trained or untrained"),
    ],
)
def test_the_verdict_compares_only_usable_maps(trained, untrained, lower, words):
    r = numbers(*trained) | {"untrained": numbers(*untrained)}
    assert outcome.lower(r) is lower
    assert words in Page(report.marked_up(outcome.headline(r))).text


def aligned(sigma, order) -> dict:
    chance = {"p05": -0.01, "median": 0.0, "p95": 0.01}
    part = {"sigma_theta_rad": sigma}
    return {"map": {"body": part, "path": part, "order": order, "order_chance": chance}}


def test_of_several_passes_the_aligned_map_decides_and_its_order_is_told():
    r = numbers(3.0, 0.9) | aligned(0.15, 0.934)
    r["untrained"] = numbers(1.5, 0.9) | aligned(1.4, -0.004)
    assert outcome.lower(r) is True
    said = outcome.console(outcome.headline(r))
    assert "sigma_theta of the body, aligned, is 0.150 rad, untrained 1.400 rad" in said
    assert "Its order is 0.93, untrained 0.00 (chance up to 0.01; 1 is perfect)." in said
    r["untrained"]["valid_fraction_body_window"] = 0.3
    assert outcome.lower(r) is None


def test_several_seeds_are_answered_yes_or_no_only_if_the_interval_leaves_0_out():
    def seeds(*pairs):
        return [numbers(a, 0.9) | {"untrained": numbers(b, 0.9), "seed": 1} for a, b in pairs]

    for pairs, answer in (
        (((0.3, 0.5), (0.31, 0.52), (0.28, 0.5)), "Yes. The map of the body is better"),
        (((0.5, 0.3), (0.52, 0.31), (0.5, 0.28)), "No, it got worse."),
        (((0.3, 0.5), (0.5, 0.3), (0.3, 0.4)), "It cannot be said."),
        (((0.3, 0.5), (0.31, 0.52)), "It cannot be said."),  # two have no interval
    ):
        assert verdict.headline_of_seeds(seeds(*pairs)).startswith(answer)
    every = seeds((0.3, 0.5), (0.31, 0.52), (0.28, 0.5))
    for r in every:
        r["untrained"]["sigma_theta_rad"] = 0.1  # over the path it got worse
    assert any("path says otherwise" in text for text in verdict.details_of_seeds(every))


def test_the_window_of_the_training_decides():
    r = numbers(0.3, 0.9) | {"untrained": numbers(0.5, 0.9), "deciding_window": "path"}
    r["sigma_theta_rad"] = 0.8
    assert outcome.lower(r) is False and "of the path" in outcome.headline(r)
    assert outcome.decides(r).startswith("The path decides")
    assert any("The body says otherwise" in text for text in verdict.details(r))


def test_a_path_that_says_otherwise_is_mentioned():
    r = numbers(0.3, 0.9) | {"untrained": numbers(0.5, 0.9)}
    assert not any("otherwise" in text for text in verdict.details(r))
    r["sigma_theta_rad"] = 0.8
    assert any("otherwise" in text for text in verdict.details(r))


def test_one_decoded_bin_is_not_called_too_little():
    r = numbers(None, 1.0) | {"untrained": numbers(None, 0.3)}
    trained, untrained = (Page(str(t)).text for t in verdict.details(r) if "rained:" in t)
    assert "single bin" in trained and "too little" not in trained
    assert "only 30% of the body" in untrained and "too little" in untrained


WINDOW = ("--eval-x-min", "1", "--eval-x-max", "2")


def test_numbers_of_a_window_are_those_of_its_steps_and_carry_its_name(tmp_path):
    run = program.shared(*WINDOW)
    r, page = run.results(), read(copy_of(run, tmp_path))
    share = r["valid_fraction_window"], r["untrained"]["valid_fraction_window"]
    assert share[0] > 2 * r["valid_fraction"]
    shown = [number(v) for v in share] + [number(share[0] - share[1], signed=True)]
    assert page.row("valid fraction, 1 to 2 cm")[1:] == shown
    assert page.row("σθ, 1 to 2 cm (rad)")[1] == number(r["sigma_theta_rad"])
    closing = " ".join(run.said.split())
    assert f"valid share of 1 to 2 cm {' '.join(shown)}" in closing
    assert f"sigma_theta, 1 to 2 cm (rad) {number(r['sigma_theta_rad'])}" in closing
    learned = page.source.split('id="made"')[0]
    assert not re.search(r"\bpath\b", Page(learned.split('id="learned"')[1]).text + closing)


def test_the_table_of_several_seeds_shows_the_share_of_the_window():
    def seed(number, valid):
        both = numbers(0.3, 0.9) | {"valid_fraction_window": valid, "valid_fraction": 0.2}
        window = {"eval_x_min_cm": 1.0, "eval_x_max_cm": 2.5}
        return both | window | {"seed": number, "untrained": both}

    table = verdict.table_of_seeds([seed(1, 0.8), seed(2, 1.0)])
    assert ("valid fraction, 1 to 2.5 cm", 2) in table.spans
    assert [row[-2:] for row in table.rows] == [("0.800", "0.800"), ("1.000", "1.000")]
    assert table.foot[0][-2:] == ("0.900", "0.900")


@pytest.mark.parametrize(
    ("window", "place"), [((None, None), "the path"), ((1.0, 2.0), "the window 1 to 2 cm")]
)
def test_warnings_tell_too_little_from_a_single_bin_and_name_the_place(window, place):
    def outcome(valid):
        path = SimpleNamespace(silent=False, valid_fraction_window=valid, sigma_theta=np.nan)
        spikes = {"ts": SimpleNamespace(index=np.ones(1))}
        return SimpleNamespace(path=path, spikes=spikes)

    params = NetworkParams(eval_x_min_cm=window[0], eval_x_max_cm=window[1])
    where = summary.spoken(summary.place(params.eval_window_cm))
    assert f"only 30% of {place} could be decoded" in why_not(outcome(0.3), where)
    single = why_not(outcome(1.0), where)
    assert f"single bin of {place}," in single and "%" not in single


def test_sentences_name_the_window_in_place_of_the_path():
    r = numbers(0.3, 0.9) | {"untrained": numbers(0.5, 0.9), "sigma_theta_rad": 0.8}
    r["chance_sigma_theta_rad"] = {"p05": 1.9, "p95": 2.7, "n_bins": 80}
    whole = Page(report.marked_up(" ".join([*verdict.details(r), verdict.chance(r)]))).text
    assert "The whole path says otherwise, and does not count. The map is worse" in whole
    assert "on the path" in whole
    r |= {"eval_x_min_cm": 1.0, "eval_x_max_cm": 2.0}
    said = Page(report.marked_up(" ".join([*verdict.details(r), verdict.chance(r)]))).text
    assert "The window 1 to 2 cm says otherwise, " in said
    assert "σθ of the window 1 to 2 cm" in said
    assert "path" not in said and "in the window 1 to 2 cm (5 to 95 %" in said


# --- pictures, equations, plots --------------------------------------------------------


def test_wide_pictures_are_scaled_down_and_transparent_ones_get_a_white_ground(tmp_path):
    file = tmp_path / "wide.png"
    Image.new("RGBA", (3 * report.MAX_WIDTH, 30), (0, 0, 0, 0)).save(file)
    uri, width, height, dense = report.embedded(file)
    assert (width, height, dense) == (report.MAX_WIDTH, 10, False)
    image = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB")
    assert np.asarray(image).min() > 250


@pytest.mark.parametrize("colour, dense", [("#440154", True), ("#fde725", True), ("#aaa", False)])
def test_a_heat_map_keeps_its_colours_in_the_dark(tmp_path, colour, dense):
    image = Image.new("RGB", (400, 200), "white")
    image.paste(colour, (0, 0, 100, 100))  # an eighth of it
    image.save(tmp_path / "map.png")
    assert report.embedded(tmp_path / "map.png")[3] is dense


EQUATIONS = """
dv_x/dt = (E_L - v_x)/tau_m : volt  # membrane
tau_m   : second (shared, constant)
rate    = gain*A*int(v_x > E_L) : Hz
A       : 1/meter
gain    : meter*Hz
E_L     : volt
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PROGRAM_CACHE", str(tmp_path / "programs"))


def test_equations_become_mathml_with_their_units(cache):
    (part,) = mathml.rendered([("Cells", EQUATIONS)])
    rows = {html.unescape(re.sub("<.*?>", "", row.left)): row for row in part.rows}
    assert "<mfrac>" in rows["dvxdt"].left and "<mfrac>" in rows["dvxdt"].right
    assert (rows["dvxdt"].unit, rows["dvxdt"].comment) == ("V", "membrane")
    assert "<msub>" in rows["τm"].left
    assert "<mtext>gain</mtext>" in rows["rate"].right  # not g·a·i·n
    assert "<mtext>int</mtext>" in rows["rate"].right and rows["rate"].unit == "Hz"
    assert rows["A"].unit == "m^-1" and not rows["A"].right
    assert all("math" in row.left for row in part.rows)


def test_statements_stay_code(cache):
    (part,) = mathml.rendered([("Spike", "g_e_post += w\nw = clip(w, 0, w_max)")])
    assert part.rows == [] and part.code.startswith("g_e_post")


def test_equations_are_rendered_once(cache, monkeypatch):
    first = mathml.rendered([("Cells", EQUATIONS)])

    def fails(code):
        raise RuntimeError("rendered again")

    monkeypatch.setattr(mathml, "rows_of", fails)
    assert mathml.rendered([("Cells", EQUATIONS)]) == first
    (other,) = mathml.rendered([("Cells", EQUATIONS.replace("membrane", "voltage"))])
    assert other.rows == [] and "voltage" in other.code  # shown as code where rendering fails


def test_a_damaged_cache_is_rendered_anew(cache):
    first = mathml.rendered([("Cells", EQUATIONS)])
    (file,) = Path(mathml.cache_folder() / "equations").iterdir()
    file.write_text('[{"title": 1}]')
    assert mathml.rendered([("Cells", EQUATIONS)]) == first


def test_the_models_equations_are_all_on_the_page(page):
    assert page.source.count("<math") > 20 and "g_e_post += G*w" in page.text
    assert "learn*A*(D_post - D_mean_post)" in page.text and "n_spikes_post" in page.text
    assert "m<sup>−1</sup>" in page.source


def test_without_plotly_the_page_says_how_to_get_it(tmp_path, monkeypatch):
    folder = copy_of(program.full(), tmp_path)
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    page = read(folder)
    assert "pip install -r requirements-extra.txt" in page.text
    assert "zoomable" not in page.source and "unsafe-eval" not in page.source


def test_zoomable_rasters_hold_the_spikes_of_the_test():
    seed = Run(program.full().folder).seed(SEED)
    shown = zoomable.content(seed)
    types = {"Uint16Array": np.uint16, "Uint32Array": np.uint32, "Float32Array": np.float32}

    def array(packed):
        return np.frombuffer(base64.b64decode(packed["data"]), types[packed["type"]])

    by_name = {panel["name"]: panel for panel in shown["rasters"]["panels"]}
    for name, phase in (("TS, trained", "test"), ("TS, untrained", "untrained")):
        spikes = seed.spikes(phase, "ts")
        np.testing.assert_array_equal(array(by_name[name]["step"]), spikes.step)
        np.testing.assert_array_equal(array(by_name[name]["cell"]), spikes.index)
    layer = shown["tuning"]["layers"][-1]
    rates = array(layer["rates"][0]).reshape(len(layer["cells"]), -1)
    assert rates.shape[0] == seed.params.n_ts and rates.max() > 0
    json.dumps(shown, allow_nan=False)


def test_large_layers_are_thinned_and_the_page_says_so(monkeypatch):
    seed = Run(program.full().folder).seed(SEED)
    n = max(seed.spikes(phase, "mon").index.size for phase in ("test", "untrained"))
    monkeypatch.setattr(zoomable, "MAX_SPIKES", n // 2)
    monkeypatch.setattr(zoomable, "MAX_TUNED", 40)
    assert "1 MON cell in" in zoomable.limits(seed) and "40 cells" in zoomable.limits(seed)
    names = [panel["name"] for panel in zoomable.rasters(seed)["panels"]]
    assert any(re.match(r"MON, trained \(1 cell in \d\)", name) for name in names)
    assert [len(layer["cells"]) for layer in zoomable.tuning(seed)["layers"]] == [30, 40, 24]
