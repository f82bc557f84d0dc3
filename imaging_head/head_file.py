"""A fitted head as a file of tensors and plain values, and back; nothing in it can execute."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from cohorts.errors import Finding, ModelFileError, PrognosisError
from cohorts.raw_table import file_digest
from cohorts.whole_file import write_whole_file
from imaging_head.film_inputs import PASS
from imaging_head.fitted_head import FittedHead
from imaging_head.head import ClassHead, Head
from imaging_head.network import Origin, resnet34
from imaging_head.precision import Precision
from imaging_head.survival_heads import Baseline, CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature
from imaging_head.training import Epoch

CONTENT = "bone_prognosis_image_head"
SCHEMA = 1
LARGEST_FILE = 1 << 30
HEADS: dict[str, Any] = {head.__name__: head for head in (ClassHead, CoxHead, DiscreteTimeHead)}
# other processors sum in another order
SELF_TEST_TOLERANCE = 1e-3
MISFITS = (KeyError, TypeError, ValueError, RuntimeError, IndexError, AttributeError, RecursionError)


def save_head(fitted: FittedHead, path: str | Path) -> None:
    """Write a fitted ResNet34 head; safetensors with the values as JSON in its header.

    Raises
    ------
    ModelFileError
        I58 a network that is no ResNet34, which the file could not describe; a file that cannot be written.
    """
    path, state = Path(path), fitted.network.state_dict()
    wanted = {name: value.shape for name, value in _unfilled(fitted.head.outputs).state_dict().items()}
    if {name: value.shape for name, value in state.items()} != wanted:
        raise _fault("only ResNet34 can be saved: this network is another", "keep its state dict yourself", path)
    tensors = {f"network.{name}": value.cpu().contiguous() for name, value in state.items()}
    if fitted.baseline is not None:
        tensors |= {f"baseline.{name}": torch.tensor(getattr(fitted.baseline, name)) for name in ("times", "hazard")}
    try:
        write_whole_file(path, save(tensors, {CONTENT: json.dumps(_values(fitted), allow_nan=False)}))
    except OSError as error:
        raise _fault(f"the file cannot be written: {error.strerror}", "choose another folder", path) from None


def load_head(path: str | Path, sha256: str | None = None) -> FittedHead:
    """Open a file of `save_head`; the network answers as it did.

    Parameters
    ----------
    sha256 : digest of the file that you got elsewhere, or None.

    Raises
    ------
    ModelFileError
        I58 absent, too large, another digest, damaged or foreign; weights that are missing, unknown, of another shape
        or not finite; another answer to the made-up film of the self-test.
    """
    path = Path(path)
    if not path.is_file():
        raise _fault("there is no such file", "check the path", path)
    if path.stat().st_size > LARGEST_FILE:
        raise _fault(f"the file is too large: limit {LARGEST_FILE:,} bytes", "give a file of save_head", path)
    if sha256 is not None and file_digest(path) != sha256.lower():
        raise _fault(f"SHA-256 is {file_digest(path)}, expected {sha256}", "get the file again from its source", path)
    try:
        with safe_open(path, "pt") as opened:
            values = json.loads((opened.metadata() or {})[CONTENT])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        if values["schema"] != SCHEMA:
            raise _fault(f"schema {values['schema']}, expected {SCHEMA}", "save it anew by this version", path)
        wrong = [name for name, value in tensors.items() if not bool(torch.isfinite(value).all())]
        if wrong:
            raise _fault(f"numbers that are not finite: {', '.join(wrong[:5])}", "get the file again", path)
        fitted = _restored(values, tensors)
        drift = float((_self_test(fitted) - torch.tensor(values["self_test"])).abs().max())
    except (SafetensorError, OSError, *MISFITS) as error:
        rule = f"the file is no fitted image head, or a damaged one ({type(error).__name__})"
        raise _fault(rule, "give a file of save_head", path) from None
    except PrognosisError as error:
        raise ModelFileError(*error.findings) from None
    if not drift <= SELF_TEST_TOLERANCE:
        rule = f"the network answers otherwise than before it was saved, by {drift:.2g} on a made-up film"
        raise _fault(rule, "get the file again", path)
    return fitted


def _values(fitted: FittedHead) -> dict[str, Any]:
    numbers = {name: value if math.isfinite(value) else None for name, value in _temperature(fitted).items()}
    return {
        "schema": SCHEMA,
        "head": {"kind": type(fitted.head).__name__, **_of_head(fitted.head)},
        "temperature": numbers,
        "origin": asdict(fitted.origin),
        "image_size": fitted.image_size,
        "mirror": fitted.mirror,
        "precision": asdict(fitted.precision),
        "horizon": fitted.horizon,
        "end": None if fitted.baseline is None else fitted.baseline.end,
        "history": [asdict(epoch) for epoch in fitted.history],
        # without rows: a model file names no patient
        "findings": [{**asdict(finding), "rows": []} for finding in fitted.findings],
        "self_test": _self_test(fitted).tolist(),
    }


def _restored(values: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> FittedHead:
    declared = dict(values["head"])
    kind = HEADS[declared.pop("kind")]
    head: Head = kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in declared.items()})
    network = _unfilled(head.outputs)
    state = {name.removeprefix("network."): v for name, v in tensors.items() if name.startswith("network.")}
    network.load_state_dict(state, strict=True, assign=True)
    # where it was trained says nothing of where it answers
    precision = Precision("cpu", values["precision"]["numbers"], bool(values["precision"]["channels_last"]))
    network = precision.placed(network).eval().requires_grad_(False)
    findings = tuple(Finding(**{**finding, "rows": ()}) for finding in values["findings"])
    numbers = {name: math.nan if value is None else float(value) for name, value in values["temperature"].items()}
    baseline = None
    if values["end"] is not None:
        times, hazard = (tensors[f"baseline.{name}"].numpy() for name in ("times", "hazard"))
        baseline = Baseline(times, hazard, float(values["end"]))
    return FittedHead(network, head, Temperature(**numbers, findings=()), Origin(**values["origin"]),
                      int(values["image_size"]), bool(values["mirror"]), precision, values["horizon"], baseline,
                      tuple(Epoch(**epoch) for epoch in values["history"]), findings)  # fmt: skip


def _unfilled(outputs: int) -> torch.nn.Module:
    """Return the network without numbers: shapes alone, which costs nothing."""
    with torch.device("meta"):
        return resnet34(outputs)


def _temperature(fitted: FittedHead) -> dict[str, float]:
    each = fitted.temperature
    return {"value": each.value, "before": each.before, "after": each.after}


def _of_head(head: Head) -> dict[str, Any]:
    return {each.name: getattr(head, each.name) for each in fields(head)}  # type: ignore[arg-type]


def _self_test(fitted: FittedHead) -> torch.Tensor:
    """Return the outputs for a made-up film, a slanted wave of grey."""
    steps = torch.arange(PASS, dtype=torch.float32)
    film = torch.sin(steps[:, None] / 5 + steps / 9).reshape(1, 1, PASS, PASS)
    with torch.inference_mode():
        found: torch.Tensor = fitted.network(fitted.precision.ordered(film)).float().cpu()[0]
    return found


def _fault(rule: str, way_out: str, path: Path) -> ModelFileError:
    return ModelFileError(Finding("I58", rule, way_out, file=path.name))
