"""The command `prognosis simulate`: a made-up cohort with its codebook, a study file to start from, and its truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from cohorts.simulation import Simulated

commands = typer.Typer()
Disease = Literal["myeloma", "chondrosarcoma", "osteosarcoma", "giant_cell_tumour", "monoclonal_gammopathy"]
# Model and predictors of the study file that comes with a cohort: few enough for a few hundred patients.
STARTERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "myeloma": ("pfs", "cox", ("age", "b2m_mg_l", "albumin_g_dl", "ldh_u_l", "t_4_14", "gain_1q21", "del17p")),
    "chondrosarcoma": ("metastasis_at_diagnosis", "logistic", ("age", "grade", "size_cm")),
    "osteosarcoma": ("metastasis_at_diagnosis", "logistic", ("age", "sex", "site", "size_cm")),
    "giant_cell_tumour": ("recurrence", "fine_gray", ("age", "treatment", "cement", "soft_tissue")),
    "monoclonal_gammopathy": ("progression", "fine_gray", ("age", "haemoglobin_g_dl", "m_protein_g_dl")),
}


@commands.command()
def simulate(
    disease: Annotated[Disease, typer.Argument(metavar="DISEASE", help=", ".join(STARTERS))],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files: new or empty.")],
    n: Annotated[int, typer.Option("--n", help="Patients.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same cohort.")] = 1,
    centres: Annotated[int, typer.Option(help="Hospitals, each with its own level of risk.")] = 1,
    missing: Annotated[float, typer.Option(help="Share of missing values, 0 to 0.9.")] = 0.0,
    mechanism: Annotated[
        Literal["mcar", "mar"], typer.Option(help="Missing by chance alone (mcar), or more often in the old (mar).")
    ] = "mcar",
) -> None:
    """Make up a cohort whose truth is known: to try the package, to teach, to test a method.

    Leaves cohort.csv and codebook.toml, as a hospital would have them; study.toml, ready for prognosis run; truth.csv
    with every patient's true predictor and risks; effects.csv with every coefficient and its source (seen or chosen);
    complete.csv with the values before any was lost; and for myeloma fish.csv.
    """
    from cohorts.errors import Finding, RunError
    from cohorts.simulation import SIMULATORS
    from cohorts.simulation.files import files_of
    from cohorts.whole_file import write_whole_file

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(Finding("U03", "the folder holds other files", "choose a new or empty folder", file=str(out)))
    made = SIMULATORS[disease](n, seed, centres=centres, missing=missing, mechanism=mechanism)
    written = {**files_of(made), "study.toml": study_file(disease, made, seed)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            write_whole_file(out / name, text.encode())
    except OSError as error:
        rule = f"cannot write into {out}: {error.strerror or error}"
        raise RunError(Finding("K03", rule, "choose another folder with --out", file=str(out))) from None
    typer.echo(f"wrote {len(written)} files into {out}: {len(made.cohort)} simulated patients")


def study_file(disease: str, made: Simulated, seed: int) -> str:
    """Return a study file for the cohort: its main endpoint, one plain model, complete cases."""
    from cohorts.simulation.files import CODEBOOK, COHORT, table

    endpoint, kind, predictors = STARTERS[disease]
    declared: dict[str, Any] = made.endpoints[endpoint].to_dict()
    tables: list[tuple[str, Mapping[str, Any]]] = [
        ("study", {"title": f"Simulated {disease.replace('_', ' ')}", "seed": seed}),
        ("cohort", {"file": COHORT, "codebook": CODEBOOK}),
        ("endpoint", declared),
        ("[models]", {"name": kind, "kind": kind, "predictors": predictors}),
        ("imputation", {"method": "complete_cases"}),
    ]
    return "\n".join(line for name, fields in tables for line in table(name, fields))
