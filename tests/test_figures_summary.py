"""The figure of several seeds, and the one of the stimulus alone."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest

from driver.experiment import statistics
from driver.figures import style
from models.lateral_line.saved import Run
from models.lateral_line.show import stimulus_figure, summary_figure
from tests.figure_run import make_sweep, texts
from tests.program import rewrite

UNDEFINED = dict.fromkeys(
    ("sigma_theta_rad", "sigma_theta_body_rad", "delta_trial_rad", "delta_trial_body_rad")
) | dict(valid_fraction_window=0.0, valid_fraction_body_window=0.0, silent=True)
EVEN = dict.fromkeys(
    (
        *("delta_trial_rad", "delta_trial_body_rad"),
        *("valid_fraction_window", "valid_fraction_body_window"),
    ),
    0.75,  # the mean of many is the same to the last bit
)
POOR = {"valid_fraction_window": 0.4, "valid_fraction_body_window": 0.9}


def sigma(value: float, body: float = 1.0, **more) -> dict:
    usual = {"valid_fraction_window": 0.9, "valid_fraction_body_window": 0.9}
    return usual | {"sigma_theta_rad": value, "sigma_theta_body_rad": body, **more}


def summary(path, n_seeds, results):
    with style.applied():
        return summary_figure.multiseed_summary(Run(make_sweep(path, n_seeds, results)))


def points(ax, marker: str) -> list[tuple]:
    """Place, value and whether filled, of the points of the seeds."""
    found = []
    for line in ax.lines:
        if line.get_marker() == marker and line.get_linestyle() == "None":
            filled = line.get_markerfacecolor() != "white"
            found += [(x, y, filled) for x, y in line.get_xydata() if np.isfinite(y)]
    return sorted(found)


def means(ax) -> list[float]:
    return [container.lines[0].get_ydata()[0] for container in ax.containers]


def test_seeds_have_their_numbers_and_twins_stand_together(tmp_path):
    results = {
        7: (sigma(0.5, 0.6), sigma(0.4, 0.3)),
        8: (sigma(0.7, 0.8), sigma(0.2, 0.1)),
        9: (sigma(0.9, 0.7), sigma(0.6, 0.2)),
    }
    figure = summary(tmp_path / "run", 3, results)
    path, body = figure.axes[:2]
    assert points(path, "o") == [(0, 0.5, True), (1, 0.7, True), (2, 0.9, True)]
    assert points(path, "s") == [(0, 0.4, True), (1, 0.2, True), (2, 0.6, True)]
    assert [y for _, y, _ in points(body, "o")] == [0.6, 0.8, 0.7]
    joined = [segment for line in path.collections[:1] for segment in line.get_segments()]
    assert [tuple(s[:, 1]) for s in joined] == [(0.4, 0.5), (0.2, 0.7), (0.6, 0.9)]
    ticks = [t.get_text() for t in figure.axes[-1].get_xticklabels()]
    assert ticks == ["7", "8", "9", "mean"]
    assert means(path) == pytest.approx([0.4, 0.7])
    assert "chance" in texts(figure) and "3 seeds" in texts(figure)


def bars(ax) -> list[list[float]]:
    """Ends of the intervals around the means, untrained and trained; none without an interval."""
    ends = [c.lines[2][0].get_segments()[0][:, 1] if c.lines[2] else [] for c in ax.containers]
    return [list(map(float, pair)) for pair in ends]


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_means_of_few_seeds_have_t_intervals_of_the_defined_values(tmp_path):
    results = {7 + k: (sigma(0.4 + 0.1 * k), sigma(0.3)) for k in range(3)} | {
        10: (UNDEFINED, sigma(0.3))
    }
    figure = summary(tmp_path / "run", 4, results)
    untrained, trained = bars(figure.axes[0])
    half = 4.302653 * 0.1 / np.sqrt(3)  # t of 2 degrees, 97.5 %
    assert trained == pytest.approx([0.5 - half, 0.5 + half])
    assert untrained == pytest.approx([0.3, 0.3])
    assert "mean, 95 % t interval" in legend_of(figure)


def test_means_of_ten_seeds_have_the_interval_of_all_other_tables(tmp_path):
    values = 0.3 + np.random.default_rng(2).exponential(0.2, 10)
    twins = values[::-1] ** 2
    pairs = [(sigma(v, **EVEN), sigma(t, **EVEN)) for v, t in zip(values, twins, strict=True)]
    figure = summary(tmp_path / "run", 10, {7 + k: pair for k, pair in enumerate(pairs)})
    expected = statistics.estimate(values)
    assert bars(figure.axes[0])[1] == pytest.approx([expected.low, expected.high])
    pairs = statistics.paired(values, twins).difference
    ends = f"[{pairs.low:+.3f}, {pairs.high:+.3f}]".replace("-", "−")
    assert ends in figure.axes[0].get_title("left")
    assert "mean, 95 % t interval" in legend_of(figure)


def test_one_finished_seed_has_no_method_in_the_legend(tmp_path):
    figure = summary(tmp_path / "run", 2, {8: (sigma(0.5), sigma(0.3))})
    assert "mean" in legend_of(figure) and bars(figure.axes[0]) == [[], []]


def test_enough_decoded_in_a_single_bin_is_no_usable_map(tmp_path):
    one_bin = sigma(None, None)
    figure = summary(tmp_path / "run", 2, {7: (one_bin, sigma(0.3)), 8: (sigma(0.2), sigma(0.3))})
    valid = figure.axes[4]
    assert points(valid, "o") == [(0, 0.9, False), (1, 0.9, True)]


def test_the_difference_is_that_of_pairs(tmp_path):
    results = {7: (sigma(0.9), sigma(0.5)), 8: (sigma(0.6), sigma(0.4)), 9: (UNDEFINED, sigma(3.0))}
    title = summary(tmp_path / "run", 3, results).axes[0].get_title("left")
    assert "n = 2 trained, 3 untrained" in title and "undefined: 1 trained" in title
    assert "+0.300, n = 2" in title  # differences 0.4 and 0.2: two have no interval


def test_undefined_is_counted_poor_is_hollow_and_failed_is_named(tmp_path):
    results = {
        7: (sigma(0.5), UNDEFINED),
        9: (sigma(0.3, **POOR), sigma(0.4)),
        10: (UNDEFINED,) * 2,
    }
    figure = summary(tmp_path / "run", 4, results)
    path, body, *_, valid, _ = figure.axes
    assert points(path, "o") == [(0, 0.5, True), (1, 0.3, False)]
    assert points(path, "s") == [(1, 0.4, True)]
    assert points(body, "o") == [(0, 1.0, True), (1, 1.0, True)]  # of the body enough was decoded
    assert "undefined: 1 trained, 2 untrained" in path.get_title("left")
    assert points(valid, "o") == [(0, 0.9, True), (1, 0.4, False), (2, 0.0, False)]
    assert any(np.all(np.asarray(line.get_ydata()) == 0.6) for line in valid.lines)
    assert "not finished, and not shown: seed 8" in texts(figure)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({}, "no seed has results"),
        ({7: (UNDEFINED, UNDEFINED), 8: (UNDEFINED, UNDEFINED)}, "TS is silent"),
    ],
)
def test_with_nothing_to_show_every_panel_says_so(tmp_path, results, words):
    figure = summary(tmp_path / "run", 2, results)
    assert all(words in texts(ax) for ax in figure.axes[:4])


def test_one_finished_seed_has_means_without_an_interval(tmp_path):
    title = summary(tmp_path / "run", 2, {8: (sigma(0.5), sigma(0.3))}).axes[0].get_title("left")
    assert "+0.200, n = 1" in title and "[" not in title


def test_the_evaluation_window_is_named_in_place_of_the_path(tmp_path):
    folder = make_sweep(tmp_path / "run", 2, eval_x_min_cm=0.5, eval_x_max_cm=2.5)
    with style.applied():
        figure = summary_figure.multiseed_summary(Run(folder))
    assert figure.axes[0].get_title("left").startswith("A  0.5 to 2.5 cm")


def test_numbers_come_from_the_results_of_the_seeds_alone(tmp_path):
    folder = make_sweep(tmp_path / "run", 2)
    for file in (folder / "artifacts").glob("*.npz"):
        file.unlink()
    file = folder / "artifacts" / "seed_8_results.json"
    rewrite(file, lambda content: content.update(sigma_theta_rad=1.25))
    assert points(summary_figure.multiseed_summary(Run(folder)).axes[0], "o")[1][1] == 1.25


def test_many_seeds_keep_legible_numbers(tmp_path):
    one = sigma(0.5, **EVEN)
    figure = summary(tmp_path / "run", 100, {7 + k: (one, one) for k in range(60)})
    ticks = [t.get_text() for t in figure.axes[-1].get_xticklabels()]
    assert len(ticks) <= 17 and ticks[0] == "7" and ticks[-1] == "mean"
    assert "and 24 more" in texts(figure)


# --- stimulus ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stimulus():
    with style.applied():
        return stimulus_figure.stimulus_figure()


def test_the_stimulus_figure_shows_six_sweeps_with_one_quantity_on_each_axis(stimulus):
    images = [ax for ax in stimulus.axes if ax.images]
    assert [ax.get_title("left")[3:] for ax in images] == [
        f"{d} cm, {arrow}" for d in (0.7, 1.5, 2.3) for arrow in "→←"
    ]
    assert not any(ax.lines for ax in images)  # a rate is not a place
    assert len({ax.images[0].get_clim() for ax in images}) == 1
    assert all(ax.images[0].get_array().shape == (30, 600) for ax in images)
    mean = next(ax for ax in stimulus.axes if ax.get_ylabel() == "mean LL rate (Hz)")
    shown = [line.get_ydata() for line in mean.lines]
    assert np.array(shown) == pytest.approx(
        np.array([ax.images[0].get_array().mean(axis=0) for ax in images])
    )


def test_the_source_passes_the_body_at_ten_cm_per_second(stimulus):
    source = next(ax for ax in stimulus.axes if ax.get_ylabel() == "source X (cm)")
    forth, back = (line for line in source.lines if line.get_label() in "→←")
    for line, sign in ((forth, 1), (back, -1)):
        t_s, x_cm = line.get_xydata().T
        assert np.ptp(x_cm) / np.ptp(t_s) == pytest.approx(10)
        assert (np.diff(x_cm) * sign > 0).all() and x_cm.min() < 0 and x_cm.max() > 4


def test_the_flow_is_strongest_near_and_turns_with_the_direction(stimulus):
    rates = [np.asarray(ax.images[0].get_array()) for ax in stimulus.axes if ax.images]
    spread = [hz.std() for hz in rates]
    for near, middle, far in (spread[::2], spread[1::2]):
        assert near > middle > far
    forth, back = rates[:2]  # over the middle of the body
    assert forth[15].argmax() == pytest.approx(300, abs=40)
    assert back[15, 290:310].max() == 0


def test_the_stimulus_figure_is_written_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(style.SETTINGS, "savefig.dpi", 30)  # sooner drawn
    target = tmp_path / "stimulus.png"
    assert stimulus_figure.draw_stimulus_figure(target) == target
    assert matplotlib.image.imread(target).shape[:2] == (11 * 30, 13 * 30)
    assert [f.name for f in tmp_path.iterdir()] == ["stimulus.png"]
