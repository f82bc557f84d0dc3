"""The pictures of docs/gallery, each with the command that made it: nomograms, pages on patients, reports, calculator.

Needs chromium for the calculator; the myeloma study needs its data beside the checkout. Both are left out without.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pypdfium2
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "docs" / "gallery"
COMMAND = [sys.executable, "-c", "from reports.command_line import main; main()"]
WIDTH, COLOURS = 1000, 48
Shown = tuple[str, str, str]
# Typed into the calculator.
PATIENT = {"Age at diagnosis": "68", "Haemoglobin": "11.5", "Creatinine": "1.4", "Monoclonal protein": "1.6"}


def prognosis(*arguments: object) -> None:
    """Run one command quietly."""
    subprocess.run([*COMMAND, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def render(pdf: Path, name: str, page: int = 0) -> str:
    """Render a page of a PDF; returns the name of the picture."""
    with pypdfium2.PdfDocument(pdf) as document:
        sheet = document[page]
        picture = sheet.render(scale=WIDTH / sheet.get_width()).to_pil().convert("RGB")
    # the palette that keeps rare colours too: those of the worked patient
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(GALLERY / f"{name}.png", optimize=True)
    return f"{name}.png"


def of_mgus(folder: Path) -> Iterator[Shown]:
    """Show the embedded study."""
    demo = folder / "demo"
    prognosis("demo", "--out", demo)
    names = json.loads((demo / "manifest.json").read_text(encoding="utf-8"))["patients"]
    run = "prognosis demo --out demo"
    yield "Nomogram of progression-free survival in MGUS", render(demo / "nomogram_cox.pdf", "mgus_nomogram"), run
    for patient, language in (("90", "English"), ("402", "Chinese")):
        picture = render(demo / "patients" / f"{names[patient]}.pdf", f"mgus_patient_{language.lower()}")
        yield f"A patient's page, {language}", picture, run
    yield "Study report, first page", render(demo / "study_report.pdf", "mgus_study"), run
    yield "TRIPOD+AI checklist, first page", render(demo / "tripod_ai.pdf", "mgus_tripod"), run
    if shutil.which("chromium"):
        yield from of_calculator(demo / "models" / "cox.prognosis", folder)


def of_calculator(model: Path, folder: Path) -> Iterator[Shown]:
    """Show the calculator as a browser has it on a desk and on a phone."""
    from playwright.sync_api import sync_playwright

    page = folder / "calculator.html"
    prognosis("calculator", model, "--out", page)
    run = "prognosis calculator demo/models/cox.prognosis --out calculator.html"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, width, height in (("calculator_desk", 1200, 1000), ("calculator_phone", 390, 1100)):
            view = browser.new_page(viewport={"width": width, "height": height})
            view.goto(page.as_uri())
            for label, value in PATIENT.items():
                view.get_by_label(label, exact=False).first.fill(value)
            view.get_by_label("Sex").select_option("F")
            view.get_by_role("heading", name="Of 100 people").first.scroll_into_view_if_needed()
            view.screenshot(path=str(GALLERY / f"{name}.png"))
            yield f"Calculator, {width} pixels wide", f"{name}.png", run
        browser.close()


def of_chondrosarcoma(folder: Path) -> Iterator[Shown]:
    """Show metastasis of simulated patients: a logistic nomogram."""
    study = folder / "chondrosarcoma"
    shutil.copytree(ROOT / "examples" / "chondrosarcoma_metastasis", study)
    prognosis("simulate", "chondrosarcoma", "--n", 944, "--seed", 2022, "--out", study / "simulated")
    prognosis("run", study / "study.toml", "--out", study / "report")
    run = "prognosis run examples/chondrosarcoma_metastasis/study.toml --out report"
    picture = render(study / "report" / "nomogram_logistic.pdf", "chondrosarcoma_nomogram")
    yield "Nomogram of metastasis at diagnosis (simulated patients)", picture, run
    yield "Its study report, first page", render(study / "report" / "study_report.pdf", "chondrosarcoma_study"), run
    patients = study / "patients.csv"
    pd.read_csv(study / "simulated" / "cohort.csv", dtype=str).head(1).to_csv(patients, index=False)
    for language in ("en", "zh"):
        out = study / f"pages_{language}"
        prognosis(
            "report", study / "report" / "models" / "logistic.prognosis", patients, "--out", out, "--language", language
        )
        picture = render(next(out.rglob("*.pdf")), f"chondrosarcoma_patient_{language}")
        yield (
            f"A simulated patient's page ({language})",
            picture,
            f"prognosis report logistic.prognosis patients.csv --out pages --language {language}",
        )


def of_myeloma(folder: Path) -> Iterator[Shown]:
    """Show event-free survival in Total Therapy 2, without any of its patients."""
    study = ROOT / "examples" / "uams_tt2.toml"
    if not (ROOT.parent / "shared" / "data" / "mm_uams_tt2").is_dir():
        return
    out = folder / "uams"
    prognosis("run", study, "--out", out)
    run = "prognosis nomogram uams/models/cox.prognosis --out nomogram.pdf"
    prognosis("nomogram", out / "models" / "cox.prognosis", "--out", folder / "uams.pdf")
    yield (
        "Nomogram of event-free survival in myeloma (Total Therapy 2)",
        render(folder / "uams.pdf", "myeloma_nomogram"),
        run,
    )
    run = "prognosis run examples/uams_tt2.toml --out uams"
    yield "Its study report, first page", render(out / "study_report.pdf", "myeloma_study"), run


def main() -> None:
    """Make every picture and the page that shows them."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shown = [*of_mgus(folder), *of_chondrosarcoma(folder), *of_myeloma(folder)]
    parts = ["# Gallery", "Made by `benchmarks/gallery.py`; beside each picture stands the command that made it."]
    parts += [f"## {title}\n\n`{command}`\n\n![{title}]({picture})" for title, picture, command in shown]
    (GALLERY / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(shown)} pictures in {GALLERY}\n")


if __name__ == "__main__":
    main()
