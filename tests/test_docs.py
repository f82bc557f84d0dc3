"""Every block of code in the documentation is run, every link and every command in it exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = ("bash", "console", "sh", "shell")
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE_NAME = re.compile(r"#\s*file:\s*([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*$")
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text and the line where it begins."""

    language: str
    text: str
    line: int


def read_blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text in order."""
    return [Block(m[1].strip(), m[2], text[: m.start()].count("\n") + 1) for m in BLOCK.finditer(text)]


def shell_commands(text: str) -> list[list[str]]:
    """Return the commands of a shell block as words; prompts, comments and empty lines are left out."""
    joined = re.sub(r"\\\n\s*", " ", text)
    commands = (shlex.split(line.removeprefix("$ "), comments=True) for line in joined.splitlines())
    return [command for command in commands if command]


def run_command(command: list[str], folder: Path) -> None:
    """Run one documented command: make targets must exist, prognosis must end well, nothing else is documented."""
    program, *arguments = command
    if program == "make":  # not run: a test that made the tests would not end
        assert arguments, "make without a target"
        assert set(arguments) <= MAKE_TARGETS, command
        return
    assert program == "prognosis", f"the documentation runs only make and prognosis, not {program}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", "from reports.command_line import main; main()", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


def run_block(block: Block, document: str, namespace: dict[str, Any], folder: Path) -> None:
    """Run a block; one of another language whose first line is ``# file: NAME`` is written under that name."""
    if block.language == "python":
        # Empty lines before the block make a traceback name the line of the document.
        code = compile("\n" * block.line + block.text, document, "exec")
        exec(code, namespace)
    elif block.language in SHELL:
        for command in shell_commands(block.text):
            run_command(command, folder)
    elif name := FILE_NAME.match(block.text.split("\n", 1)[0]):
        (folder / name[1]).write_text(block.text, encoding="utf-8")


def run_document(text: str, name: str, folder: Path) -> None:
    """Run all blocks of a document in order, in one namespace and one folder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in read_blocks(text):
        run_block(block, name, namespace, folder)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_document(document.read_text(encoding="utf-8"), document.name, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document):
    links = LINK.findall(BLOCK.sub("", document.read_text(encoding="utf-8")))
    here = [link for link in links if "://" not in link]
    assert [link for link in here if not (document.parent / link).is_file()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_names_its_language(document):
    assert [block.line for block in read_blocks(document.read_text(encoding="utf-8")) if not block.language] == []


def test_the_quick_start_is_two_commands():
    start = (ROOT / "README.md").read_text(encoding="utf-8").split("## Quick start")[1].split("\n## ")[0]
    assert [shell_commands(block.text) for block in read_blocks(start)] == [[["make", "demo"], ["make", "test"]]]


def test_the_script_of_the_readme_has_ten_lines():
    blocks = read_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    script = next(block.text for block in blocks if block.language == "python")
    assert len([line for line in script.splitlines() if line.strip()]) <= 10


# The reader of documents itself.


def test_blocks_share_one_namespace_and_one_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read = "```python\nfrom pathlib import Path\nread = Path('a.toml').read_text()\n```\n"
    write = "```python\nPath('b').write_text(read)\n```\n"
    text = f"```toml\n# file: a.toml\nx = 1\n```\n\n{read}text\n{write}"
    run_document(text, "a.md", tmp_path)
    assert (tmp_path / "b").read_text() == "# file: a.toml\nx = 1\n"


def test_a_failing_block_fails_and_names_its_line(tmp_path):
    with pytest.raises(ZeroDivisionError) as failure:
        run_document("one\n\n```python\n\n1 / 0\n```\n", "a.md", tmp_path)
    assert failure.traceback[-1].lineno + 1 == 5


def test_commands_are_read_as_a_shell_reads_them():
    text = "$ prognosis run 'my study.toml' \\\n    --out results  # a remark\n\n# only a remark\nmake demo\n"
    assert shell_commands(text) == [["prognosis", "run", "my study.toml", "--out", "results"], ["make", "demo"]]


@pytest.mark.parametrize("command", ["make coffee", "make", "pip install x", "prognosis no-such-command"])
def test_an_undocumented_or_failing_command_fails(command, tmp_path):
    with pytest.raises(AssertionError):
        run_document(f"```bash\n{command}\n```\n", "a.md", tmp_path)
