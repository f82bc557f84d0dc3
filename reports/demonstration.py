"""The embedded study, end to end, on real patients: MGUS, progression or death."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from cohorts.datasets import DATA, load_mgus2
from cohorts.errors import Finding, RunError
from reports.fonts import chinese_font
from reports.output_folder import Run, Say
from reports.run import run_study
from reports.study_file import read_study_file

STUDY = Path(__file__).parent / "data" / "mgus2_study.toml"
CHINESE_PATIENT = "402"
CHINESE = f'\n[reports.languages]\n"{CHINESE_PATIENT}" = "zh"\n'


def run_demo(out: str | Path, say: Say = lambda _: None) -> Run:
    """Run the embedded study into `out`; the study file, its data and a table of patients go to ``OUT/study``.

    The third patient's report is in Chinese where a Chinese font is installed (extra ``chinese``).

    Raises
    ------
    RunError
        K04, K05, U03 the folder cannot be used.
    """
    with tempfile.TemporaryDirectory() as scratch:
        inputs = _write_inputs(Path(scratch), say)
        done = run_study(Path(scratch) / STUDY.name, out, say)
        kept = done.folder / "study"
        try:
            kept.mkdir(exist_ok=True)
            for name in inputs:
                shutil.copyfile(Path(scratch) / name, kept / name)
        except OSError as error:
            rule = f"cannot write into {kept}: {error.strerror}"
            raise RunError(Finding("K03", rule, "choose another folder with --out", file=str(kept))) from None
    return replace(done, files=(*done.files, *(f"study/{name}" for name in inputs)))


def _write_inputs(folder: Path, say: Say) -> tuple[str, ...]:
    text = STUDY.read_text(encoding="utf-8")
    if chinese_font() is not None:
        text += CHINESE
    else:
        say("no Chinese font here: all reports in English (install the extra 'chinese' for the third)")
    (folder / STUDY.name).write_text(text, encoding="utf-8")
    for name in ("mgus2.csv", "mgus2.codebook.toml"):
        shutil.copyfile(DATA / name, folder / name)
    declared = read_study_file(folder / STUDY.name)
    patients = load_mgus2().view(declared.predictors).loc[list(declared.reports.patients)]
    patients.to_csv(folder / "patients.csv")
    return (STUDY.name, "mgus2.csv", "mgus2.codebook.toml", "patients.csv")
