"""Write docs/golden_values.md: every quantity of R's golden files, how closely ours is held to it, and how close it is.

`PYTHONPATH=. python benchmarks/golden_table.py` prints the same table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.golden_walk.walk import OWNED, Step, walk

TABLE = Path(__file__).resolve().parents[1] / "docs" / "golden_values.md"
HEAD = """# Golden values: what is compared with R, and how close it is

Written by `python benchmarks/golden_table.py`; do not edit. One line a file and quantity (the first word of its path in
the file); differences are relative unless said, the worst of all values of the quantity. The test suite holds every
value to its tolerance (`tests/test_golden_walk.py`).

| file | quantity | values | tolerance | worst difference |
|---|---|---|---|---|
"""


def lines_of(name: str, steps: tuple[Step, ...]) -> list[str]:
    """One line a quantity of a file."""
    groups: dict[tuple[str, bool], list[Step]] = {}
    for step in steps:
        groups.setdefault((step.path.partition(".")[0], step.relative), []).append(step)
    return [
        f"| {name} | {quantity}{'' if relative else ' (absolute)'} | {len(group)} | "
        f"{max(step.tolerance for step in group):g} | {max(step.worst for step in group):.1e} |"
        for (quantity, relative), group in groups.items()
    ]


def main() -> None:
    """Walk every file and write the table."""
    lines, left_out = [], []
    for name, topic in OWNED:
        walked = walk(name, topic)
        lines += lines_of(name, walked.steps)
        left_out += [f"| {name} | `{pattern}` | {reason} |" for pattern, reason in walked.left_out.items()]
    text = HEAD + "\n".join(lines) + "\n\n## Not compared\n\n| file | values | reason |\n|---|---|---|\n"
    text += "\n".join(left_out) + "\n"
    TABLE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
