"""DICOM files made by pydicom for the tests."""

from __future__ import annotations

import io

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra medical")

#: What must never be seen in a record, a note or a message.
PATIENT = "Muster^Erika"
GREY = {"PhotometricInterpretation": "MONOCHROME2"}
COLOUR = {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}


def dataset(values: np.ndarray, syntax: str = "ExplicitVRLittleEndian", **elements: object) -> pydicom.Dataset:
    """A data set of (H, W) or (H, W, 3) values, of several frames with one axis more in front."""
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = getattr(pydicom.uid, syntax, syntax)
    made.file_meta.MediaStorageSOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    made.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    made.PatientName, made.PatientID = PATIENT, "4711-0815"
    colour = values.ndim == 3 and values.shape[-1] == 3
    made.SamplesPerPixel = 3 if colour else 1
    made.Rows, made.Columns = values.shape[-3:-1] if colour else values.shape[-2:]
    bits = 8 * values.dtype.itemsize
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit, made.PixelRepresentation = bits - 1, int(values.dtype.kind == "i")
    for keyword, value in {**(COLOUR if colour else GREY), **elements}.items():
        setattr(made, keyword, value)
    if values.dtype.kind == "f":
        made.FloatPixelData = values.tobytes()
        del made.PixelRepresentation, made.BitsStored, made.HighBit
    else:
        big = syntax == "ExplicitVRBigEndian"
        made.PixelData = values.astype(values.dtype.newbyteorder(">" if big else "<")).tobytes()
        made["PixelData"].VR = "OW" if bits > 8 else "OB"
    return made


def written(made: pydicom.Dataset) -> bytes:
    """The bytes of its file."""
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def dicom(values: np.ndarray, syntax: str = "ExplicitVRLittleEndian", **elements: object) -> bytes:
    """The bytes of a file of these values."""
    return written(dataset(values, syntax, **elements))
