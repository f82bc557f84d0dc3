"""How long 10,000 karyotypes take to be read, features included; writes benchmarks/results/karyotypes.json.

Three sets, each in a process of its own: strings of charts as often as charts repeat them, all different ones of
charts with other numbers of cells, and made-up myeloma karyotypes that are all different.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from cohorts.cytogenetics import parse_karyotype
from cohorts.version import __version__

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "karyotypes.json"
CHARTS = ROOT / "tests" / "cohorts" / "cytogenetics" / "data" / "clinical_karyotypes_unlabelled.csv"
SIZE = 10_000
STRUCTURAL = (
    *("del(13)(q14)", "del(17)(p13)", "del(1)(p32)", "dup(1)(q21q32)", "del(6)(q21)", "t(11;14)(q13;q32)"),
    *("t(4;14)(p16;q32)", "add(14)(q32)", "i(17)(q10)", "der(16)t(1;16)(q21;q22)", "del(12)(p13)", "t(8;14)(q24;q32)"),
)


def charts_as_repeated() -> list[str]:
    """Return strings of charts, drawn as often as they were seen."""
    with CHARTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    seen = np.array([int(row["times_seen"]) for row in rows], dtype=float)
    drawn = np.random.default_rng(2026).choice(len(rows), size=SIZE, p=seen / seen.sum())
    return [rows[place]["karyotype"] for place in drawn]


def charts_all_different() -> list[str]:
    """Return every string of the charts, again and again with one more cell, so that none comes twice."""
    with CHARTS.open(encoding="utf-8", newline="") as file:
        texts = [row["karyotype"] for row in csv.DictReader(file)]
    copies = [f"{text}/46,XY[{number}]" for number in range(100, 110) for text in texts]
    return copies[:SIZE]


def myeloma_all_different() -> list[str]:
    """Return made-up karyotypes of one abnormal clone with gains, losses and rearrangements, and a normal one."""
    random = np.random.default_rng(2026)
    texts: set[str] = set()
    while len(texts) < SIZE:
        gained, lost = random.poisson(2), random.poisson(1)
        numbers = random.permutation(np.arange(1, 23))[: gained + lost]
        items = [f"+{number}" for number in numbers[:gained]] + [f"-{number}" for number in numbers[gained:]]
        items += list(random.choice(STRUCTURAL, size=random.integers(0, 4), replace=False))
        cells = random.integers(3, 20)
        count, changes = 46 + gained - lost, "".join(f",{item}" for item in items)
        texts.add(f"{count},{random.choice(['XX', 'XY'])}{changes}[{cells}]/46,XX[{20 - cells}]")
    return sorted(texts)


SETS = {
    "charts_as_repeated": charts_as_repeated,
    "charts_all_different": charts_all_different,
    "myeloma_all_different": myeloma_all_different,
}


def measure(name: str) -> dict[str, float]:
    """Read one set in this process; the grammar is built within the time."""
    texts = SETS[name]()
    wall, processor = time.perf_counter(), time.process_time()
    unread = sum(bool(karyotype.unread) for karyotype in map(parse_karyotype, texts) if karyotype.features())
    spent = {"wall_s": time.perf_counter() - wall, "processor_s": time.process_time() - processor}
    return {"different": len(set(texts)), "unread": unread, **{key: round(value, 2) for key, value in spent.items()}}


def main() -> None:
    """Measure each set in a fresh process and write what was found."""
    found = {}
    for name in SETS:
        done = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
        found[name] = json.loads(done.stdout)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "version": __version__}
    RESULT.write_text(json.dumps({**machine, "karyotypes": SIZE, **found}, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {RESULT}\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(measure(sys.argv[1])))
    else:
        main()
