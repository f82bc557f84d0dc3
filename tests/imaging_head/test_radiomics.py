"""Radiomic features: closed forms, Haralick's example by hand, values stored from pyradiomics; what is refused."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from cohorts.errors import ImageError
from imaging_head.first_order import first_order
from imaging_head.grey_level_pairs import DIRECTIONS, grey_level_pairs, matrices
from imaging_head.radiomic_names import FAMILIES, ORIGINAL
from imaging_head.radiomics import OWN, RadiomicSettings, radiomic_features
from imaging_head.region import region_of
from imaging_head.shape_features import shape_features
from tests.imaging_head.radiomic_phantoms import REFERENCE, REGIONS, ball, cube

INSTALLED = importlib.util.find_spec("radiomics") is not None
# Haralick, Shanmugam and Dinstein (1973): the image and its four matrices.
HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])
HARALICK_COUNTS = {
    (0, 0, 1): [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]],
    (0, 1, 0): [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]],
    (0, 1, 1): [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]],
    (0, 1, -1): [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]],
}


@pytest.fixture(scope="module")
def stored():
    return json.loads(REFERENCE.read_text(encoding="utf-8"))["regions"]


@pytest.mark.parametrize("edge", [2, 5])
@pytest.mark.parametrize("size", [1.0, 2.5])
def test_the_mesh_of_a_cube_has_its_closed_form(edge, size):
    """Faces at half a voxel, edges bevelled, corners cut: all three are counted by hand."""
    found = shape_features(region_of(cube(edge).astype(float), cube(edge), (size,) * 3))
    m = edge - 1
    assert found["MeshVolume"] == pytest.approx(size**3 * (m**3 + 3 * m**2 + 1.5 * m + 1 / 6), rel=1e-12)
    assert found["SurfaceArea"] == pytest.approx(size**2 * (6 * m**2 + 12 * m / 2**0.5 + 3**0.5), rel=1e-12)
    assert found["VoxelVolume"] == pytest.approx((size * edge) ** 3, rel=1e-12)
    assert found["Maximum3DDiameter"] == pytest.approx(size * (edge**2 + 2 * m**2) ** 0.5, rel=1e-12)
    assert found["MajorAxisLength"] == pytest.approx(4 * size * ((edge**2 - 1) / 12) ** 0.5, rel=1e-12)
    assert found["Elongation"] == pytest.approx(1)


def test_a_box_of_flat_voxels_keeps_its_proportions():
    """Three faces of other sizes, four bevels along each axis, eight corners."""
    box, (a, b, c) = np.pad(np.ones((3, 5, 4), bool), 1), (4.0, 0.5, 1.5)
    z, y, x = 2 * a, 4 * b, 3 * c
    found = shape_features(region_of(box.astype(float), box, (a, b, c)))
    volume = x * y * z + x * y * a + y * z * c + x * z * b + (z * b * c + y * a * c + x * a * b) / 2 + a * b * c / 6
    bevels = 2 * (z * np.hypot(b, c) + y * np.hypot(a, c) + x * np.hypot(a, b))
    corners = ((a * b) ** 2 + (b * c) ** 2 + (a * c) ** 2) ** 0.5
    assert found["MeshVolume"] == pytest.approx(volume, rel=1e-12)
    assert found["SurfaceArea"] == pytest.approx(2 * (x * y + y * z + x * z) + bevels + corners, rel=1e-12)
    assert found["Maximum2DDiameterSlice"] == pytest.approx(max(np.hypot(5 * b, x), np.hypot(y, 4 * c)), rel=1e-12)


def test_a_ball_has_its_volume_and_the_surface_that_voxels_allow():
    size, radius = 28, 12.3
    found = shape_features(region_of(np.zeros((size,) * 3), ball(size, radius)))
    assert found["MeshVolume"] == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.01)
    assert found["VoxelVolume"] == ball(size, radius).sum()
    assert found["MajorAxisLength"] == pytest.approx(4 * radius / 5**0.5, rel=0.01)
    # bevelled voxels are no smooth sphere: their surface is 8 % too large, however fine they are
    assert 1.05 < found["SurfaceArea"] / (4 * np.pi * radius**2) < 1.1


def test_first_order_of_two_intensities_is_a_binomial():
    """A quarter of the cube at 10, the rest at 2: every moment is known."""
    image = np.full((6, 6, 6), 2.0)
    image[1, 1:5, 1:5] = 10.0
    found = first_order(region_of(image, cube(4), (1.0, 1.0, 2.0)), bin_width=1.0)
    share, n = 0.25, 64
    spread = 8 * (share * (1 - share)) ** 0.5
    expected = {
        "Mean": 4.0, "Variance": spread**2, "Skewness": (1 - 2 * share) / (share * (1 - share)) ** 0.5,
        "Kurtosis": 3 + (1 - 6 * share * (1 - share)) / (share * (1 - share)), "Minimum": 2.0, "Maximum": 10.0,
        "Range": 8.0, "Median": 2.0, "MeanAbsoluteDeviation": 2 * 8 * share * (1 - share), "Uniformity": 0.625,
        "Entropy": -(share * np.log2(share) + (1 - share) * np.log2(1 - share)),
        "Energy": n * (share * 100 + (1 - share) * 4), "TotalEnergy": 2 * n * (share * 100 + (1 - share) * 4),
        "RootMeanSquared": 28**0.5, "10Percentile": 2.0, "90Percentile": 10.0, "InterquartileRange": 2.0,
        "RobustMeanAbsoluteDeviation": 3.0,
    }  # fmt: skip
    assert {name: pytest.approx(value, rel=1e-12) for name, value in expected.items()} == found


def test_haralicks_matrices_and_features_by_hand():
    levels = (HARALICK + 1)[None]
    by_step = dict(zip([step for step in DIRECTIONS if not step[0]], matrices(levels), strict=True))
    for step, counts in HARALICK_COUNTS.items():
        np.testing.assert_allclose(by_step[step], np.array(counts) / np.sum(counts), rtol=1e-15)
    found = grey_level_pairs(region_of(HARALICK.astype(float), np.ones((4, 4))), bin_width=1.0)
    assert found["Contrast"] == pytest.approx((14 / 24 + 24 / 24 + 32 / 18 + 8 / 18) / 4, rel=1e-12)
    assert found["DifferenceAverage"] == pytest.approx((10 / 24 + 16 / 24 + 20 / 18 + 8 / 18) / 4, rel=1e-12)
    assert found["JointEnergy"] == pytest.approx((84 / 576 + 80 / 576 + 38 / 324 + 48 / 324) / 4, rel=1e-12)
    assert found["MaximumProbability"] == pytest.approx((6 / 24 + 6 / 24 + 3 / 18 + 4 / 18) / 4, rel=1e-12)
    assert found["SumAverage"] == pytest.approx(2 * found["JointAverage"], rel=1e-12)
    # 7, 6, 8 and 3 of 24 from levels 1 to 4 along the rows, and so on
    assert found["JointAverage"] == pytest.approx((55 / 24 + 52 / 24 + 40 / 18 + 40 / 18) / 4, rel=1e-12)


@pytest.mark.parametrize("name", REGIONS)
def test_the_own_features_are_those_of_pyradiomics(name, stored):
    image, mask, spacing, width, flat = REGIONS[name]
    found = radiomic_features(image, mask, spacing, RadiomicSettings(width, in_plane=flat))
    assert tuple(found) == tuple(sorted(OWN, key=list(found).index))
    assert set(found) == set(OWN)
    assert len(found) == 56
    for feature, value in found.items():
        assert value == pytest.approx(stored[name][feature], rel=1e-9, abs=1e-9), feature


def test_the_stored_regions_have_the_107_names_in_their_families(stored):
    assert {family: len(names) for family, names in FAMILIES.items()} == {
        "shape": 14, "firstorder": 18, "glcm": 24, "glrlm": 16, "glszm": 16, "gldm": 14, "ngtdm": 5
    }  # fmt: skip
    assert all(tuple(region) == ORIGINAL for region in stored.values())
    assert len(ORIGINAL) == 107


@pytest.mark.skipif(not INSTALLED, reason="the extra `radiomics` is not installed")
def test_pyradiomics_gives_the_stored_values(stored):
    for name, (image, mask, spacing, width, flat) in REGIONS.items():
        found = radiomic_features(image, mask, spacing, RadiomicSettings(width, in_plane=flat), "pyradiomics")
        assert found == pytest.approx(stored[name], rel=1e-9, abs=1e-9)


@pytest.mark.skipif(INSTALLED, reason="the extra `radiomics` is installed")
def test_without_the_extra_the_107_features_are_refused_with_the_way_out():
    with pytest.raises(ImageError, match=r"not installed.*bone-prognosis\[radiomics\]") as caught:
        radiomic_features(np.zeros((4, 4, 4)), cube(2), engine="pyradiomics")
    assert caught.value.code == "I76"


def test_features_do_not_depend_on_place_or_on_what_lies_outside():
    image, mask, spacing, width, _ = REGIONS["holes"]
    moved = np.pad(np.where(mask, image, 1e9), ((2, 0), (1, 3), (0, 2)), constant_values=np.nan)
    there = radiomic_features(moved, np.pad(mask, ((2, 0), (1, 3), (0, 2))), spacing, RadiomicSettings(width))
    assert there == pytest.approx(dict(radiomic_features(image, mask, spacing, RadiomicSettings(width))), rel=1e-9)
    mirrored = radiomic_features(image[:, ::-1], mask[:, ::-1], spacing, RadiomicSettings(width))
    texture = [name for name in OWN if "_glcm_" in name or "_firstorder_" in name]
    assert {name: mirrored[name] for name in texture} == pytest.approx({name: there[name] for name in texture})


@pytest.mark.parametrize(
    ("image", "mask", "spacing", "words"),
    [
        (np.zeros((3, 3, 3)), np.ones((3, 3, 4)), (1, 1, 1), "mask has the shape"),
        (np.zeros((3, 3, 3)), np.zeros((3, 3, 3)), (1, 1, 1), "covers 0 voxels"),
        (np.zeros((3, 3, 3)), 2 * np.ones((3, 3, 3)), (1, 1, 1), "values 2"),
        (np.full((3, 3, 3), np.nan), np.ones((3, 3, 3)), (1, 1, 1), "27 intensities"),
        (np.zeros((3, 3, 3)), np.ones((3, 3, 3)), (1, 0, 1), r"spacing \(1, 0, 1\)"),
        (np.zeros(9), np.ones(9), (1, 1, 1), "1 dimensions"),
    ],
)
def test_what_does_not_fit_is_refused(image, mask, spacing, words):
    with pytest.raises(ImageError, match=words) as caught:
        radiomic_features(image, mask, spacing)
    assert caught.value.code == "I75"


def test_settings_that_cannot_be_met_are_refused():
    with pytest.raises(ImageError, match="bin_width=0") as caught:
        RadiomicSettings(bin_width=0.0)
    assert caught.value.code == "I77"
    with pytest.raises(ImageError, match="too many levels"):
        radiomic_features(np.arange(64.0).reshape(4, 4, 4) * 1e6, np.ones((4, 4, 4)))
    with pytest.raises(ImageError, match="does not resample"):
        radiomic_features(np.zeros((4, 4, 4)), cube(2), settings=RadiomicSettings(resampled=(1.0, 1.0, 1.0)))
