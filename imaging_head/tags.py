"""The DICOM attributes that are read; every other one, names and dates of birth above all, is never looked at."""

from __future__ import annotations

# What a film is: kept with it and written into de-identified copies.
DESCRIPTIVE = (
    *("Modality", "BodyPartExamined", "ViewPosition", "ImageLaterality", "Laterality", "PatientOrientation"),
    *("Manufacturer", "ManufacturerModelName", "PixelSpacing", "ImagerPixelSpacing", "BurnedInAnnotation"),
    *("LossyImageCompression", "BorderDensity"),
)
# How its numbers become grey.
GREY = (
    *("SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "BitsAllocated"),
    *("BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "RescaleIntercept", "RescaleSlope"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape"),
)
LUTS = ("ModalityLUTSequence", "VOILUTSequence")
# Only compared with the table, never kept.
LINK = "PatientID"
READ = (*DESCRIPTIVE, *GREY, *LUTS, LINK, "SOPClassUID", "PixelData")
