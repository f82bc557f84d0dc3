"""The commands that have files of their own, gathered for the command line."""

from __future__ import annotations

import typer

from reports.audit_command import commands as audit
from reports.calculator_command import commands as calculator
from reports.fhir_command import commands as fhir
from reports.images_command import commands as images
from reports.karyotype_command import commands as karyotype
from reports.simulate_command import commands as simulate
from reports.validate_command import commands as validate

further = typer.Typer()
for commands in (validate, karyotype, simulate, images, fhir, calculator, audit):
    further.add_typer(commands)
