"""How much a radiograph may cost before and while it is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from imaging_head.refusal import RefusedError

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Size limits, checked before anything is decoded, and caps on the decoding process.

    Parameters
    ----------
    file_bytes : of the file; a deflated file counts as inflated. pixels : rows x columns of the film.
    memory : bytes that decoding may take on top of the idle process. seconds : of decoding, a film.

    Notes
    -----
    The defaults take any plain radiograph (43 x 35 cm at .1 mm: 15 million pixels), and refuse what no detector makes.
    """

    file_bytes: int = 256 * MIB
    pixels: int = 64_000_000
    memory: int = 2048 * MIB
    seconds: float = 60.0

    def check_bytes(self, size: int, what: str = "the file") -> None:
        """Refuse (I08) a file or an inflated part above the limit."""
        if size > self.file_bytes:
            rule = f"{what} is too large: limit {self.file_bytes:,} bytes, actual at least {size:,}"
            raise RefusedError("I08", rule, "give a single radiograph, or raise Limits(file_bytes=...)")

    def check_pixels(self, rows: int, columns: int) -> None:
        """Refuse (I08) a film without area or of more pixels than the limit."""
        if rows < 1 or columns < 1:
            raise RefusedError("I16", f"the film has {rows} rows and {columns} columns", "export it again")
        if rows * columns > self.pixels:
            rule = f"{rows:,} rows x {columns:,} columns: limit {self.pixels:,} pixels, actual {rows * columns:,}"
            raise RefusedError("I08", rule, "give a single radiograph, or raise Limits(pixels=...)")
