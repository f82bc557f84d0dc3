"""Regions whose features are known: by a closed form, by hand, or stored from pyradiomics.

python -m tests.imaging_head.radiomic_phantoms writes the stored values; it needs the extra `radiomics`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).with_name("radiomics_reference.json")


def ball(size, radius):
    """A ball of voxels in a cube."""
    away = np.indices((size,) * 3) - (size - 1) / 2
    return (away**2).sum(axis=0) <= radius**2


def cube(edge):
    """A cube of voxels with one empty voxel around."""
    return np.pad(np.ones((edge,) * 3, bool), 1)


def waves(shape):
    """Intensities from about -100 to 100 that no random generator is needed for."""
    z, y, x = np.indices(shape)
    return 60 * np.sin(0.9 * z + 0.31 * y * x) + 40 * np.cos(1.7 * x - 0.23 * y * z)


def holes(shape):
    """A region of every pattern of neighbours: holes, bridges, and voxels that touch by an edge or a corner."""
    z, y, x = np.indices(shape)
    return np.sin(12.9898 * z + 78.233 * y + 37.719 * x + 0.37 * x * y * z) > 0.2


# image, mask, spacing (z, y, x), bin width, textures within slices only
REGIONS = {
    "ball": (waves((16, 16, 16)), ball(16, 6.5), (1.0, 1.0, 1.0), 25.0, False),
    "thick slices": (waves((7, 14, 13)), ball(14, 6.0)[3:10, :, :13], (4.5, 0.7, 0.9), 10.0, True),
    "holes": (waves((9, 11, 10)), holes((9, 11, 10)), (2.0, 1.1, 0.6), 8.0, False),
    "one level": (np.full((6, 6, 6), 7.0), cube(4), (1.0, 1.0, 1.0), 25.0, False),
}


def main():
    """Compute and write."""
    from imaging_head.radiomics import RadiomicSettings, radiomic_features, versions

    found = {
        name: radiomic_features(image, mask, spacing, RadiomicSettings(width, in_plane=flat), "pyradiomics")
        for name, (image, mask, spacing, width, flat) in REGIONS.items()
    }
    content = {"made_by": versions("pyradiomics"), "regions": found}
    REFERENCE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
