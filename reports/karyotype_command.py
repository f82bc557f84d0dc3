"""The command `prognosis karyotype`: what one karyotype, and the FISH with it, say; and what was not read of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from cohorts.cytogenetics import Clone, Cytogenetics
    from cohorts.cytogenetics.signals import Pattern

commands = typer.Typer()
Language = Literal["en", "zh"]


@commands.command()
def karyotype(
    text: Annotated[str, typer.Argument(metavar="KARYOTYPE", help="As the chart has it, in quotes.")],
    fish: Annotated[str | None, typer.Option(help="FISH, as nuc ish(...)[30/200]; default what the text has.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    disease: Annotated[
        Literal["myeloma", "any"], typer.Option(help="In myeloma a normal karyotype denies nothing.")
    ] = "myeloma",
    purified: Annotated[
        bool, typer.Option("--purified/--not-purified", help="FISH of plasma cells, sorted or marked.")
    ] = True,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the labels: en or zh.")] = "en",
) -> None:
    """Explain a karyotype: clones, abnormalities present, absent and not assessable, and what was not read.

    Karyotype and FISH are both kept; what either shows is present. Exit code 1 when nothing could be read.

        prognosis karyotype "45,XX,-13[10]/46,XX[10].nuc ish(TP53x1,D17Z1x2)[90/200]"
    """
    from cohorts.cytogenetics import Cytogenetics, Rules, parse_fish, parse_karyotype

    rules = Rules(purified=purified, disease="myeloma" if disease == "myeloma" else None)
    both = Cytogenetics(parse_karyotype(text), parse_fish(fish, purified) if fish else None, rules)
    found = explained(both, language)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(0 if found["read"] else 1)


def explained(both: Cytogenetics, language: Language = "en") -> dict[str, Any]:
    """Return everything that is known of one patient's chromosomes as plain values.

    Keys: `read` (something was), `clones`, `metaphases`, `fish` (patterns), `abnormalities` and `definitions` by name,
    `unread`, `findings`.
    """
    from cohorts.cytogenetics import ABNORMALITIES, DEFINITIONS

    written, interphase = both.karyotype, both.interphase
    patterns = interphase.patterns if interphase else ()
    clones = written.clones if written else ()
    return {
        "read": bool(patterns or any(clone.count for clone in clones) or (written and written.stated)),
        "stated": list(written.stated) if written else [],
        "clones": [_clone(clone) for clone in clones],
        "metaphases": written.cells if written else None,
        "fish": [_pattern(pattern) for pattern in patterns],
        "abnormalities": {
            name: {
                "label": ABNORMALITIES[name].label[language],
                "present": evidence.present,
                "karyotype": evidence.karyotype,
                "fish": evidence.fish,
                "source": evidence.source,
                "metaphases": evidence.metaphases,
                "share": evidence.share,
                "disputed": evidence.disputed,
            }
            for name, evidence in both.evidence.items()
        },
        "definitions": {
            name: {"label": each.label[language], "present": each.decide(both.evidence), "source": each.source}
            for name, each in DEFINITIONS.items()
        },
        "unread": list(both.unread),
        "findings": [finding.to_dict() for finding in both.findings],
    }


def _clone(clone: Clone) -> dict[str, Any]:
    return {
        "text": clone.text,
        "chromosomes": list(clone.count) if clone.count else None,
        "adds_up_to": list(clone.expected),
        "sets": clone.ploidy,
        "cells": clone.cells,
        "composite": clone.composite,
        "abnormalities": [item.text for item in clone.acquired],
        "normal": clone.normal,
        "complete": not clone.incomplete,
        "donor": clone.donor,
    }


def _pattern(pattern: Pattern) -> dict[str, Any]:
    return {
        "text": pattern.text,
        "positive": pattern.positive,
        "counted": pattern.counted,
        "share": pattern.fraction,
        "normal": pattern.normal,
        "unknown_probes": list(pattern.unknown),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the explanation as lines of text."""
    for said in found["stated"]:
        yield f"said in words: {said}"
    for number, clone in enumerate(found["clones"], 1):
        yield f"clone {number}: {_clone_in_words(clone)}"
    for pattern in found["fish"]:
        share = "share of cells not said" if pattern["share"] is None else f"{pattern['share']:.1%} of the cells"
        yield f"FISH: {pattern['text']}: {share}"
    states = found["abnormalities"].items()
    for name, entry in states:
        if entry["present"]:
            yield f"present: {name}: {entry['label']}{_seen(entry)}"
    absent = [name for name, entry in states if entry["present"] is False]
    open_ = [name for name, entry in states if entry["present"] is None]
    for heading, names in (("absent", absent), ("not assessable", open_)):
        if names:
            yield f"{heading}: {', '.join(_runs(names))}"
    words = {True: "yes", False: "no", None: "not assessable"}
    for name, entry in found["definitions"].items():
        yield f"{name}: {words[entry['present']]} ({entry['label']})"
    for part in found["unread"]:
        yield f"not read: {part}"
    for finding in found["findings"]:
        yield f"{finding['severity']}: {finding['message']}"
    if not found["read"]:
        yield "nothing could be read"


def _runs(names: Sequence[str]) -> Iterator[str]:
    """Yield names, chromosomes that follow each other as ``gain_1 to gain_22``."""
    runs: list[list[str]] = []
    for name in names:
        kind, _, number = name.partition("_")
        before, _, last = runs[-1][-1].partition("_") if runs else ("", "", "")
        follows = kind == before and number.isdigit() and last.isdigit() and int(number) == int(last) + 1
        if follows:
            runs[-1].append(name)
        else:
            runs.append([name])
    for run in runs:
        yield f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run)


def _clone_in_words(clone: Mapping[str, Any]) -> str:
    stated = clone["chromosomes"]
    parts = ["number of chromosomes not read" if not stated else f"{_span(stated)} chromosomes"]
    if stated and clone["adds_up_to"] != stated:
        parts.append(f"what is written adds up to {_span(clone['adds_up_to'])}")
    if clone["cells"] is not None:
        parts.append(f"{clone['cells']} cells" + (" in all, of which no single one need have everything"
                                                  if clone["composite"] else ""))  # fmt: skip
    parts.append("normal" if clone["normal"] else ", ".join(clone["abnormalities"]) or "nothing acquired")
    parts += [] if clone["complete"] else ["incomplete"]
    return "; ".join(parts + (["cells of a donor"] if clone["donor"] else []))


def _span(numbers: list[int]) -> str:
    return "~".join(str(number) for number in dict.fromkeys(numbers))


def _seen(entry: Mapping[str, Any]) -> str:
    """Say who shows it, and in how many cells."""
    seen = []
    if entry["karyotype"]:
        share = "" if entry["metaphases"] is None else f", {entry['metaphases']:.0%} of the metaphases"
        seen.append(f"karyotype{share}")
    if entry["fish"]:
        share = "" if entry["share"] is None else f", {entry['share']:.1%} of the cells"
        seen.append(f"FISH{share}")
    return f" ({'; '.join(seen)}{'; disputed' if entry['disputed'] else ''})"
