"""What radiomic features are called: families, features, and the columns of pyradiomics tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# The original features of pyradiomics 3 that are computed unless one is asked for by name: 107.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    family: tuple(names.split())
    for family, names in {
        "shape": "Elongation Flatness LeastAxisLength MajorAxisLength Maximum2DDiameterColumn Maximum2DDiameterRow "
        "Maximum2DDiameterSlice Maximum3DDiameter MeshVolume MinorAxisLength Sphericity SurfaceArea "
        "SurfaceVolumeRatio VoxelVolume",
        "firstorder": "10Percentile 90Percentile Energy Entropy InterquartileRange Kurtosis Maximum "
        "MeanAbsoluteDeviation Mean Median Minimum Range RobustMeanAbsoluteDeviation RootMeanSquared Skewness "
        "TotalEnergy Uniformity Variance",
        "glcm": "Autocorrelation ClusterProminence ClusterShade ClusterTendency Contrast Correlation DifferenceAverage "
        "DifferenceEntropy DifferenceVariance Id Idm Idmn Idn Imc1 Imc2 InverseVariance JointAverage JointEnergy "
        "JointEntropy MCC MaximumProbability SumAverage SumEntropy SumSquares",
        "glrlm": "GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance HighGrayLevelRunEmphasis "
        "LongRunEmphasis LongRunHighGrayLevelEmphasis LongRunLowGrayLevelEmphasis LowGrayLevelRunEmphasis RunEntropy "
        "RunLengthNonUniformity RunLengthNonUniformityNormalized RunPercentage RunVariance ShortRunEmphasis "
        "ShortRunHighGrayLevelEmphasis ShortRunLowGrayLevelEmphasis",
        "glszm": "GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance HighGrayLevelZoneEmphasis "
        "LargeAreaEmphasis LargeAreaHighGrayLevelEmphasis LargeAreaLowGrayLevelEmphasis LowGrayLevelZoneEmphasis "
        "SizeZoneNonUniformity SizeZoneNonUniformityNormalized SmallAreaEmphasis SmallAreaHighGrayLevelEmphasis "
        "SmallAreaLowGrayLevelEmphasis ZoneEntropy ZonePercentage ZoneVariance",
        "gldm": "DependenceEntropy DependenceNonUniformity DependenceNonUniformityNormalized DependenceVariance "
        "GrayLevelNonUniformity GrayLevelVariance HighGrayLevelEmphasis LargeDependenceEmphasis "
        "LargeDependenceHighGrayLevelEmphasis LargeDependenceLowGrayLevelEmphasis LowGrayLevelEmphasis "
        "SmallDependenceEmphasis SmallDependenceHighGrayLevelEmphasis SmallDependenceLowGrayLevelEmphasis",
        "ngtdm": "Busyness Coarseness Complexity Contrast Strength",
    }.items()
}
ORIGINAL = tuple(f"original_{family}_{name}" for family, names in FAMILIES.items() for name in names)
# Computed only when asked for by name, or by versions before 3.
FURTHER: Mapping[str, tuple[str, ...]] = {
    "shape": ("Compactness1", "Compactness2", "SphericalDisproportion", "Volume"),
    "firstorder": ("StandardDeviation",),
    "glcm": ("AverageIntensity", "Dissimilarity", "Homogeneity1", "Homogeneity2", "SumVariance", "SumVariance2",
             "Energy", "Entropy", "Imc", "SumofSquares"),
}  # fmt: skip
# The same features of one slice: pyradiomics' shape2D.
FLAT = (
    *("Elongation", "MajorAxisLength", "MaximumDiameter", "MeshSurface", "MinorAxisLength", "Perimeter"),
    *("PerimeterSurfaceRatio", "PixelSurface", "SphericalDisproportion", "Sphericity"),
)
DIAGNOSTICS = "diagnostics_"
IMAGES = (
    r"original|log-sigma-[\w.-]+?|wavelet\d*-[LH]{2,3}|square|squareroot|logarithm|exponential|gradient|lbp-[\w-]+?"
)
COLUMN = re.compile(
    rf"(?:(?P<prefix>.+?)_)?(?P<image>{IMAGES})_(?P<family>{'|'.join(FAMILIES)}|shape2D)_(?P<name>[A-Za-z0-9]+)"
)


@dataclass(frozen=True)
class FeatureName:
    """A feature of a column: prefix (``T1``, "" without), image type, family and name."""

    prefix: str
    image: str
    family: str
    name: str

    @property
    def column(self) -> str:
        """Name of its column, ``T1_original_glcm_Contrast``."""
        return f"{self.prefix}_" * bool(self.prefix) + f"{self.image}_{self.family}_{self.name}"

    @property
    def known(self) -> bool:
        """True for a feature that pyradiomics computes, by itself or when asked for by name."""
        if self.family == "shape2D":
            return self.name in FLAT
        return self.name in (*FAMILIES[self.family], *FURTHER.get(self.family, ()))

    @property
    def text(self) -> str:
        """What people read: ``T1 original, glcm Contrast``."""
        return f"{self.prefix} {self.image}, {self.family} {self.name}".strip()


def feature_name(column: str) -> FeatureName | None:
    """Take the name of a column apart; None where it is no feature's."""
    found = COLUMN.fullmatch(column)
    if found is None:
        return None
    return FeatureName(found["prefix"] or "", found["image"], found["family"], found["name"])
