"""Where each required behaviour of ../shared/reference/bad_inputs.yaml is tested; what is not covered yet says so."""

from __future__ import annotations

COHORTS = "tests/cohorts/test_bad_inputs.py"
PROGNOSIS = "tests/prognosis/test_bad_inputs.py"
LATER = "later: "

COVERED: dict[str, str] = {
    # survival outcome
    **dict.fromkeys(("T02", "T03", "T05", "T06", "T07", "T08", "T10", "T11", "T13", "T14", "T16"), COHORTS),
    **dict.fromkeys(("T17", "T19", "T21"), COHORTS),
    **dict.fromkeys(("T12", "T22", "T23", "T24"), PROGNOSIS),
    # covariates
    **dict.fromkeys(("C10", "C11", "C12", "C14", "C21", "C22", "C24"), COHORTS),
    **dict.fromkeys(("C01", "C02", "C03", "C04", "C05", "C08", "C16", "C17", "C18", "C20"), PROGNOSIS),
    "C06": "tests/prognosis/test_logistic_separation.py",
    **dict.fromkeys(("C25", "C26"), "tests/prognosis/test_cohort_shift.py"),
    # files
    **dict.fromkeys(("F01", "F03", "F04", "F05", "F06", "F07", "F08", "F11", "F12", "F13", "F14", "F15"), COHORTS),
    # prediction
    **dict.fromkeys(("P10", "P12"), COHORTS),
    **dict.fromkeys(("P01", "P02", "P03", "P05", "P06", "P07", "P08", "P09", "P11", "P14"), PROGNOSIS),
    "P16": "tests/prognosis/test_intended_use.py",
    # metrics
    "M08": "tests/prognosis/test_concordance.py",
    "M10": "tests/prognosis/test_validation.py",
    "M01": "tests/prognosis/test_recipe_gate.py",
    "M02": "tests/prognosis/test_metrics_direction.py",
    **dict.fromkeys(("M03", "M04", "M05", "M07"), "tests/prognosis/test_metrics_refused.py"),
    # identity and reports
    **dict.fromkeys(("R07", "R08"), COHORTS),
    "R01": "tests/reports/test_run.py",
    "R02": "tests/reports/test_filenames.py",
    **dict.fromkeys(("R03", "R04", "R05"), "tests/reports/test_hostile_texts.py"),
    # model files
    **dict.fromkeys(("L01", "L02", "L03", "L04", "L05", "L07", "L09"), "tests/prognosis/test_model_file.py"),
    # imaging and long runs
    **dict.fromkeys(("I04", "I05", "I06", "I07", "I08", "I09", "I13", "I14"), "tests/imaging_head/test_dicom.py"),
    **dict.fromkeys(("I10", "I11"), "tests/imaging_head/test_radiographs.py"),
    **dict.fromkeys(("K03", "K04", "K05"), "tests/reports/test_output_folder.py"),
    "K02": "tests/reports/test_long_batches.py",
    "K06": "tests/prognosis/test_journal.py",
    **dict.fromkeys(("K07", "K10"), "tests/reports/test_long_runs.py"),
    "K11": "tests/prognosis/test_memory.py",
}


def not_yet_covered() -> dict[str, str]:
    """Return the ids without a test, with the feature they wait for."""
    return {case: place.removeprefix(LATER) for case, place in COVERED.items() if place.startswith(LATER)}
