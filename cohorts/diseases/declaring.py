"""Ways of declaring a variable in one line, for the codebooks of the diseases."""

from __future__ import annotations

from cohorts.variable import Codebook, Variable

Range = tuple[float, float]


def codebook(*variables: Variable) -> Codebook:
    """Return the codebook of some variables, the id first."""
    return Codebook({each.name: each for each in variables})


def identity(name: str = "patient") -> Variable:
    """Return the declaration of the row ids."""
    return Variable(name=name, kind="id", label={"en": "Patient", "zh": "患者编号"})


def number(name: str, en: str, zh: str, unit: str, limits: Range, plausible: Range | None = None) -> Variable:
    """Return a measurement at baseline: hard limits, and the range outside which a value is doubtful."""
    return Variable(
        name=name, kind="numeric", unit=unit, limits=limits, plausible=plausible, label={"en": en, "zh": zh}
    )


def count(name: str, en: str, zh: str, limits: Range) -> Variable:
    """Return a number without a unit."""
    return Variable(name=name, kind="numeric", limits=limits, label={"en": en, "zh": zh})


def present(name: str, en: str, zh: str) -> Variable:
    """Return a finding at baseline, 1 present and 0 absent."""
    return Variable(name=name, kind="binary", label={"en": en, "zh": zh})


def group(name: str, en: str, zh: str, levels: tuple[str, ...]) -> Variable:
    """Return unordered categories at baseline, the reference first."""
    return Variable(name=name, kind="nominal", levels=levels, label={"en": en, "zh": zh})


def ordered(name: str, en: str, zh: str, levels: tuple[str, ...]) -> Variable:
    """Return ordered categories at baseline."""
    return Variable(name=name, kind="ordinal", levels=levels, label={"en": en, "zh": zh})


def text(name: str, en: str, zh: str) -> Variable:
    """Return a text that is read further, such as a karyotype, and is no predictor itself."""
    return Variable(name=name, kind="text", label={"en": en, "zh": zh})


def later(variable: Variable) -> Variable:
    """Return a variable as known only after time zero: no study takes it as a predictor unasked."""
    return variable.model_copy(update={"timing": "post-baseline"})


def months(name: str, en: str, zh: str) -> Variable:
    """Return a follow-up time in months."""
    label = {"en": en, "zh": zh}
    return Variable(name=name, kind="time", unit="months", limits=(0, 720), timing="post-baseline", label=label)


def event(name: str, en: str, zh: str, competing: bool = False) -> Variable:
    """Return an event column: 0 censored, 1 the event, 2 the competing one."""
    values: dict[str, int | tuple[int, ...]] = {"censored": 0, "event": 1} | ({"competing": (2,)} if competing else {})
    return Variable(name=name, kind="event", values=values, timing="post-baseline", label={"en": en, "zh": zh})


AGE = number("age", "Age", "年龄", "years", (0, 110))
SEX = group("sex", "Sex", "性别", ("female", "male"))
OS_MONTHS = months("os_months", "Overall survival", "总生存期")
OS_EVENT = event("os_event", "Death", "死亡")
