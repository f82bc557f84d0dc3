"""Opening a model file: size, format, hash, numbers and self-test are checked before anything is used."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError, PrognosisError, PrognosisWarning, raise_findings
from prognosis.model import FittedModel
from prognosis.persistence.content import SCHEMA, Arrays, example_patients, extra_columns, hash_of, self_test_of
from prognosis.persistence.restoring import model_from
from prognosis.persistence.shapes import check_shapes
from prognosis.persistence.writing import ARRAYS, CONTENT, SIZE_LIMIT

SELF_TEST_TOLERANCE = 1e-9
NON_NEGATIVE = ("cumulative_hazard", ".variance", ".survival", ".at_risk")
PROFILE = "estimate.profile"
# What zipfile, zlib, json and numpy raise on damaged or hostile bytes (RuntimeError: encrypted, nested too deeply).
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, MemoryError, OverflowError)
# What parts that do not fit each other end in.
MISFITS = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RuntimeError)
PICKLE_MAGIC = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
    b"\x93NUMPY",
    b"cos\n",
    b"cposix\n",
    b"c__builtin__\n",
)


def load_model(path: str | Path, sha256: str | None = None) -> FittedModel:
    """Open a model file.

    Parameters
    ----------
    path : a file written by `FittedModel.save`.
    sha256 : digest that you got elsewhere, of the file or of its content; when it matches, the model counts as
        verified and reports say so.

    Raises
    ------
    ModelFileError
        L01 a pickle; L02 damaged or altered; L04 another schema; L05 text that is no declared value; L07 numbers that
        cannot be (not finite, negative hazards) or sizes beyond the limit; L09 the self-test patients get other risks.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            Finding("L10", f"cannot read the model: {error.strerror}", "check the path", file=str(path))
        ) from None
    try:
        return _open(raw, sha256)
    except ModelFileError as error:
        raise ModelFileError(*(_in_file(finding, path) for finding in error.findings)) from None
    except (
        PrognosisError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
    ) as error:
        rule = f"the content is not that of a model ({type(error).__name__}: {error})"
        raise ModelFileError(Finding("L02", rule, "get the file again", file=path.name)) from None


def _in_file(finding: Finding, path: Path) -> Finding:
    return Finding(finding.code, finding.rule, finding.way_out, finding.column, file=path.name)


def _open(raw: bytes, sha256: str | None) -> FittedModel:
    document, arrays = _read(raw)
    if document.get("content", {}).get("schema") != SCHEMA:
        found = document.get("content", {}).get("schema")
        rule = f"file version {found}, supported version {SCHEMA}"
        raise ModelFileError(Finding("L04", rule, "open it with the version of the package that wrote it"))
    content = document["content"]
    actual = hash_of(content, arrays)
    if actual != document["sha256"]:
        rule = f"damaged or altered: sha256 expected {document['sha256']}, actual {actual}"
        raise ModelFileError(Finding("L02", rule, "get the file again"))
    _check_numbers(arrays)
    check_shapes(arrays)
    _check_steps(arrays)
    file_digest = hashlib.sha256(raw).hexdigest()
    if sha256 is not None and sha256.lower() not in (actual, file_digest):
        rule = f"another file than expected: sha256 expected {sha256}, actual {file_digest} (content {actual})"
        raise ModelFileError(Finding("L02", rule, "compare the digest with its source"))
    model = model_from(content, arrays, verified=sha256 is not None)
    _check_parts(model)
    _check_self_test(model, document["self_test"])
    _exercise(model, actual)
    return model


def _read(raw: bytes) -> tuple[dict[str, Any], Arrays]:
    if raw.startswith(PICKLE_MAGIC):
        raise _pickle()
    try:
        return _unpack(raw)
    except DAMAGE as error:
        rule = f"this is no model file, or it is damaged ({type(error).__name__}: {error})"
        raise ModelFileError(Finding("L02", rule, "get the file again")) from None
    except ValueError as error:
        raise _pickle() if "pickle" in str(error).lower() else error from None


def _unpack(raw: bytes) -> tuple[dict[str, Any], Arrays]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        if any(name.endswith((".pkl", ".pickle", ".joblib")) for name in names):
            raise _pickle()
        if sorted(names) != sorted((CONTENT, ARRAYS)):
            raise ModelFileError(
                Finding("L02", f"a model file holds {CONTENT} and {ARRAYS} only", "get the file again")
            )
        _check_sizes(archive)
        document = json.loads(archive.read(CONTENT), parse_constant=_refuse_constant)
        packed = archive.read(ARRAYS)
    with zipfile.ZipFile(io.BytesIO(packed)) as parts:
        _check_sizes(parts)
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return document, {name: arrays[name] for name in arrays.files}


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse before unpacking: zipfile never unpacks more than the size that a member declares."""
    size = sum(member.file_size for member in archive.infolist())
    if size > SIZE_LIMIT:
        rule = f"unpacked it has {size} bytes, above the limit of {SIZE_LIMIT} bytes"
        raise ModelFileError(Finding("L07", rule, "this is no model of this package"))


def _pickle() -> ModelFileError:
    rule = "pickle not accepted: a pickle can run code when it is opened"
    return ModelFileError(Finding("L01", rule, "save the model with model.save(...) as .prognosis"))


def _refuse_constant(text: str) -> None:
    raise ModelFileError(Finding("L07", f"field with the value {text} in {CONTENT}", "get the file again"))


def _check_numbers(arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, values in arrays.items():
        if values.dtype.kind not in "fiub":
            raise ModelFileError(Finding("L07", f"field {name} holds no real numbers", "get the file again"))
        # a profile limit can be infinite: the likelihood does not fall on that side
        if not np.isfinite(values).all() and not (name == PROFILE and not np.isnan(values).any()):
            raise ModelFileError(Finding("L07", f"field {name} holds values that are not finite", "get the file again"))
        if name.endswith(NON_NEGATIVE) and (values < 0).any():
            raise ModelFileError(Finding("L07", f"field {name} holds negative values", "get the file again"))


def _check_steps(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Event times grow within a stratum and cumulated hazards never fall (a fall is a negative hazard)."""
    for name in arrays:
        if name.startswith("estimate.") and name.endswith("edges"):
            _check_baseline(arrays, name.removesuffix("edges"))


def _check_baseline(arrays: Mapping[str, NDArray[Any]], prefix: str) -> None:
    edges, time = arrays[f"{prefix}edges"], arrays[f"{prefix}time"]
    if edges[0] != 0 or edges[-1] != len(time) or (np.diff(edges) < 0).any():
        raise ModelFileError(Finding("L07", f"field {prefix}edges does not cut the times", "get the file again"))
    for low, high in pairwise(edges):
        if (np.diff(time[low:high]) <= 0).any():
            raise ModelFileError(Finding("L07", f"field {prefix}time does not increase", "get the file again"))
        # a variance may fall: that of a Fine-Gray model holds what the coefficients leave unexplained
        if (np.diff(arrays[f"{prefix}cumulative_hazard"][low:high]) < 0).any():
            rule = f"field {prefix}cumulative_hazard decreases: a negative hazard"
            raise ModelFileError(Finding("L07", rule, "get the file again"))


def _check_self_test(model: FittedModel, stored: Mapping[str, Any]) -> None:
    with warnings.catch_warnings():
        # what is unusual in an example patient concerns nobody
        warnings.simplefilter("ignore", PrognosisWarning)
        again = self_test_of(model)
    expected, actual = _answers(stored), _answers(again)
    if expected.shape != actual.shape or not np.allclose(
        expected, actual, rtol=0, atol=SELF_TEST_TOLERANCE, equal_nan=True
    ):
        rule = "the stored example patients get other risks with these versions of the libraries"
        raise ModelFileError(
            Finding("L09", rule, f"use the versions the model was made with (bone-prognosis {model.version})")
        )


def _answers(test: Mapping[str, Any]) -> NDArray[np.float64]:
    """All numbers of a self-test, not a number for null."""
    rows = [test["linear_predictor"], *(np.transpose(test[name]) for name in ("risk", "lower", "upper"))]
    return np.vstack([np.array(row, dtype=float) for row in rows])


def _check_parts(model: FittedModel) -> None:
    """Parts that name the same things must name them alike, or coefficients would carry the wrong labels."""
    faults = []
    if tuple(model.estimate.names) != model.preparation.names:
        faults.append("the estimate names other columns than the preparation")
    if model.selection is not None and not (model.selection.consistent and model.selection.kept == model.predictors):
        faults.append("the selection names other predictors than it chose from, or than the model has")
    faults += [] if model.tuning is None else model.tuning.faults()
    if len(model.strata_follow_up) != len(model.estimate.stratum_names):
        faults.append("there are other strata in the estimate than in the follow-up")
    if (model.endpoint.kind == "competing") != hasattr(model.estimate, "causes") and model.kind == "cox":
        faults.append(f"the estimate is not one of a {model.endpoint.kind} endpoint")
    if any(record.answers != model.answers_hash for record in model.external):
        faults.append("an external validation is one of another model")
    forest = getattr(model.estimate, "forest", None)
    if forest is not None and forest.hazard.shape[1] > 1 and model.endpoint.kind != "competing":
        faults.append("the forest has competing events, the endpoint none")
    if getattr(model.recipe, "penalty", None) == "firth" and model.pooled is None and _lacks_profile(model):
        faults.append("the profile of Firth's fit is absent")
    raise_findings((Finding("L07", fault, "get the file again") for fault in faults), ModelFileError)


def _lacks_profile(model: FittedModel) -> bool:
    profile = getattr(model.estimate, "profile", None)
    return not getattr(model.estimate, "robust", "") and (profile is None or not len(profile))


def _exercise(model: FittedModel, actual: str) -> None:
    """Ask everything that a user may ask, so that a file with parts that do not fit fails here and not with a patient.

    Raises
    ------
    ModelFileError
        L02 the content, read and written again, is another one.
    """
    if model.hash != actual:
        raise ModelFileError(Finding("L02", "the content does not survive being read", "get the file again"))
    example = example_patients(model.profile, extra_columns(model))
    with warnings.catch_warnings():
        # what is unusual in an example patient concerns nobody
        warnings.simplefilter("ignore", PrognosisWarning)
        horizons = None if model.max_follow_up is None else model.horizons or (model.max_follow_up / 2,)
        patients = model.door.admit(example)
        _ = model.predict(patients, horizons).table, model.summary
        if model.imputation is not None or model.preparation.gaps:
            for name in model.predictors if len(model.predictors) > 1 else ():
                _ = model.predict(example.assign(**{name: None}), horizons)
        if hasattr(model.estimate, "risk_at"):
            _ = model.contributions(patients)
        if model.follow_up is not None and not model.published and not hasattr(model.estimate, "window"):
            one = model.door.admit(example.iloc[:1])
            _ = model.curve(one), model.observed(one).at(model.max_follow_up or 0.0)
