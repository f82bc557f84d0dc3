"""The command `prognosis audit`: text, JSON, exit codes, and what it says of a file that it does not understand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reports import command_line

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "radiograph_paper_audit" / "published.toml"
CORRECT = """
title = "A correct table"
[[performance]]
name = "Table 1"
unit = "percent"
positives = 72
negatives = 32
rows = [{ name = "1", sensitivity = 90.3, specificity = 34.4, accuracy = 73.1 }]
"""


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process; returns exit code, standard output and standard error."""

    def run(published, *options):
        if not isinstance(published, Path):
            (tmp_path / "published.toml").write_text(published, encoding="utf-8")
            published = tmp_path / "published.toml"
        monkeypatch.setattr(sys, "argv", ["prognosis", "audit", str(published), *options])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, written.err

    return run


def test_text_and_exit_codes(call):
    code, out, _ = call(EXAMPLE)
    assert code == 0
    assert out.startswith("Audit: ResNet34 on knee radiographs")
    assert "Contradictions: no data give these numbers together" in out
    assert call(EXAMPLE, "--strict")[0] == 1
    code, out, _ = call(CORRECT, "--strict")
    assert code == 0
    assert "No fault found" in out


def test_json_holds_everything(call):
    code, out, _ = call(EXAMPLE, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["wrong"] is True
    assert {"code", "severity", "place", "words"} == set(found["findings"][0])
    assert found["tables"][1]["rows"][0]["npv"] is None
    assert found["tables"][1]["rows"][9]["tp"] == 65


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("title = ", "A01", "not valid TOML"),
        (CORRECT.replace("73.1", ".73"), "A01", "a number begins with a digit: 0.63, not .63"),
        ('title = "x"', "A02", "nothing to check"),
        (CORRECT.replace("sensitivity", "sensitvity"), "A02", "is sensitivity meant?"),
        (CORRECT.replace('unit = "percent"\n', ""), "A02", 'say in what the rates are printed: unit = "percent"'),
        (CORRECT.replace("percent", "fraction"), "A02", 'or say unit = "percent"'),
        (CORRECT.replace("[[performance]]", "[[performence]]"), "A02", "is performance meant?"),
        (CORRECT.replace("= 32", "= -3"), "A02", "performance 'Table 1' negatives"),
        (CORRECT.replace("= 32", "= 32\npatients = 100"), "A02", "are more than 100 patients"),
        (CORRECT.replace("73.1 }", '"high" }'), "A02", "no printed number"),
        (CORRECT.replace("73.1 }", "73.1, auc_interval = [0.5, 140] }"), "A02", "an AUC lies between 0 and 1"),
        (CORRECT.replace("}]", '}, { name = "1", ppv = 1 }]'), "A02", "two rows are called 1"),
        (CORRECT + "summary = { kappa = [1, 2] }", "A02", "summary of kappa"),
        (CORRECT + '[[means]]\nname = "age"\ngroups = []', "A02", "means 'age' groups"),
        (CORRECT + '[[shares]]\nname = "s"\ncount = 5\nof = 3', "A02", "5 of 3 patients"),
        (CORRECT + '[[tests]]\nname = "t"\nkind = "f"\nstatistic = 1\np = 2', "A02", "a p-value lies between 0 and 1"),
    ],
)
def test_what_is_not_understood_is_refused_with_advice(call, text, code, words):
    ended, out, err = call(text)
    assert (ended, out) == (1, "")
    assert f"[{code}]" in err
    assert words in err
    assert "Traceback" not in err


def test_an_absent_file(call, tmp_path):
    code, _, err = call(tmp_path / "none.toml")
    assert code == 1
    assert "[A01]" in err
