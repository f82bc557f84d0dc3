"""The radiomics examples as their pages print them; writes benchmarks/results/radiomics_examples.json.

python benchmarks/radiomics_examples.py [NAME]      one of them, the others' results stay
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import warnings
from pathlib import Path
from types import ModuleType

from cohorts.errors import PrognosisWarning
from cohorts.version import __version__

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "radiomics_examples.json"
# Script, function, and the log hazard ratios that it is run with: 0 is noise.
RUNS = (("grading", "graded", (0.0, 1.0)), ("tournament", "held", (0.0, 1.0)), ("recurrence", "compared", (0.0, 0.8)))


def script(name: str) -> ModuleType:
    """Return the module of an example."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"radiomics_{name}" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Run and write."""
    asked = sys.argv[1:]
    before = json.loads(RESULT.read_text(encoding="utf-8")) if asked else {}
    content: dict[str, object] = {**before, "version": __version__}
    for name, function, effects in (run for run in RUNS if run[0] in asked or not asked):
        for effect in effects:
            started = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PrognosisWarning)
                found = getattr(script(name), function)(effect)
            lines = found if isinstance(found, list) else json.loads(found.round(4).to_json(orient="records"))
            content[f"{name}, effect {effect:g}"] = {
                "cpu_seconds": round(time.process_time() - started),
                "found": lines,
            }
            RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
