"""The two pictures of the README: the demo's nomogram and the report on its first patient, as docs/pictures/*.png."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
COMMAND = [sys.executable, "-c", "from reports.command_line import main; main()"]
WIDTH = 1400  # pixels: sharp at the width of a page of text


def render(pdf: Path, png: Path) -> None:
    """Render the first page of a PDF at the fixed width."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        picture = page.render(scale=WIDTH / page.get_width()).to_pil().convert("RGB")
        # the palette that keeps rare colours too: those of the worked patient
        picture.quantize(64, Image.Quantize.MAXCOVERAGE).save(png, optimize=True)
    sys.stdout.write(f"wrote {png}\n")


def main() -> None:
    """Run the demo into a scratch folder and render its two pages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run([*COMMAND, "demo", "--out", str(demo)], check=True, stdout=subprocess.DEVNULL)
        patients = json.loads((demo / "manifest.json").read_text(encoding="utf-8"))["patients"]
        render(demo / "nomogram_cox.pdf", PICTURES / "nomogram.png")
        render(demo / "patients" / f"{next(iter(patients.values()))}.pdf", PICTURES / "patient_report.png")


if __name__ == "__main__":
    main()
