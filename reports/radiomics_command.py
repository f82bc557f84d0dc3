"""The command `prognosis images radiomics`: features of many delineated lesions, as one table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Literal

import typer


def radiomics(
    index: Annotated[Path, typer.Argument(metavar="INDEX.csv", help="Columns patient, image, mask.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file for the table; one that is there is replaced.")],
    engine: Annotated[
        Literal["pyradiomics", "own"],
        typer.Option(help="pyradiomics: all 107 (extra radiomics); own: shape, first order and GLCM, 56."),
    ] = "pyradiomics",
    bin_width: Annotated[float, typer.Option(help="Width of a grey level, in the unit of the images.")] = 25.0,
    resampled: Annotated[
        tuple[float, float, float] | None, typer.Option(help="Bring all to voxels of this size: mm by z, y, x.")
    ] = None,
    in_plane: Annotated[bool, typer.Option("--in-plane", help="Textures within slices only.")] = False,
) -> None:
    """Compute radiomic features of the regions of an index.

    Images and masks lie below the folder of the index: NIfTI, NRRD, MetaImage (extra radiomics) or arrays of numpy with
    spacing_z, spacing_y, spacing_x in the index; a column sequence (T1, T2) prefixes the features. The table has one
    row a patient and says how it was made; `imaging_head.radiomic_table.read_radiomics` makes a cohort of it. Exit code
    1 where a region gave no features; that patient is left out.
    """
    from cohorts.csv_file import read_csv_file
    from cohorts.errors import Finding, RunError
    from cohorts.export import neutralise
    from cohorts.whole_file import write_whole_file
    from imaging_head.radiomic_files import PATIENT, extract_radiomics
    from imaging_head.radiomics import RadiomicSettings

    found = extract_radiomics(index, RadiomicSettings(bin_width, resampled, in_plane), engine)
    try:
        text = neutralise(found.table).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)
        write_whole_file(out, text.encode())
    except OSError as error:
        rule = f"cannot write the table: {error.strerror}"
        raise RunError(Finding("K04", rule, "choose another file with --out", file=str(out))) from None
    for finding in found.findings:
        typer.echo(str(finding), err=True)
    asked = read_csv_file(index, ",", None, (PATIENT,)).frame[PATIENT].nunique()
    features = sum("diagnostics_" not in name for name in found.table.columns) - 1
    typer.echo(f"{len(found.table)} of {asked} patients, {features} features: {out}")
    raise typer.Exit(1 if found.findings else 0)
