"""ResNet34 at 224 x 224 beside the machine's own float32 matrix product; loading beside the network; frozen features.

Writes benchmarks/results/resnet_speed.json. CPU seconds of one process on one thread. The floor of a pass is the time
that a large float32 matrix product takes for as many multiplications (training: three times those of a forward pass);
both are measured in turns, and the median ratio of the turns counts.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import datetime as dt
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from PIL import Image

from imaging_head import Radiographs
from imaging_head.augmentation import Augmentation
from imaging_head.film_inputs import FilmInputs, outputs_of
from imaging_head.frozen_trunk import features_of
from imaging_head.head import ClassHead
from imaging_head.network import resnet34, standardised
from imaging_head.precision import Precision
from imaging_head.radiographs import Squares

RESULT = Path(__file__).resolve().parent / "results" / "resnet_speed.json"
SIZE, BATCH, TURNS, FILMS = 224, 16, 7, 520
SIDE = 1536
Work = Callable[[], Any]


def seconds(work: Work) -> float:
    """CPU seconds of a call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def multiplications(size: int) -> int:
    """Of one film's forward pass: convolutions and the last layer."""
    network, found = resnet34(), []

    def count(layer: Any, _: Any, out: torch.Tensor) -> None:
        found.append(layer.weight[0].numel() * out[0].numel())

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    network.eval()(torch.zeros(1, 1, size, size))
    return sum(found)


def passes(numbers: Literal["float32", "bfloat16"]) -> dict[str, Work]:
    """Return a forward and backward pass of training, and a pass of inference, of one batch."""
    precision = Precision("cpu", numbers)
    network, head = precision.placed(resnet34()), ClassHead()
    films = torch.rand(BATCH, SIZE, SIZE)
    inputs = precision.ordered(standardised(films))
    targets = torch.arange(BATCH) % 2

    def training() -> None:
        network.train()
        network.zero_grad()
        with precision.autocast():
            outputs = network(inputs)
        head.loss(outputs.float(), targets).backward()

    def inference() -> None:
        with precision.autocast():
            outputs_of(network, FilmInputs(films, Augmentation(), precision), np.arange(BATCH), mirror=False)

    return {"training": training, "inference": inference}


def ratios() -> dict[str, Any]:
    """Time over floor, in turns with the matrix product."""
    one, two = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    forward = multiplications(SIZE) * BATCH
    out: dict[str, Any] = {"multiplications_of_a_film": forward // BATCH}
    for numbers in ("float32", "bfloat16"):
        for name, work in passes(numbers).items():
            work()
            turns = [(seconds(lambda: torch.mm(one, two)), seconds(work)) for _ in range(TURNS)]
            times = 3 if name == "training" else 1
            over = [took / (product / SIDE**3 * forward * times) for product, took in turns]
            out[f"{name}_{numbers}"] = {
                "over_floor": round(statistics.median(over), 2),
                "seconds_a_film": round(statistics.median(took for _, took in turns) / BATCH, 4),
            }
    return out


def loading() -> dict[str, Any]:
    """CPU seconds a film: reading a PNG (with its decoding process), our augmentation, MONAI's film by film."""
    from monai.transforms import Compose, RandAdjustContrast, RandAffine, RandFlip, RandShiftIntensity

    films = torch.rand(64, SIZE, SIZE)
    rng = np.random.default_rng(0)
    monai = Compose([
        RandFlip(0.5, 1), RandAffine(1.0, 0.17, translate_range=13, scale_range=0.1, padding_mode="zeros"),
        RandAdjustContrast(1.0, (0.8, 1.25)), RandShiftIntensity(0.06, prob=1.0),
    ])  # fmt: skip
    ours, theirs = (lambda: Augmentation().changed(films, rng)), (lambda: [monai(film[None]) for film in films])
    theirs()
    turns = [(seconds(ours), seconds(theirs)) for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(64):
            Image.fromarray((255 * films[number].numpy()).astype(np.uint8)).save(f"{folder}/{number}.png")
        frame = pd.DataFrame({"film": [f"{n}.png" for n in range(64)], "patient": [str(n) for n in range(64)]})
        started = time.perf_counter()
        Radiographs.from_frame(frame, root=folder).squares(SIZE)
        reading = (time.perf_counter() - started) / 64
    return {
        "augmentation_seconds_a_film": round(min(own for own, _ in turns) / 64, 5),
        "augmentation_by_monai_seconds_a_film": round(min(other for _, other in turns) / 64, 5),
        "reading_a_png_wall_seconds": round(reading, 4),
    }


def frozen() -> dict[str, Any]:
    """CPU seconds of the features of 520 films by a frozen trunk, float32."""
    films = Squares(np.random.default_rng(0).random((FILMS, SIZE, SIZE), np.float32), tuple(map(str, range(FILMS))))
    precision = Precision("cpu", "float32")
    network = precision.placed(resnet34())
    return {"films": FILMS, "cpu_seconds": round(seconds(lambda: features_of(network, films, precision)), 1)}


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    capable = torch.cpu.get_capabilities()
    result = {
        "date": dt.date.today().isoformat(), "command": "python benchmarks/resnet_speed.py",
        "machine": {"processor": "virtual x86-64", "threads": 1, "amx_bf16": bool(capable.get("amx_bf16")),
                    "torch": torch.__version__},
        "pixels": SIZE, "batch": BATCH, "passes": ratios(), "loading": loading(), "frozen_trunk": frozen(),
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
