"""Small DICOM films that tests write for themselves."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

BAND = np.repeat(np.arange(0, 1024, 16, dtype=np.uint16)[None], 64, axis=0)


def film(pixels=BAND, **tags):
    """A computed radiograph of 10 bits as a dataset; ``TAG=None`` leaves a tag out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    said = {
        "SOPClassUID": ComputedRadiographyImageStorage, "SOPInstanceUID": dataset.file_meta.MediaStorageSOPInstanceUID,
        "Modality": "CR", "BodyPartExamined": "KNEE", "ViewPosition": "AP", "Laterality": "R", "PatientID": "0007",
        "PatientName": "Doe^Jane", "BurnedInAnnotation": "NO", "PixelSpacing": [0.2, 0.2],
        "PhotometricInterpretation": "MONOCHROME2", "SamplesPerPixel": 1, "PixelRepresentation": 0,
        "Rows": pixels.shape[0], "Columns": pixels.shape[1], "BitsAllocated": 16, "BitsStored": 10, "HighBit": 9,
        "WindowCenter": 512, "WindowWidth": 1024, "PixelData": pixels.tobytes(),
    }  # fmt: skip
    for name, value in {**said, **tags}.items():
        if value is not None:
            setattr(dataset, name, value)
    return dataset


def write_film(path, pixels=BAND, syntax=ExplicitVRLittleEndian, **tags):
    """Write a film; a compressed syntax is encoded by pydicom."""
    dataset = film(pixels, **tags)
    dataset["PixelData"].VR = "OW"
    if syntax.is_encapsulated:
        dataset.compress(syntax, generate_instance_uid=False)
    elif not syntax.is_little_endian:
        dataset.PixelData = pixels.astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)
    return path
