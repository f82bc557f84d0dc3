"""Fuzzy clusters, agreement of masks, contours and pixel classifiers: by hand, by MONAI, by phantoms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError, ImageError, LeakageError, PrognosisWarning
from imaging_head import fuzzy_c_means as clustering
from imaging_head.contour import contour_at, largest_part, optimum_contour
from imaging_head.delineation import FuzzyDelineator, PixelMachine, delineate_left_out
from imaging_head.fuzzy_c_means import fuzzy_c_means
from imaging_head.marked_images import MarkedImages, folds_of, pixel_features
from imaging_head.mask_agreement import dice, hd95
from imaging_head.phantom_tumours import simulate_tumours


def square(top, left, edge=4, size=16):
    mask = np.zeros((size, size), bool)
    mask[top : top + edge, left : left + edge] = True
    return mask


def slow_distances(mask, truth, spacing):
    """Distance of each pixel on the border of one mask to the border of the other, by looking at all of them."""
    borders = []
    for one in (mask, truth):
        wide, places = np.pad(one, 1), []
        for place in np.argwhere(one):
            steps = [place + 1 + sign * unit for unit in np.eye(one.ndim, dtype=int) for sign in (-1, 1)]
            places += [place] if not all(wide[tuple(step)] for step in steps) else []
        borders.append(np.array(places) * spacing)
    return np.sqrt(((borders[0][:, None] - borders[1]) ** 2).sum(axis=-1)).min(axis=1)


@pytest.fixture(scope="module")
def solid():
    """Five solid tumours, the first patient with two pictures."""
    made = simulate_tumours({"solid": 6}, seed=1)
    return MarkedImages(made.images, made.masks, ("S01", "S01", "S02", "S03", "S04", "S05"), made.spacing)


class TestFuzzyClusters:
    def test_three_points_and_two_centres_by_hand(self):
        # -1, 0, 1: centres -v and v with 3 v**4 + 6 v**2 - 5 = 0, shares of 1: (1 + v)**2 / (2 + 2 v**2)
        points = np.array([[-1.0], [0.0], [1.0]])
        found = fuzzy_c_means(points, 2, tolerance=1e-12, steps=1000)
        v = math.sqrt(math.sqrt(96) / 6 - 1)
        np.testing.assert_allclose(found.centres[:, 0], [-v, v], rtol=1e-12)
        share = (1 + v) ** 2 / (2 + 2 * v**2)
        np.testing.assert_allclose(
            found.memberships(points), [[share, 1 - share], [0.5, 0.5], [1 - share, share]], 1e-6
        )
        # the shares of 0 are one half: squared, times v**2, twice
        near, far = share**2 * (1 - v) ** 2, (1 - share) ** 2 * (1 + v) ** 2
        assert found.objective[-1] == pytest.approx(2 * (near + far) + 2 * 0.25 * v**2, rel=1e-12)

    def test_a_pixel_on_a_centre_belongs_to_it_alone(self):
        points = np.repeat([[0.0, 1.0], [4.0, 2.0]], 5, axis=0)
        found = fuzzy_c_means(points)
        np.testing.assert_array_equal(found.centres, [[0, 1], [4, 2]])
        np.testing.assert_array_equal(found.memberships(points), np.repeat(np.eye(2), 5, axis=0))

    @settings(max_examples=25)
    @given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from([1.3, 2.0, 3.0]), st.floats(1e-3, 1e3))
    def test_the_objective_never_rises_and_shares_sum_to_one(self, seed, clusters, fuzziness, scale):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(40, 2)) * [1, 5] + rng.integers(0, 3, (40, 1)) * 4
        found = fuzzy_c_means(values, clusters, fuzziness, steps=2000)
        falls = np.diff(found.objective)
        assert (falls <= 1e-9 * found.objective[0]).all()
        np.testing.assert_allclose(found.memberships(values).sum(axis=1), 1, atol=1e-6)
        # rows in another order and another unit: the same clusters
        other = fuzzy_c_means(scale * values[::-1], clusters, fuzziness, steps=2000)
        np.testing.assert_allclose(other.centres / scale, found.centres, rtol=1e-5, atol=1e-5)

    def test_blocks_change_nothing_but_the_last_digits(self, monkeypatch):
        values = np.random.default_rng(3).normal(size=(200, 3))
        whole = fuzzy_c_means(values)
        monkeypatch.setattr(clustering, "BLOCK", 14)
        parts = fuzzy_c_means(values)
        np.testing.assert_allclose(parts.centres, whole.centres, rtol=1e-9)
        np.testing.assert_array_equal(parts.memberships(values), whole.memberships(values))

    @pytest.mark.parametrize(
        ("values", "how"),
        [
            (np.ones((9, 2)), {}),
            (np.repeat([[0.0], [1.0]], 9, axis=0), {"clusters": 3}),
            (np.array([[0.0], [np.nan]]), {}),
            (np.zeros((0, 2)), {}),
            (np.arange(6.0), {}),
            (np.arange(6.0)[:, None], {"fuzziness": 1.0}),
            (np.arange(6.0)[:, None], {"clusters": 1}),
            (np.arange(6.0)[:, None], {"tolerance": 0}),
        ],
        ids=["constant", "two values", "nan", "empty", "flat", "crisp", "none", "tolerance"],
    )
    def test_what_cannot_be_clustered_is_refused(self, values, how):
        with pytest.raises(FitError) as failure:
            fuzzy_c_means(values, **how)
        assert failure.value.code == "I92"

    def test_steps_that_do_not_suffice_are_said(self):
        with pytest.warns(PrognosisWarning, match=r"\[I92\].*after 2 steps"):
            found = fuzzy_c_means(np.random.default_rng(0).normal(size=(50, 1)), 3, steps=2)
        assert len(found.objective) == 2

    def test_pixels_of_other_features_are_refused(self):
        with pytest.raises(FitError) as failure:
            fuzzy_c_means(np.arange(6.0)[:, None]).memberships(np.ones((3, 2)))
        assert failure.value.code == "I92"


class TestAgreement:
    def test_shifted_squares(self):
        # 4 x 4 pixels, shifted by one: 12 in common of 16 and 16; the far column of each border is one away
        assert dice(square(5, 5), square(5, 6)) == 12 / 16
        assert hd95(square(5, 5), square(5, 6)) == 1.0
        assert hd95(square(2, 2), square(2, 9)) == 7.0
        assert hd95(square(2, 2), square(9, 2), spacing=(0.5, 3)) == 3.5
        assert dice(square(5, 5), square(5, 5)) == 1.0
        assert dice(square(0, 0), square(9, 9)) == 0.0

    def test_the_percentile_is_that_of_each_direction(self):
        # one far pixel of 39: beyond the 95th percentile of its own border of 13 it is not, of the other it is 0
        truth = square(4, 4)
        mask = truth.copy()
        mask[4, 15] = True
        # 12 pixels at distance 0 and one at 8: the place .95 * 12 = 11.4 lies between the last two
        assert hd95(mask, truth) == pytest.approx(0.4 * 8)
        assert hd95(truth, mask) == hd95(mask, truth)

    def test_empty_masks_have_a_named_value(self):
        none, some = np.zeros((5, 5), bool), square(1, 1, 2, 5)
        assert (dice(none, none), hd95(none, none)) == (1.0, 0.0)
        assert (dice(none, some), dice(some, none)) == (0.0, 0.0)
        assert hd95(none, some) == hd95(some, none) == math.inf

    @pytest.mark.parametrize("shape", [(10, 12), (5, 6, 7)])
    def test_both_are_those_of_every_pair_of_pixels(self, shape):
        rng = np.random.default_rng(5)
        spacing = (1.5, 0.7, 2.0)[: len(shape)]
        for _ in range(4):
            pair = [rng.random(shape) < share for share in rng.uniform(0.02, 0.9, 2)]
            pair[0][0] = True  # at the edge of the picture, too
            there, back = (slow_distances(*both, spacing) for both in (pair, pair[::-1]))
            assert hd95(*pair, spacing) == pytest.approx(max(np.quantile(there, 0.95), np.quantile(back, 0.95)))

    @pytest.mark.parametrize(
        ("masks", "spacing"),
        [
            ((np.zeros((3, 3)), np.zeros((3, 4))), None),
            ((np.full((3, 3), 0.5), np.zeros((3, 3))), None),
            ((np.zeros((3, 3)), np.full((3, 3), np.nan)), None),
            ((np.ones((3, 3)), np.ones((3, 3))), (1.0,)),
            ((np.ones((3, 3)), np.ones((3, 3))), (1.0, 0.0)),
        ],
    )
    def test_masks_that_do_not_compare_are_refused(self, masks, spacing):
        with pytest.raises(ImageError) as failure:
            hd95(*masks, spacing)
        assert failure.value.code == "I93"


class TestContours:
    def test_the_largest_part_without_its_holes(self):
        ring = square(2, 2, 6)
        ring[4, 4] = False
        both = ring | square(11, 11, 3)
        np.testing.assert_array_equal(largest_part(both), square(2, 2, 6))
        assert not largest_part(np.zeros((4, 4), bool)).any()
        # corners do not hold together
        np.testing.assert_array_equal(largest_part(np.eye(3, dtype=bool)), np.diag([True, False, False]))

    def test_the_optimum_contour_lies_on_the_edge_of_the_picture(self):
        y, x = np.mgrid[:32, :32]
        away = np.hypot(x - 15.5, y - 15.5)
        score = 1 / (1 + np.exp((away - 11) / 3))
        picture = np.where(away < 8, 100.0, 0.0)
        assert dice(contour_at(score), away < 8) < 0.75
        assert dice(optimum_contour(score, picture), away < 8) > 0.97
        # nothing but the frame to choose from: the level of one half counts
        np.testing.assert_array_equal(optimum_contour(np.full((8, 8), 0.6), np.zeros((8, 8))), np.ones((8, 8), bool))

    @pytest.mark.parametrize("score", [np.full((4, 4), 1.5), np.full((4, 4), np.nan), np.zeros((0, 4))])
    def test_scores_that_are_none_are_refused(self, score):
        with pytest.raises(ImageError) as failure:
            contour_at(score)
        assert failure.value.code == "I90"


class TestMarkedImages:
    def test_every_fault_is_named_with_its_patient(self):
        good, mask = np.zeros((6, 6, 2)), square(1, 1, 2, 6)
        images = (good, good, good, np.full((6, 6, 2), np.nan), np.zeros((6, 6)))
        masks = (mask, np.zeros((6, 6), bool), np.ones((6, 6), bool), mask, mask)
        with pytest.raises(ImageError) as failure:
            MarkedImages(images, masks, tuple("abcde"))
        assert [finding.rows for finding in failure.value.findings] == [(), ("b",), ("c",), ("d",), ("e",)]
        assert failure.value.code == "I90"

    def test_features_are_those_of_each_window(self):
        rng = np.random.default_rng(0)
        image = rng.normal(-800, 50, (6, 7, 2))
        features = pixel_features(image, (3,))
        window = image[1:4, 2:5, 1]
        own = image[2, 3, 1] - image[..., 1].mean()
        expected = [own, window.mean() - image[..., 1].mean(), window.std()]
        np.testing.assert_allclose(features.reshape(6, 7, 6)[2, 3, 3:], expected, rtol=1e-4)

    def test_a_patient_in_two_folds_is_refused(self):
        pixels = np.arange(16).reshape(4, 4) % 2
        for folds in ([0, 1, 1], [pixels, pixels, pixels]):
            with pytest.raises(LeakageError) as failure:
                folds_of(("a", "a", "b"), folds)
            assert failure.value.code == "I91"
            assert "a" in failure.value.findings[0].rows
        np.testing.assert_array_equal(folds_of(("b", "a", "b")), [1, 0, 1])
        with pytest.raises(ImageError):
            folds_of(("a", "a"))


class TestDelineation:
    @pytest.mark.parametrize(
        "way", [FuzzyDelineator(clusters=3), PixelMachine("svm", per_image=100), PixelMachine("ann", per_image=100)]
    )
    def test_phantoms_are_found_again(self, solid, way):
        found = delineate_left_out(solid, way)
        assert list(found.table["patient"]) == list(solid.patients)
        assert found.by_patient["dice"].mean() >= 0.95
        assert found.by_patient["hd95"].max() < 5
        assert len(found.by_patient) == 5

    def test_nothing_of_the_left_out_patient_is_learnt(self, solid):
        spoilt = [mask.copy() for mask in solid.masks]
        for place in (0, 1):  # the first patient's pictures
            spoilt[place] = ~spoilt[place]
        other = MarkedImages(solid.images, tuple(spoilt), solid.patients, solid.spacing)
        way = PixelMachine("svm", per_image=20)
        first, second = (delineate_left_out(marked, way) for marked in (solid, other))
        for place in (0, 1):
            np.testing.assert_array_equal(first.masks[place], second.masks[place])
        assert any((a != b).any() for a, b in zip(first.masks[2:], second.masks[2:], strict=True))

    def test_the_same_seed_gives_the_same_masks_and_another_task_others(self, solid):
        way = PixelMachine("ann", per_image=20, hidden=3)
        fitted = [machine.fit(solid).scores(solid.images[0]) for machine in (way, way, way.with_task(1))]
        np.testing.assert_array_equal(fitted[0], fitted[1])
        assert (fitted[0] != fitted[2]).any()

    def test_pictures_without_a_lesion_or_its_channel_are_refused(self, solid):
        flat = np.zeros((8, 8, 2))
        flat[:4, :, 1] = 1
        for way, image, error in [
            (FuzzyDelineator(), flat, FitError),
            (FuzzyDelineator(channel=2), flat, ImageError),
            (FuzzyDelineator(channel=1, clusters=2), np.full((8, 8, 2), np.nan), ImageError),
            (PixelMachine(per_image=20).fit(solid), flat[..., :1], ImageError),
        ]:
            with pytest.raises(error):
                way.scores(image)
        # the other channel may be constant
        np.testing.assert_array_equal(FuzzyDelineator(2, channel=1).scores(flat) > 0.5, flat[..., 1] > 0)
        with pytest.raises(ImageError):
            PixelMachine("forest").fit(solid)

    def test_volumes_are_delineated_as_pictures_are(self):
        z, y, x = np.mgrid[:9, :16, :16]
        ball = (z - 4) ** 2 * 4 + (y - 8) ** 2 + (x - 8) ** 2 < 30
        rng = np.random.default_rng(0)
        volumes = tuple(np.stack([5.0 * ball + rng.normal(size=ball.shape)] * 2, axis=-1) for _ in range(2))
        marked = MarkedImages(volumes, (ball, ball), ("a", "b"), (2.0, 1.0, 1.0))
        found = delineate_left_out(marked, FuzzyDelineator(clusters=2, windows=(3,)))
        assert found.table["dice"].min() > 0.8
        assert found.masks[0].shape == (9, 16, 16)
        assert found.table["hd95"].max() <= 2

    def test_a_phantom_does_not_depend_on_the_others(self):
        one, many = simulate_tumours({"part-solid": 1}, 3, 24), simulate_tumours({"solid": 1, "part-solid": 2}, 3, 24)
        np.testing.assert_array_equal(one.images[0], many.images[1])
        assert many.patients == ("S01", "P01", "P02")
        with pytest.raises(ImageError) as failure:
            simulate_tumours({"liquid": 1})
        assert failure.value.code == "I40"
