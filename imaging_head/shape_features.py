"""Shape features: volume, surface, axes and diameters of a region, from a mesh of triangles and from its voxels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from imaging_head.mesh_cases import CASES, CORNERS, MIDDLES
from imaging_head.region import Floats, Mask, Region


def shape_features(region: Region) -> Mapping[str, float]:
    """Return the 14 shape features by name, in mm, square and cubic mm.

    Notes
    -----
    Mesh: marching cubes with vertices halfway between a voxel inside and one outside. Volume and surface are those of
    the mesh, which cuts edges and corners: with m = n - 1 a cube of n voxels an edge has the volume
    m^3 + 3 m^2 + 3 m / 2 + 1/6 and the surface 6 m^2 + 12 m / sqrt(2) + sqrt(3), and the surface of a ball does not
    come to 4 pi r^2, however fine its voxels. Where voxels touch by an edge only, the triangles of pyradiomics leave
    gaps, and the volume depends on the origin: the corner of the bounding box, as there. Diameters are the largest
    distances of vertices, in a plane those of one coordinate in common (slice: z, column: y, row: x). Axes: 4 times
    the root of the variances of the voxels along their principal axes.
    Source: Lorensen and Cline (1987); definitions of pyradiomics 3.
    """
    triangles = mesh(region.mask) * region.spacing
    one, two, three = np.moveaxis(triangles, 1, 0)
    surface = float(np.linalg.norm(np.cross(two - one, three - one), axis=1).sum() / 2)
    volume = float((one * np.cross(two, three)).sum() / 6)
    vertices = np.unique(triangles.reshape(-1, 3), axis=0)
    slice_, column, row = (max(map(_widest, _planes(vertices, axis))) for axis in range(3))
    least, minor, major = axes(region)
    return {
        "Elongation": minor / major,
        "Flatness": least / major,
        "LeastAxisLength": least,
        "MajorAxisLength": major,
        "Maximum2DDiameterColumn": column,
        "Maximum2DDiameterRow": row,
        "Maximum2DDiameterSlice": slice_,
        "Maximum3DDiameter": _widest(_hull(vertices)),
        "MeshVolume": volume,
        "MinorAxisLength": minor,
        "Sphericity": (36 * np.pi * volume**2) ** (1 / 3) / surface,
        "SurfaceArea": surface,
        "SurfaceVolumeRatio": surface / volume,
        "VoxelVolume": float(region.mask.sum()) * region.voxel,
    }


def mesh(mask: Mask) -> Floats:
    """Triangles of the surface, (triangles, 3 vertices, z y x) in voxels, counterclockwise seen from outside.

    The origin is the voxel before the first of the bounding box, along each axis.
    """
    box = tuple(slice(at.min(), at.max() + 1) for at in np.nonzero(mask))
    inside = np.pad(mask[box], 1).astype(np.int64)
    cells = tuple(size - 1 for size in inside.shape)
    pattern = np.zeros(cells, np.int64)
    for place, (z, y, x) in enumerate(CORNERS):
        pattern += inside[z : z + cells[0], y : y + cells[1], x : x + cells[2]] << place
    found = []
    for number in np.unique(pattern):
        if len(CASES[number]):
            at = np.argwhere(pattern == number)
            found.append((at[:, None, None, :] + MIDDLES[CASES[number]]).reshape(-1, 3, 3))
    return np.concatenate(found)


def axes(region: Region) -> tuple[float, float, float]:
    """Lengths of the principal axes, least first."""
    places = np.argwhere(region.mask) * np.array(region.spacing)
    spread = np.linalg.eigvalsh(np.atleast_2d(np.cov(places.T, bias=True)))
    least, minor, major = 4 * np.sqrt(np.maximum(spread, 0.0))
    return float(least), float(minor), float(major)


def _planes(vertices: Floats, axis: int) -> Iterator[Floats]:
    """Vertices that have one coordinate in common, without it."""
    for value in np.unique(vertices[:, axis]):
        yield np.delete(vertices[vertices[:, axis] == value], axis, axis=1)


def _hull(points: NDArray[np.float64]) -> Floats:
    from scipy.spatial import ConvexHull

    return points[ConvexHull(points).vertices]


def _widest(points: Floats) -> float:
    """Largest distance of two points."""
    if len(points) > 200:
        # the ends of a diameter are corners of the hull
        points = _hull(points)
    return float(np.sqrt(max(((points - point) ** 2).sum(axis=1).max() for point in points)))
