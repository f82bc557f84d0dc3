"""The embedded study, end to end, on real patients: MGUS, progression or death."""

from __future__ import annotations

import shutil
from pathlib import Path

from cohorts.datasets import DATA
from cohorts.errors import Finding, RunError
from reports.run import Run, Say, run_study

STUDY = Path(__file__).parent / "data" / "mgus2_study.toml"
CHINESE = '\n[reports.languages]\n"{patient}" = "zh"\n'
CHINESE_PATIENT = "402"


def run_demo(out: str | Path, say: Say = lambda _: None) -> Run:
    """Write the embedded study with its data into ``OUT/study`` and run it into ``OUT/results``.

    The third patient's report is in Chinese where a Chinese font is installed (extra ``chinese``).

    Raises
    ------
    RunError
        K04 the folder cannot be written.
    """
    home = Path(out) / "study"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name in ("mgus2.csv", "mgus2.codebook.toml"):
            shutil.copyfile(DATA / name, home / name)
        text = STUDY.read_text(encoding="utf-8")
        if _has_chinese_font():
            text += CHINESE.format(patient=CHINESE_PATIENT)
        else:
            say("no Chinese font here: all reports in English (install the extra 'chinese' for the third)")
        (home / STUDY.name).write_text(text, encoding="utf-8")
    except OSError as error:
        rule = f"cannot write the study into {home}: {error.strerror}"
        raise RunError(Finding("K04", rule, "choose another folder with --out", file=str(home))) from None
    return run_study(home / STUDY.name, Path(out) / "results", say)


def _has_chinese_font() -> bool:
    from reports.fonts import chinese_font, system_chinese_font

    return chinese_font() is not None or system_chinese_font() is not None
