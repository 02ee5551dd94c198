"""Figures of the map that TS has of the source: after training, and on the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.page import colour_of, legend
from models.lateral_line import cell_tuning, map_metrics
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import Seed
from models.lateral_line.show import map_panels, position_panels
from models.lateral_line.show.map_course import Course
from models.lateral_line.show.map_panels import ALIGNED_CELLS, CELLS, SHARE, TRIALS
from models.lateral_line.show.overviews import number
from models.lateral_line.show.pages import CONDITIONS, page, remarks, spike_words
from models.lateral_line.show.panels import SIGMA

N_MOMENTS, N_COLUMNS = 10, 5
POSITION = "source x (cm)"
TITLES = (
    "Order of the map: rank correlation of distances in TS and of preferred positions",
    f"Spread of the decoding error, {SIGMA}",
    "Reach of the messenger: SD of its spread",
)
Chance = tuple[float | None, float | None]  # 5 and 95 % quantiles


@dataclass(frozen=True, eq=False)
class Tested:
    """What a test says of the map of one network; its numbers are of the body, None undefined."""

    share: np.ndarray  # (n_ts, n_bins) rates over the path, each cell over its peak; NaN: not tuned
    ends_cm: tuple[float, float]
    order: float | None
    order_chance: Chance
    single_peaked_share: float | None
    sigma_theta_rad: float | None  # as the cells are numbered; of several passes an offset is free
    valid_fraction: float
    aligned_rad: float | None = None
    aligned_chance: Chance = (None, None)
    cells: tuple | None = None  # see `map_metrics.aligned_cells`

    @staticmethod
    def of(saved: Seed, label: str) -> Tested:
        p, passes, r = saved.params, saved.passes(CONDITIONS[label]), saved.numbers(label)
        ends = float(passes[0].x_cm.min()), float(passes[0].x_cm.max())
        tuning = cell_tuning.cell_tuning(passes, p.n_ts, p.dt_s, ends)
        share, found = map_panels.share_of_peak(tuning.rate_Hz, tuning.tuned), r.get("map")
        if found is None:
            numbers = of_one_pass(passes, p)
            sigma = r["sigma_theta_body_rad"], r["valid_fraction_body_window"]
            return Tested(share, ends, *numbers, *sigma)
        body = found["body"]
        return Tested(
            share,
            ends,
            found["order"],
            chance(found["order_chance"]),
            found["single_peaked_share"],
            body["sigma_theta_unaligned_rad"],
            body["valid_fraction"],
            body["sigma_theta_rad"],
            chance(body["sigma_theta_chance_rad"]),
            map_metrics.aligned_cells(body["reflected"], body["rotation_rad"], p.n_ts),
        )

    def title(self, aligned: bool) -> str:
        """What was done to the cells, and the numbers that follow."""
        sigma = self.aligned_rad if aligned else self.sigma_theta_rad
        sigma = f"{SIGMA} {number(sigma, ' rad')}, valid {self.valid_fraction:.2f}"
        if not aligned:
            peaks = self.single_peaked_share
            single = "" if peaks is None else f", {peaks:.0%} single-peaked"
            return f"as the cells are numbered\norder {said(self.order)}{single}; {sigma}"
        if self.cells is None:
            return f"no alignment: nothing was decoded\n{sigma}"
        _, turned, mirrored = self.cells
        return f"aligned: {'mirrored and ' * mirrored}turned by {turned} cells\n{sigma}"

    def rows(self, aligned: bool) -> np.ndarray:
        """`share`, as the cells are numbered or after the alignment."""
        return self.share[self.cells[0]] if aligned and self.cells else self.share


def chance(quantiles: Mapping[str, float | None]) -> Chance:
    return quantiles["p05"], quantiles["p95"]


def said(value: float | None) -> str:
    """A number that may be negative."""
    return number(value).replace("-0.00", "0.00").replace("-", "−")


def of_one_pass(passes, p: NetworkParams):
    """Order, its chance, and share of cells with one peak, which results have of several passes."""
    window = p.body_window_cm
    tuning = cell_tuning.cell_tuning(passes, p.n_ts, p.dt_s, window)
    found = map_metrics.map_order(tuning.preferred_cm, tuning.tuned, window, p.n_ts)
    low, _, high = found.order_permuted
    defined = (found.order, low, high, tuning.single_peaked_share)
    order, low, high, single = (None if np.isnan(value) else value for value in defined)
    return order, (low, high), single


def map_by_position(saved: Seed) -> Figure | None:
    """Rate of every TS cell by source position in the test, each row over its own peak: trained
    beside untrained, as the cells are numbered and, of a test of several passes, after the one
    rotation and reflection that suit each network best. A map is a band that rises or falls from
    cell to cell, and after the alignment follows the dashed line; no map is noise, however it is
    turned. Single-peaked is the share of the tuned cells whose curve has one peak. Dotted lines are
    the ends of the body, grey rows cells that are not tuned."""
    if "passes_x_cm" not in saved.recordings:
        return None  # a run of an earlier program
    found = {label: Tested.of(saved, label) for label in CONDITIONS}
    n_rows = 2 if saved.params.test_passes > 1 else 1
    figure = page(saved, 1.5 + 3.8 * n_rows, map_subject(saved, found))
    axes = figure.subplots(n_rows, 2, sharex=True, sharey=True, squeeze=False)
    for k, ax in enumerate(axes.ravel()):
        label, aligned = list(found)[k % 2], k > 1
        draw_tested(ax, saved, found[label], aligned)
        ax.set(xlabel=POSITION, ylabel=ALIGNED_CELLS if aligned else CELLS)
        ax.set_title(f"{'ABCD'[k]}  {label}, {found[label].title(aligned)}", color=colour_of(label))
        ax.label_outer()
    figure.colorbar(axes[0, 0].images[0], ax=axes, label=SHARE, pad=0.01, aspect=40)
    if n_rows > 1:
        legend(figure, axes[1, 0])
    return figure


def draw_tested(ax, saved: Seed, tested: Tested, aligned: bool):
    """One network; on what is aligned also where a perfect map of the body would be."""
    p = saved.params
    map_panels.draw_map(ax, tested.rows(aligned), tested.ends_cm, p.ll_body_length_cm)
    if aligned:
        position_panels.draw_body_map(ax, 0.0, p.ll_body_length_cm, p.n_ts)
    return ax


def map_subject(saved: Seed, found: Mapping[str, Tested]) -> str:
    """What the panels show, and what chance gives."""
    n = saved.params.test_passes
    passes = f"{n} passes" if n > 1 else "one pass"
    shown = {"trained": found["trained"]} if remarks(saved) else found
    chances = []
    for label, tested in shown.items():
        band = [f"order {reach(tested.order_chance)}"]
        band += [f"{SIGMA} {reach(tested.aligned_chance)} rad"] if n > 1 else []
        chances.append(f"{label} {', '.join(band)}")
    line_break = "\n" if n > 1 else " "
    return (
        f"Rate of the {saved.params.n_ts} TS cells by source position, {passes} of the test; "
        "numbers are of the body\n"
        f"Chance, with the cells in random order (5 to 95 %):{line_break}{'; '.join(chances)}"
        + spike_words(saved, "ts")
    )


def reach(band: Chance) -> str:
    return "undefined" if None in band else " to ".join(map(said, band))


def map_over_training(saved: Seed) -> Figure | None:
    """The map at moments of the training, evenly apart, from the untouched network to the last
    record: rate of every TS cell by the position at which the source is held, each row over its
    own peak. Look for when noise becomes a band, how that tears or straightens, and whether it
    still changes at the end. Grey: a cell that is not tuned, or where the source was not held."""
    course = Course.of(saved)
    if course is None:
        return None
    moments = course.moments(N_MOMENTS)
    n_rows = 1 if len(moments) <= N_COLUMNS else 2
    n_columns = -(-len(moments) // n_rows)
    p, every = saved.params, np.diff(course.trial[-2:])[0]
    trials = f"{every} trials" if every > 1 else "trial"
    subject = f"TS cells by position of the held source, over the last {trials} before each moment"
    figure = page(saved, 1.4 + 3.1 * n_rows, subject)
    axes = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for place, (ax, k) in enumerate(zip(axes.ravel(), moments, strict=False)):
        map_panels.draw_map(ax, course.share(k), p.training_window_cm, p.ll_body_length_cm)
        ax.set_title(course.moment(k))
        is_left, is_bottom = place % n_columns == 0, place + n_columns >= len(moments)
        ax.set(xlabel=POSITION if is_bottom else "", ylabel=CELLS if is_left else "")
        ax.tick_params(labelbottom=is_bottom, labelleft=is_left)
    for ax in axes.ravel()[len(moments) :]:
        ax.remove()
    shown = axes.ravel()[: len(moments)]
    figure.colorbar(shown[0].images[0], ax=list(shown), label=SHARE, pad=0.01, aspect=40)
    return figure


def order_over_training(saved: Seed) -> Figure | None:
    """Order of the map over training (rank correlation of the distance of two cells in TS with that
    of the positions they prefer: 1 is a map, 0 is none), and the spread of its decoding error.
    Grey is chance; the first point is of the untouched network, those at the right are of the test
    after the training. Look for when the order leaves chance, and whether it is lost again. In
    training sources are held, so its numbers and those of the test are of different stimuli."""
    course = Course.of(saved)
    if course is None:
        return None
    has_reach = course.params.has_messenger
    figure = page(saved, 8.2 if has_reach else 6.8, "Order of the map over training")
    ratios = (3, 3, 1.1) if has_reach else (1, 1)
    axes = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    found = {label: saved.numbers(label).get("map") for label in CONDITIONS}
    was_tested = None not in found.values()  # in several passes
    draw_courses(axes, course, bare=was_tested)
    if was_tested:
        draw_tests(axes, course.trial[-1], found)
    for ax, letter, title in zip(axes, "ABC", TITLES, strict=False):
        ax.set_title(f"{letter}  {title}")
    for ax in axes[:2]:
        style.legend_above(ax, ncols=5)
    axes[-1].set_xlabel(TRIALS)
    return figure


def draw_courses(axes, course: Course, bare: bool = False):
    """Order, `sigma_theta` and, where there is a messenger, its reach; the axes of a column.

    `bare` of the chance of `sigma_theta` without order, which neighbouring bins beat.
    """
    looks = (style.LINE["trained"], map_panels.MIRRORED)
    map_panels.draw_course(axes[0], course.trial, course.order, "in training")
    map_panels.frame_order(axes[0], course.order_chance)
    for look, (label, sigma) in zip(looks, course.sigma.items(), strict=False):
        map_panels.draw_course(axes[1], course.decode_trial, sigma, label, look)
    map_panels.frame_sigma(axes[1], None if bare else course.sigma_chance)
    if course.params.has_messenger:
        trial = np.arange(course.trial[-1] + 1)
        map_panels.draw_reach(axes[2], trial, course.reach(trial))
    axes[0].set_xlim(-0.01 * course.trial[-1], 1.01 * course.trial[-1])
    return axes


def draw_tests(axes, last: int, found: Mapping[str, Mapping]) -> None:
    """To the right of the panels the test after `last` trials, with what chance gives there."""
    places = {"trained": 1.035 * last, "untrained": 1.065 * last}
    body = {label: numbers["body"] for label, numbers in found.items()}
    chances = {label: chance(b["sigma_theta_chance_rad"]) for label, b in body.items()}
    chances = {label: band for label, band in chances.items() if None not in band}
    order = {label: numbers["order"] for label, numbers in found.items()}
    sigma = {label: b["sigma_theta_rad"] for label, b in body.items()}
    map_panels.draw_tests(axes[0], places, defined(order))
    map_panels.draw_tests(axes[1], places, defined(sigma), chances)
    map_panels.frame_sigma(axes[1])
    ticks = [t for t in axes[-1].get_xticks() if 0 <= t <= last]
    axes[-1].set_xticks([*ticks, 1.05 * last], [*(f"{t:g}" for t in ticks), "test"])
    for ax in axes:
        ax.axvline(1.015 * last, color=style.CHANCE, lw=1)
    axes[0].set_xlim(right=1.085 * last)


def defined(values: Mapping[str, float | None]) -> dict[str, float]:
    return {label: value for label, value in values.items() if value is not None}
