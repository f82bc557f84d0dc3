"""Arguments and options that commands of `prognosis` share, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results: new, empty, or of an earlier run.")]
ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, NAME.prognosis.")]
PatientsPath = Annotated[
    Path,
    typer.Argument(metavar="PATIENTS", help="Table with one row a patient: the id column and the model's predictors."),
]
Digest = Annotated[str | None, typer.Option(help="SHA-256 you got elsewhere: the model then counts as verified.")]
Separator = Annotated[str, typer.Option(help="Column separator of the CSV file.")]
Decimal = Annotated[str, typer.Option(help="Decimal sign of the CSV file, '.' or ','.")]
Range = Annotated[
    Literal["rms", "centiles"], typer.Option(help="Axes of the nomogram. centiles: 1st to 99th; rms: full range.")
]
Encoding = Annotated[str, typer.Option(help="Encoding of the CSV file, for example gb18030.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with the run in this folder: what its journal holds is not done again. Same result."
    ),
]
Workers = Annotated[int, typer.Option(min=1, help="Processes that share the work. The result is the same to the bit.")]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of a dask.distributed cluster that does the work, such as tcp://host:8786; needs the extra "
        "'dask' here, and this version of bone-prognosis on every worker. Patients' rows travel there: use tls://.",
    ),
]
Films = Annotated[
    Path | None,
    typer.Option(metavar="FILMS.toml", help="Says where films and networks lie: each page gets film and heat map."),
]
