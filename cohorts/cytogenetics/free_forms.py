"""Forms that clinicians write and ISCN does not know, and the ISCN they stand for.

A form is tried only where the grammar does not read the text as it stands, and every use is a finding.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CHROMOSOME = r"([1-9]|1\d|2[0-2]|x|y)"

# Whole texts of one abnormality, lower case without spaces: pattern, ISCN.
FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), iscn)
    for pattern, iscn in (
        (rf"(?:tris|trisomy|trisomie|trisomia|plus){_CHROMOSOME}", r"+\1"),
        (rf"(?:monosomy|monosomie|monosomia|minus|lossof){_CHROMOSOME}", r"-\1"),
        (r"del(x|y)", r"-\1"),
        (rf"del(?:etion)?(?:of)?{_CHROMOSOME}([pq][\d.pq]*)-?", r"del(\1)(\2)"),
        (rf"{_CHROMOSOME}([pq])-(?:isolata|isolated)?", r"del(\1)(\2?)"),
        (rf"{_CHROMOSOME}([pq])\+", r"add(\1)(\2?)"),
        (rf"(dup|inv|add|i|r){_CHROMOSOME}([pq][\d.pq]*)", r"\1(\2)(\3)"),
        (rf"i{_CHROMOSOME}\(([pq]\d*)\)", r"i(\1)(\2)"),
        (rf"([+-]?\??(?:del|dup|add|inv|der|i))\({_CHROMOSOME}\)\(([pq])\)\((?:[pq]?)([\dpq.~-]+)\)", r"\1(\2)(\3\4)"),
    )
)

# Slips of the pen within a text: pattern, what is meant.
SLIPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"(?<=\d)[x*](?=\d)", "x"),
        (r"\)\*(?=\d)", ")x"),
        (r"(?<=mar)\*(?=\d)|^([+-]\d{1,2})\*(?=\d)", r"\1x"),
        (r"\bdd\(", "add("),
        (r"\bdjc\(", "dic("),
        (r"\bidec\(", "idic("),
        (r"^([+-]?\d*)(?:mer|m)(?=\d|$)", r"\1mar"),
        (r"(?<=[pq])l(?=[\d?])|(?<=[pq]1)l(?=[)?])", "1"),
        (r"\(\(+", "("),
        (r"\)\)+", ")"),
        (r"\((?=(?:del|t|add|inv|ins|dup|hsr)\()", ""),
        (r"(?<=[a-z]),(?=\()", ""),
        (r"(?<=[pq\d]),(?=\))", ""),
        (r"(?<=\d),(?=\d)", "."),
        (r"(?<=\d)\.(?=[pq])|(?<=[pq])\.(?=\d)", ""),
        (r"(?<=\()([\d;?xy]+)\((?=\??[pq])", r"\1)("),
        (r"(?<=\()([\d;?xy]+)8(?=\??[pq])", r"\1)("),
        (r"\)8(?=\??[pq][\d.?]*\))", ")("),
        (r"(?<=\()8(?=[pq])|(?<=\()9(?=[pq])", ""),
        (r"der8(?=1\d\))|der9(?=[1-9]\))", "der("),
        (r"^(.*\([^()]*)$", r"\1)"),
        (r"^([+-]?\d+)\?(\d+)(?=mar|r$|dmin)", r"\1~\2"),
        (r"(?<=[\d)])\+$", ""),
        (r"\?\?+$", "?"),
        (r"^-(?=t\(|inv\()", ""),
        (r"^der(?=t\((\d+|x|y);)", r"der(?)"),
        (r"^(del|add|inv|dup)\((\d+|x|y)\)\(\2\)", r"\1(\2)"),
        (r"\)\((q\d[\d.]*)\)\(\1\)", r")(\1)"),
        (r"^del\((\d+;\d+)\)(?=\([pq]10;[pq]10\))", r"der(\1)"),
    )
)


@lru_cache(maxsize=16384)
def readings(text: str) -> tuple[str, ...]:
    """Return what a text in lower case and without spaces may stand for, the smallest correction first."""
    found = [form.sub(iscn, text) for form, iscn in FORMS if form.fullmatch(text)]
    mended = text
    for slip, meant in SLIPS:
        changed, times = slip.subn(meant, mended)
        if times and changed != mended:
            found += [slip.sub(meant, text), changed]
            mended = changed
    return tuple(dict.fromkeys(reading for reading in found if reading != text))
