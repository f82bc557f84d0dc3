"""The command `prognosis audit`: what a paper printed, checked against itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer()


@commands.command()
def audit(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED.toml", help="What the paper printed; docs/audit.md.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 where something contradicts itself or is mislabelled.")
    ] = False,
) -> None:
    """Check the printed numbers of a paper: rates against whole patients, tests, intervals, sums.

    Exit code 0 also where something was found, 1 where the file cannot be read; with --strict 1 as well for
    contradictions, wrong labels and intervals that are too narrow.

        prognosis audit published.toml
    """
    from prognosis.audit import audit_file

    found = audit_file(published)
    typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) if as_json else found.text(), nl=as_json)
    raise typer.Exit(1 if strict and found.wrong else 0)
