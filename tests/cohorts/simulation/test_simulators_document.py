"""The documentation of the simulators says what is declared; every effect says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohorts.simulation import SIMULATORS, Effect
from cohorts.simulation.documented import EFFECTS, ODDS, effects_markdown

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "simulators.md"


def test_the_document_has_the_table_of_the_code():
    assert effects_markdown() in DOCUMENT.read_text(encoding="utf-8")


def test_every_effect_of_every_simulator_is_in_the_table():
    assert set(EFFECTS) == set(SIMULATORS)
    rows = effects_markdown().splitlines()
    for disease, effects in EFFECTS.items():
        returned = SIMULATORS[disease](20, 1).effects
        assert returned["term"].tolist() == [effect.term for effect in effects]
        for effect in effects:
            assert any(f"| {effect.term} |" in row and effect.source in row for row in rows)


def test_ratios_are_called_odds_where_the_outcome_is_no_time():
    assert ODDS == ("metastasis_at_diagnosis", "recurrence")
    assert "| metastasis_at_diagnosis | age>=60 | OR 1.87 |  | seen: Song 2018 |" in effects_markdown()
    assert "| pfs | age | HR 1.01 | 66 | chosen" in effects_markdown()


@pytest.mark.parametrize("source", ["", "Song 2018", "read somewhere"])
def test_an_effect_without_its_source_is_refused(source):
    with pytest.raises(ValueError, match="begins with"):
        Effect("pfs", "age", 1.01, source)
