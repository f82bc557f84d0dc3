"""One table for both languages: same keys, same placeholders, no advice, no disease."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reports
from cohorts.errors import RunError
from reports.wording import LANGUAGES, Wording, placeholders, sentences, visible

SOURCES = [path.read_text(encoding="utf-8") for path in Path(reports.__file__).parent.rglob("*.py")]
TEMPLATES = [path.read_text(encoding="utf-8") for path in (Path(reports.__file__).parent / "templates").iterdir()]


@pytest.mark.parametrize("key", sorted(sentences()))
def test_both_languages_have_the_sentence_with_the_same_placeholders(key: str) -> None:
    entry = sentences()[key]
    assert set(entry) == set(LANGUAGES)
    assert placeholders(entry["en"]) == placeholders(entry["zh"])
    assert all(text.strip() for text in entry.values())


@pytest.mark.parametrize("key", sorted(sentences()))
def test_the_chinese_is_chinese(key: str) -> None:
    bare = re.sub(r"\{\w+\}|bone-prognosis", "", sentences()[key]["zh"])
    assert re.search(r"[一-鿿]", bare) or not re.search(r"[a-z]{4}", bare)


def test_nothing_advises_a_treatment() -> None:
    words = r"\b(should|recommend\w*|advis\w+|must|consider|prescribe|start|stop|chemotherapy|transplant\w*|surgery)\b"
    for key, entry in sentences().items():
        assert not re.search(words, entry["en"], re.IGNORECASE), key
        assert not re.search("应当|应该|推荐|建议(?!。)|化疗|移植|手术", entry["zh"]), key


def test_no_disease_is_written_into_the_wording() -> None:
    diseases = r"myeloma|MGUS|sarcoma|tumou?r|cancer|progression|death|骨髓瘤|肉瘤|肿瘤|癌|死亡|进展"
    for key, entry in sentences().items():
        assert not re.search(diseases, " ".join(entry.values()), re.IGNORECASE), key


def test_every_sentence_is_used() -> None:
    text = "".join(SOURCES + TEMPLATES)
    families = (
        "study_column_",
        "unit_",
        "kind_",
        "method_",
        "effect_",
        "association_",
        "remark_",
        "metric_",
        "limits_",
        "external_step_",
        "limit_N",
        "limit_E",
        "together_",
        "study_complete_cases",
        "study_chained",
    )
    direct = {key for key in sentences() if f'"{key}"' in text or f"'{key}'" in text or key.startswith(families)}
    headings = {
        f"{prefix}{name}"
        for prefix in ("heading_", "study_heading_")
        for name in re.findall(r"(?:words|headings)\.(\w+)", "".join(TEMPLATES))
    }
    assert set(sentences()) - direct - headings == set()


@pytest.mark.parametrize("language", ["de", "", "EN"])
def test_an_unknown_language_is_an_error(language: str) -> None:
    with pytest.raises(RunError, match="language") as caught:
        Wording(language)
    assert caught.value.code == "R11"


def test_a_missing_key_or_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Wording("en")("no_such_key")
    with pytest.raises(KeyError):
        Wording("en")("of_100")


def test_values_are_never_read_as_placeholders() -> None:
    assert Wording("en")("of_100", n="{time}") == "{time} of 100"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("MM-1", "MM-1"),
        ("a\x00b", "a<U+0000>b"),
        ("1\u202e2", "1<U+202E>2"),
        ("a\nb", "a<U+000A>b"),
        ("a\u2028b", "a<U+2028>b"),
        ("王芳 β₂", "王芳 β₂"),
        ("<b>&", "<b>&"),
    ],
)
def test_visible_names_what_cannot_be_seen(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_visible_cuts_long_texts_openly() -> None:
    assert visible("x" * 300) == "x" * 200 + "…"
    assert visible("x" * 200) == "x" * 200
