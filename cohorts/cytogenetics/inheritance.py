"""Clones that refer to others (idem, sl, sdl): what they inherit is written out, what they lost of it is taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.item import Item


def inherited_from(name: str, abnormal: Sequence[Clone]) -> Clone | None:
    """Return the clone that ``idem``, ``sl`` or ``sdl1`` names among the abnormal ones before; None without it.

    idem and sl name the stemline, which is listed first; sdl1 the first sideline, sdl the last one before.
    """
    if not abnormal:
        return None
    if name in ("idem", "sl"):
        return abnormal[0]
    number = int(name[3:]) if name[3:] else len(abnormal) - 1
    return abnormal[number] if number < len(abnormal) else None


def evolved(inherited: Sequence[Item], own: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Return the items of a clone from those of its parent and its own, and own losses that have nothing to take off.

    A lost marker or additional chromosome disappears; a lost abnormal chromosome leaves the loss of the normal one in
    whose place it stood; a chromosome lost and gained is as before.
    """
    items, unmatched = list(inherited), []
    for item in own:
        at = _match(items, item)
        if at is None:
            structural = item.sign == "-" and item.kind != "chromosome"
            unmatched += [item] if structural else []
            items.append(replace(item, uncertain=(*item.uncertain, "item")) if structural and item.steps else item)
            continue
        before = items.pop(at)
        if not before.sign:
            items += [Item(f"-{name.lower()}", "-", "chromosome", (name,)) for name in before.replaced]
    return tuple(items), tuple(unmatched)


def _match(items: Sequence[Item], item: Item) -> int | None:
    """Return the place of what an item takes back: the same thing with the opposite sign, or in place of a normal."""
    for at in reversed(range(len(items))):
        other = items[at]
        if other.times != item.times or other.constitutional or other.key != item.key:
            continue
        opposite = {"+": "-", "-": "+"}.get(item.sign)
        if opposite and (
            other.sign == opposite or (item.sign == "-" and not other.sign and item.kind not in ("t", "chromosome"))
        ):
            return at
    return None
