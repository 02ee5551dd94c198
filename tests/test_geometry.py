"""What the afferents tell apart: likeness of places, ghosts, and the published numbers of both."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.figures import style
from models.lateral_line.analyses import figures as figures
from models.lateral_line.analyses import geometry
from models.lateral_line.analyses.geometry import SINGLE, Source
from stimulus import StimulusParams, neuromast_positions
from tests.figure_run import new_axes, saved_run, texts

X_CM = geometry.source_positions(4.0)
XI_CM = neuromast_positions(100, 4.0)


def rates(**changes) -> np.ndarray:
    return geometry.rates_hz(X_CM, XI_CM, dataclasses.replace(SINGLE, **changes))


@pytest.fixture(scope="module")
def c():
    return geometry.correlation(rates())


@pytest.fixture(scope="module")
def distances():
    return geometry.over_distances(X_CM, XI_CM)


# --- rates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset_cm, hz", [(0.0, 200.0), (0.4, 92.407843), (0.8, 7.631220), (2.0, 25.121672)]
)
def test_rates_are_those_of_the_stimulus(offset_cm, hz):
    assert geometry.rates_hz([2.0], [2.0 + offset_cm])[0, 0] == pytest.approx(hz, abs=1e-6)


def test_the_grid_reaches_half_a_centimetre_beyond_the_body():
    assert (X_CM[0], X_CM[-1], X_CM.size) == (-0.5, 4.5, 200)


def test_the_rate_law_is_that_of_the_run():
    quiet = StimulusParams(r0_hz=10.0, rmax_hz=50.0)
    hz = geometry.rates_hz(X_CM, XI_CM, SINGLE, quiet)
    assert hz.max() == 50.0 and np.median(hz) < 20


# --- likeness ----------------------------------------------------------------------------


def test_the_correlation_is_pearsons(c):
    np.testing.assert_allclose(c, np.corrcoef(rates()), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.floats(0, 500))
def test_scale_and_offset_of_the_rates_change_no_correlation(scale, offset):
    some = rates()[::10]
    changed = geometry.correlation(scale * some + offset)
    np.testing.assert_allclose(changed, geometry.correlation(some), atol=1e-9)


def test_the_body_has_no_preferred_end(c):
    np.testing.assert_allclose(c, c[::-1, ::-1], atol=1e-9)


def test_a_place_where_all_afferents_fire_alike_is_undefined():
    some = rates()[::40]
    some[2] = 41.3
    found = geometry.correlation(some)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    assert np.isfinite(np.delete(np.delete(found, 2, 0), 2, 1)).all()


def test_partners_are_sought_among_far_places_only():
    x_cm = np.array([0.0, 0.95, 1.95, 3.0])
    similarity = np.full((4, 4), 0.1)
    similarity[0, 1] = similarity[1, 0] = 0.99  # near
    similarity[0, 3] = similarity[3, 0] = 0.85
    found = geometry.partners(similarity, x_cm)
    assert (found.largest, found.share) == (0.85, 0.5)
    lower = geometry.partners(np.where(similarity == 0.85, 0.79, similarity), x_cm)
    assert (lower.largest, lower.share) == (0.79, 0.0)


def test_ghosts_count_both_signs_inside_the_window_only():
    x_cm = np.array([0.0, 1.0, 2.0, 5.0])
    similarity = np.eye(4)
    for (i, k), value in {(0, 1): 0.3, (1, 2): -0.5, (0, 2): 0.1, (2, 3): 0.9}.items():
        similarity[i, k] = similarity[k, i] = value
    found = geometry.ghosts(similarity, x_cm)
    assert found.largest == 0.3
    assert found.rms == pytest.approx(np.sqrt((0.09 + 0.25 + 0.01) / 3))


def test_without_a_defined_pair_there_is_no_number():
    undefined = np.full((4, 4), np.nan)
    x_cm = np.arange(4.0)
    found = geometry.partners(undefined, x_cm), geometry.ghosts(undefined, x_cm)
    assert np.isnan([v for f in found for v in dataclasses.astuple(f)]).all()
    assert np.isnan(geometry.by_separation(undefined)).all()
    assert np.isnan(geometry.partners(np.ones((2, 2)), np.array([0.0, 0.1])).largest)


def test_the_profile_is_the_mean_and_the_largest_of_each_diagonal():
    similarity = np.array([[1, 0.2, -0.3], [0.2, 1, 0.6], [-0.3, 0.6, 1]])
    mean, largest = geometry.by_separation(similarity)
    np.testing.assert_allclose(mean, [1, 0.4, -0.3])
    np.testing.assert_allclose(largest, [1, 0.6, -0.3])


# --- published numbers (10.9) ------------------------------------------------------------


def test_the_published_geometry_comes_out(c):
    mean, _ = geometry.by_separation(c)
    apart = X_CM - X_CM[0]
    assert apart[np.argmax(mean < 0)] == pytest.approx(0.65, abs=0.01)
    near = apart < 2.5  # beyond, pairs are few
    assert mean[near].min() == pytest.approx(-0.487, abs=0.0015)
    assert apart[near][mean[near].argmin()] == pytest.approx(1.15, abs=0.03)
    assert c.min() == pytest.approx(-0.822, abs=5e-4)
    far = geometry.partners(c, X_CM)
    assert far.largest == pytest.approx(0.363, abs=5e-4)
    assert far.share == 0


@pytest.mark.parametrize(
    "d_cm, largest, rms",
    [(0.5, 0.206, 0.254), (0.8, 0.174, 0.344), (1.2, 0.466, 0.428), (2.0, 0.851, 0.538)],
)
def test_the_published_ghosts_of_a_distance_come_out(distances, d_cm, largest, rms):
    found = distances.ghosts[d_cm]
    assert (found.largest, found.rms) == pytest.approx((largest, rms), abs=5e-4)


def test_the_published_mean_over_distances_comes_out(distances):
    found = distances.averaged_ghosts
    assert (found.largest, found.rms) == pytest.approx((0.333, 0.357), abs=5e-4)
    assert distances.mean_rms == pytest.approx(0.391, abs=5e-4)
    assert distances.change_percent == pytest.approx(9, abs=0.5)


PUBLISHED = {
    "direction ±1": (0.177, -731, 2),
    "distance 0.5–2 cm": (0.068, -218, 8),
    "speed 3–8 cm/s": (0.024, -14, 6),
    "radius 0.3–0.7 cm": (0.029, -37, 5),
    "rich": (0.068, -217, 30),
}


def test_the_published_ensembles_come_out():
    found = geometry.over_ensembles(X_CM, XI_CM, empty=0.0)
    assert list(found) == ["single", *PUBLISHED]
    assert found["single"].ghosts.rms == pytest.approx(0.021, abs=5e-4)
    for name, (rms, change, n) in PUBLISHED.items():
        e = found[name]
        assert e.ghosts.rms == pytest.approx(rms, abs=5e-4), name
        assert e.change_percent == pytest.approx(change, abs=0.5), name
        assert e.n_conditions == n, name


# --- ensembles ---------------------------------------------------------------------------


def test_a_code_is_empty_where_the_threshold_is_the_ceiling():
    assert not geometry.code(rates(distance_cm=0.5, direction=-1.0, radius_cm=0.7)).any()
    assert np.mean(geometry.code(rates()) > 0) == pytest.approx(0.3, abs=0.01)


def test_an_empty_code_is_left_out_of_a_mean_and_counted():
    empty, full = Source(0.5, -1.0, radius_cm=0.7), Source(1.2)
    found = geometry.over_ensembles(X_CM, XI_CM, ensembles={"both": (empty, full), "one": (full,)})
    assert (found["both"].n_empty, found["one"].n_empty) == (1, 0)
    np.testing.assert_array_equal(found["both"].similarity, found["one"].similarity)
    as_zero = geometry.over_ensembles(X_CM, XI_CM, ensembles={"both": (empty, full)}, empty=0.0)
    assert as_zero["both"].ghosts.rms == pytest.approx(found["one"].ghosts.rms / 2)


def test_an_ensemble_of_nothing_but_empty_codes_is_undefined():
    empty = Source(0.5, -1.0, radius_cm=0.7)
    found = geometry.over_ensembles(X_CM, XI_CM, ensembles={"empty": (empty,)})["empty"]
    assert np.isnan(found.ghosts.rms) and np.isnan(found.change_percent)


def test_forward_and_backward_meet_two_centimetres_apart():
    found = geometry.over_ensembles(X_CM, XI_CM)["direction ±1"]
    mean, _ = geometry.by_separation(found.similarity)
    apart = X_CM - X_CM[0]
    window = (apart > 1) & (apart < 3)
    assert apart[window][mean[window].argmax()] == pytest.approx(2.0, abs=0.2)


# --- figures -----------------------------------------------------------------------------


@pytest.fixture
def styled():
    with style.applied():
        yield


def test_the_figures_of_the_variants_tell_the_numbers(tmp_path, styled):
    saved = saved_run(tmp_path / "run", n_ll=100)
    said = texts(figures.tuning_multimodality_distance(saved))
    for words in ("0.5 cm", "RMS 0.254", "RMS 0.538", "9 % below", "0.391", "ghost window"):
        assert words in said
    said = texts(figures.tuning_multimodality_ensemble(saved))
    for words in ("direction ±1", "731 % above", "30 conditions", "1 of them without a code"):
        assert words in said


def test_a_single_afferent_tells_no_places_apart_and_figures_say_so(tmp_path, styled):
    saved = saved_run(tmp_path / "run", n_ll=1)
    distance = texts(figures.tuning_multimodality_distance(saved))
    assert "can be compared" in distance and "undefined" in distance


def test_the_image_marks_far_places_that_look_alike(styled):
    x_cm = np.linspace(0, 4, 21)
    alike = np.eye(21)
    ax = figures.draw_similarity(new_axes(), x_cm, alike)
    plain = len(ax.collections)
    alike[2:4, 15:18] = 0.9
    ax = figures.draw_similarity(new_axes(), x_cm, alike)
    assert len(ax.collections) == plain + 1


def test_the_profile_shows_the_window_and_every_likeness(c, styled):
    lines = {"a": c, "b": -c}
    ax = figures.draw_ghost_profile(new_axes(), X_CM, lines, "correlation (1)")
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    for name, likeness in lines.items():
        np.testing.assert_allclose(drawn[name], geometry.by_separation(likeness)[0])
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.get_lines()}
    assert len(looks) == len(ax.get_lines())
