"""PROBAST+AI: signalling questions with what the run knows; judging is left to the assessor. As JSON and as pages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from reports.probast_answers import said_of
from reports.wording import visible

PARTS = ("development", "evaluation")
SOURCE = "Moons KGM and others. PROBAST+AI. BMJ 2025;388:e082505."
NOTE = (
    "Facts are true of this run alone. Risk of bias, quality and applicability are judged by an assessor: "
    "no judgement stands here, and none follows from the answers."
)
ANSWERS = {"Y": "yes", "PY": "probably yes", "N": "no", "NA": "not applicable"}
State = Literal["answered by the run", "facts of the run; assessor to answer", "assessor to answer"]


@dataclass(frozen=True)
class Question:
    """One signalling question: domain, number, part of the tool, what it asks, who can answer, what is left to ask."""

    domain: str
    item: str
    part: str
    asks: str
    who: Literal["run", "both", "assessor"]
    prompt: str


@dataclass(frozen=True)
class Answered:
    """A question with the facts of the run; `answer` is "" where it is the assessor's."""

    question: Question
    state: State
    answer: str
    text: str


@lru_cache(maxsize=1)
def questions() -> tuple[Question, ...]:
    """Return the 16 questions on development and the 18 on evaluation, in their order."""
    text = (files("reports") / "data" / "probast_ai.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)["items"]
    return tuple(
        Question(part=part, **{key: value for key, value in item.items() if key != "parts"})
        for part in PARTS
        for item in listed
        if part in item["parts"]
    )


def probast_of(results: Mapping[str, Any]) -> tuple[Answered, ...]:
    """Say to every question what the run knows.

    Parameters
    ----------
    results : content of ``results.json``.
    """
    return tuple(_answered(question, results) for question in questions())


def _answered(question: Question, results: Mapping[str, Any]) -> Answered:
    said = said_of(question.part, question.item, results)
    if question.who == "run":
        return Answered(question, "answered by the run", said.answer, said.text)
    known = question.who == "both"
    return Answered(question, "facts of the run; assessor to answer" if known else "assessor to answer", "", said.text)


def probast_dict(answered: tuple[Answered, ...]) -> dict[str, Any]:
    """Return the questions as plain values, the content of ``probast_ai.json``."""
    lines = [asdict(each.question) | {"state": each.state, "answer": each.answer or None, "text": each.text}
             for each in answered]  # fmt: skip
    for line in lines:
        line["assessor"] = line.pop("prompt")
    return {"source": SOURCE, "note": NOTE, "items": lines}


def probast_content(answered: tuple[Answered, ...], title: str, created: str) -> dict[str, Any]:
    """Return the texts of the pages, part by part and domain by domain, for the template of TRIPOD+AI."""
    by_run = sum(each.state == "answered by the run" for each in answered)
    sections = [
        {"title": f"{part.capitalize()}: {domain}", "rows": [_row(each) for each in group]}
        for (part, domain), group in groupby(answered, key=lambda each: (each.question.part, each.question.domain))
    ]
    return {
        "language": "en",
        "created": created,
        "title": f"PROBAST+AI signalling questions: {visible(title)}",
        "note": f"{len(answered)} questions, {by_run} of them answered by the run. {NOTE} Source: {SOURCE}",
        "columns": ["Item", "Asks for", "What the run knows"],
        "sections": sections,
    }


def _row(each: Answered) -> dict[str, str]:
    question = each.question
    text = f"{ANSWERS[each.answer].capitalize()}. {each.text}" if each.answer else each.text
    asked = f"Assessor to answer: {question.prompt}" if question.who != "run" else ""
    return {"item": question.item, "asks": question.asks, "text": text, "author": asked}


def save_probast(answered: tuple[Answered, ...], title: str, created: str, path: Path) -> Path:
    """Write the questions as .pdf or .html."""
    from reports.page import save_document

    return save_document(path, probast_content(answered, title, created), "tripod", lambda _: {})
