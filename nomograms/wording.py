"""The words on a nomogram, in English and Chinese; a user's own labels stay as they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cohorts.errors import Finding, PredictionError

if TYPE_CHECKING:
    from cohorts.variable import Variable

LANGUAGES = ("en", "zh")
SHOWN = 200

SENTENCES: Mapping[str, tuple[str, str]] = {
    "points": ("Points", "单项得分"),
    "total": ("Total points", "总分"),
    "example": ("Example", "示例"),
    "patient": ("Patient", "患者"),
    "with_unit": ("{label}, {unit}", "{label}，{unit}"),
    "setting": ("{label} ({setting})", "{label}（{setting}）"),
    "equals": ("{label}\u00a0=\u00a0{value}", "{label}\u00a0=\u00a0{value}"),
    "list_mark": (", ", "，"),
    "semicolon": ("; ", "；"),
    "reference": ("reference: {level}", "参照：{level}"),
    "range": ("{first} to {last}", "{first} 至 {last}"),
    "days": ("days", "天"),
    "weeks": ("weeks", "周"),
    "months": ("months", "个月"),
    "years": ("years", "年"),
    "time": ("{horizon}\u00a0{unit}", "{horizon}{unit}"),
    "risk": ("Risk of {event} by {time},\u00a0%", "{time}内发生{event}的风险，%"),
    "risk_named": ("Risk of the event ({event}) by {time},\u00a0%", "{time}内发生终点事件（{event}）的风险，%"),
    "continued": ("(continued)", "（续）"),
    "recipe": (
        "How to read: find the patient's value on each line and go straight up to the Points ruler; add the points; "
        "find the sum on the Total points ruler and go straight down to the risk.",
        "读图方法：在每条线上找到患者的取值，垂直向上在“单项得分”标尺上读出得分；将各项得分相加；在“总分”标尺上找到总和，垂直向下读出风险。",
    ),
    "recipe_setting": (
        "Of the lines that name another characteristic in brackets, use the one that fits the patient.",
        "括号内注明其他特征的各条线中，只使用与患者相符的一条。",
    ),
    "recipe_fold": (
        "Where a curve folds back, its values go on above the line, then on a further line (continued).",
        "若曲线折返，其后的取值标在线的上方，再后的取值另起一条线（续）。",
    ),
    "tails": (
        "Arrows: the cohort's values beyond the 1st and 99th centile lie off the line; points at the extremes: "
        "{extremes}.",
        "箭头：队列中低于第1或高于第99百分位的取值在线外；极端值的得分：{extremes}。",
    ),
    "extreme": ("{label}: {value} = {points} points", "{label}：{value} = {points}分"),
    "typical": (
        "Example (a typical patient: median of each number, commonest category): {sum} = {total} points; {risks}.",
        "示例（典型患者：数值取中位数，类别取最常见者）：{sum} = {total}分；{risks}。",
    ),
    "worked": ("{who}: {sum} = {total} points; {risks}.", "{who}：{sum} = {total}分；{risks}。"),
    "item": ("{label} {value} ({points})", "{label} {value}（{points}）"),
    "item_group": ("{label} {value} with {partners} ({points})", "{label} {value}，{partners}（{points}）"),
    "risks": ("risk of the event {risks}", "发生终点事件的风险：{risks}"),
    "risk_by": ("{risk} % by {time}", "{time}内 {risk} %"),
    "model": (
        "Cox regression on {n} patients with {events} events. Endpoint: {event}{definition}; time zero: {origin}; "
        "risk by {horizons} {unit}. Model of {date}, hash {hash}.",
        "Cox回归，{n}例患者，{events}例事件。终点：{event}{definition}；"
        "时间起点：{origin}；预测时点：{horizons}{unit}。模型日期 {date}，哈希 {hash}。",
    ),
    "definition": (" ({definition})", "（{definition}）"),
    "error": (
        "Reading error: taking every position to the nearest half millimetre (figure {width} mm wide) changes the risk "
        "by at most {largest} percentage points, {mean} on average, over {n} combinations of values drawn from the "
        "cohort's distributions.",
        "读图误差：图宽{width} mm、每个位置读到最近的0.5 mm时，在按队列分布抽取的{n}种取值组合中，"
        "风险最多改变{largest}个百分点，平均{mean}个百分点。",
    ),
}


def sentence(key: str, language: str, **values: object) -> str:
    """Return a sentence with its placeholders filled; a user's text in them is never interpreted."""
    return SENTENCES[key][LANGUAGES.index(language)].format(**values)


def check_language(language: str) -> None:
    """Refuse a language without wording (G07)."""
    if language not in LANGUAGES:
        rule = f"there is no wording in the language {language!r}"
        raise PredictionError(Finding("G07", rule, f"choose one of {', '.join(LANGUAGES)}", value=str(language)))


def number(value: float) -> str:
    """Return a number as people write it: 0.5, 12, −3; no exponent for everyday sizes."""
    return f"{value:.10g}".replace("-", "−")


def percent(risk: float) -> str:
    """Return a probability in whole percents, with one decimal below 1 and above 99 %, never as 0 or 100."""
    if risk < 0.0005:
        return "<0.1"
    if risk > 0.9995:
        return ">99.9"
    return f"{100 * risk:.1f}" if risk < 0.0095 or risk > 0.9905 else f"{100 * risk:.0f}"


def percent_tick(risk: float) -> str:
    """Return a round probability as the label of a tick, in percent."""
    return number(100 * risk)


def plain(text: object) -> str:
    """Return a user's text so that it shows what it is, on one line.

    White space becomes single spaces; control and format characters, which could hide text or turn it round, are
    written as ``<U+202E>``; very long texts are cut visibly.
    """
    words = " ".join(str(text).split())
    shown = "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c)[0] == "C" else c for c in words[:SHOWN])
    return shown + ("…" if len(words) > SHOWN else "")


def value_text(value: Any) -> str:
    """Return a value of a predictor: levels as declared, numbers without binary noise."""
    return plain(value) if isinstance(value, str) else number(float(value))


def label_of(variable: Variable, language: str) -> str:
    """Return the label of a predictor, without its unit."""
    return plain(variable.text(language))


def label_with_unit(variable: Variable, language: str) -> str:
    """Return the label with the unit where one is declared: ``Age, years``."""
    label = label_of(variable, language)
    if not variable.unit:
        return label
    return sentence("with_unit", language, label=label, unit=measure_text(variable.unit, language))


def measure_text(unit: str, language: str) -> str:
    """Return the unit of a measurement; years of age have a word of their own in Chinese."""
    return "岁" if language == "zh" and unit == "years" else plain(unit)


def joined(parts: Sequence[str], language: str) -> str:
    """Return parts as a list with the language's comma."""
    return sentence("list_mark", language).join(parts)


def time_text(horizon: float, unit: str, language: str) -> str:
    """Return a time with its unit: ``60 months``."""
    return sentence("time", language, horizon=number(horizon), unit=unit_text(unit, language))


def unit_text(unit: str, language: str) -> str:
    """Return the word of a time unit."""
    return sentence(unit, language) if unit in SENTENCES else plain(unit)


def event_text(name: str) -> str:
    """Return the endpoint's name as words: ``progression_or_death`` is ``progression or death``."""
    words = plain(name.replace("_", " "))
    # a label such as "Death" stands inside a sentence here; an abbreviation such as "PFS" keeps its capitals
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def outcome_label(name: str, time: str, language: str) -> str:
    """Return the label of a risk axis; names such as ``pfs`` or ``event-free survival`` name no event."""
    event = event_text(name)
    names_no_event = len(event) <= 4 or any(part in event.lower() for part in ("surviv", "free"))
    return sentence("risk_named" if names_no_event else "risk", language, event=event, time=time)
