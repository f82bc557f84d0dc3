"""The catalogue of chromosome abnormalities: what each is called, and how it is read from a clone.

Declarations only; `features.py` applies them to a karyotype. A new abnormality is one line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

DISEASES = ("myeloma", "chondrosarcoma", "osteosarcoma", "giant_cell_tumour")
CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y")
ODD_TRISOMIES = ("3", "5", "7", "9", "11", "15", "19", "21")


@dataclass(frozen=True)
class WholeChromosome:
    """Every band has more (gain) or fewer (loss) copies than the ploidy of the clone and its constitution give.

    A gain has at least 3 copies (of X and Y: more than the constitution), so a disomy of a near-haploid clone is none.
    """

    chromosome: str
    change: Literal["gain", "loss"]


@dataclass(frozen=True)
class Region:
    """Some part of an arm or band has `by` copies more (gain) or fewer (loss) than the ploidy of the clone gives.

    A loss by 2 leaves no copy, whatever the ploidy. Whatever brings it about counts: a deletion, a lost chromosome, an
    isochromosome, an unbalanced derivative. The bands of the breakpoints are part of what is lost or gained.
    `locus` is the place of the gene within the band, for breakpoints written so finely.
    """

    band: str
    change: Literal["gain", "loss"]
    by: int = 1
    locus: str = ""


@dataclass(frozen=True)
class Fusion:
    """A translocation of the chromosomes of these bands; its breakpoints, where written, lie in one of them."""

    bands: tuple[str, ...]


@dataclass(frozen=True)
class Rearranged:
    """A translocation or insertion with a breakpoint in this band, whatever the partner."""

    band: str


@dataclass(frozen=True)
class Written:
    """A chromosome abnormality of this kind with this chromosome arm, as written."""

    kind: Literal["dup", "i", "der"]
    arm: str


@dataclass(frozen=True)
class ChromosomeNumber:
    """The stated number of chromosomes lies within these limits, both included, and enough chromosomes are trisomic.

    Parameters
    ----------
    low, high : limits of the number. trisomies : how many of `among` have at least 3 copies.
    without_y_loss : a lost Y is added to the number first.
    """

    low: int
    high: int
    trisomies: int = 0
    among: tuple[str, ...] = ODD_TRISOMIES
    without_y_loss: bool = False


@dataclass(frozen=True)
class AbnormalityNumber:
    """At least so many acquired abnormalities in one clone."""

    at_least: int


@dataclass(frozen=True)
class OnlyNormal:
    """Every cell is 46,XX or 46,XY, apart from the constitution."""


Rule = WholeChromosome | Region | Fusion | Rearranged | Written | ChromosomeNumber | AbnormalityNumber | OnlyNormal


@dataclass(frozen=True)
class Abnormality:
    """One abnormality of the catalogue.

    Parameters
    ----------
    name : of the feature. label : text for people by language (en, zh). rule : how it is read from a karyotype.
    cryptic : metaphases do not show its absence: not seen in a karyotype means not assessable.
    source : of the definition, where it is not plain cytogenetics.
    """

    name: str
    label: Mapping[str, str]
    rule: Rule
    cryptic: bool = False
    source: str = ""


def _numeric() -> Iterator[Abnormality]:
    for chromosome in CHROMOSOMES:
        label = {"en": f"Gain of chromosome {chromosome}", "zh": f"{chromosome}号染色体获得"}
        yield Abnormality(f"gain_{chromosome}", _chinese(label, chromosome), WholeChromosome(chromosome, "gain"))
    for chromosome in CHROMOSOMES:
        label = {"en": f"Loss of chromosome {chromosome}", "zh": f"{chromosome}号染色体丢失"}
        yield Abnormality(f"loss_{chromosome}", _chinese(label, chromosome), WholeChromosome(chromosome, "loss"))


def _chinese(label: dict[str, str], chromosome: str) -> dict[str, str]:
    return label if chromosome.isdigit() else {**label, "zh": label["zh"].replace("号", "")}


def _losses() -> Iterator[Abnormality]:
    genes = {"1p32": " (CDKN2C)", "17p13": " (TP53)"}
    loci = {"17p13": "17p13.1"}
    named = {"del17p": "17p13", "loss_13q": "13q", "loss_17p": "17p"}
    arms = ("1p", "1p32", "6q", "8p", "12p", "13q", "14q", "16q")
    for name, band in {**{f"del{arm}": arm for arm in arms}, **named}.items():
        if name.startswith("loss_"):
            label = {"en": f"Loss of {band}, of any part and by any cause", "zh": f"{band}丢失（任何部分、任何原因）"}
        else:
            label = {"en": f"Deletion of {name[3:]}{genes.get(band, '')}", "zh": f"{name[3:]}缺失{genes.get(band, '')}"}
        yield Abnormality(name, label, Region(band, "loss", locus=loci.get(band, "")))
    both = {"en": "Deletion of 1p32 (CDKN2C), no copy left", "zh": "1p32双等位缺失 (CDKN2C)"}
    yield Abnormality("del1p32_biallelic", both, Region("1p32", "loss", by=2))


def _gains() -> Iterator[Abnormality]:
    for band in ("1q", "1q21"):
        gene = " (CKS1B)" if band == "1q21" else ""
        gain = {"en": f"Gain of {band}{gene}, at least one copy more", "zh": f"{band}获得{gene}（至少多1个拷贝）"}
        amplified = {
            "en": f"Amplification of {band}{gene}, at least two copies more",
            "zh": f"{band}扩增{gene}（至少多2个拷贝）",
        }
        yield Abnormality(f"gain_{band}", gain, Region(band, "gain"))
        yield Abnormality(f"amp_{band}", amplified, Region(band, "gain", by=2))
    for kind, en, zh in (
        ("dup", "Duplication", "重复"),
        ("i", "Isochromosome", "等臂染色体"),
        ("der", "Derivative", "衍生"),
    ):
        label = {"en": f"{en} of 1q" if kind != "der" else "Derivative chromosome with 1q", "zh": f"1q{zh}"}
        yield Abnormality(f"{kind}1q", label, Written(kind, "1q"))  # type: ignore[arg-type]
    yield Abnormality("gain_11q", {"en": "Gain of 11q", "zh": "11q获得"}, Region("11q", "gain"))


# The published breakpoints first; t(14;20) is printed with q11 too, t(14;16) with q22.
_FUSIONS = {
    "t_4_14": (("4p16", "14q32"), "FGFR3/NSD2::IGH", True),
    "t_6_14": (("6p21", "14q32"), "CCND3::IGH", False),
    "t_8_14": (("8q24", "14q32"), "MYC::IGH", False),
    "t_11_14": (("11q13", "14q32"), "CCND1::IGH", False),
    "t_14_16": (("14q32", "16q23", "16q22"), "IGH::MAF", True),
    "t_14_20": (("14q32", "20q12", "20q11"), "IGH::MAFB", True),
}


def _translocations() -> Iterator[Abnormality]:
    for name, (bands, genes, cryptic) in _FUSIONS.items():
        first, second = (band.replace("p", ":p").replace("q", ":q").split(":") for band in bands[:2])
        text = f"t({first[0]};{second[0]})({first[1]};{second[1]}) {genes}"
        source = "telomeric breakpoints: difficult in metaphases, absence needs FISH" if cryptic else ""
        yield Abnormality(name, {"en": text, "zh": f"{text}易位"}, Fusion(bands), cryptic, source)
    igh = {"en": "IGH rearranged, any partner", "zh": "IGH重排（任何伙伴基因）"}
    myc = {"en": "MYC rearranged, any partner", "zh": "MYC重排（任何伙伴基因）"}
    yield Abnormality("igh_rearranged", igh, Rearranged("14q32"), cryptic=True)
    yield Abnormality("myc_rearranged", myc, Rearranged("8q24"), cryptic=True)


def _ploidy() -> Iterator[Abnormality]:
    rows: tuple[tuple[str, str, str, ChromosomeNumber, str], ...] = (
        (
            "hyperdiploid",
            "Hyperdiploid: 48 to 75 chromosomes, at least two of 3, 5, 7, 9, 11, 15, 19, 21 trisomic",
            "超二倍体（48～75条染色体，3、5、7、9、11、15、19、21号中至少两条为三体）",
            ChromosomeNumber(48, 75, trisomies=2),
            "IMWG's molecular classification, limits of GFCH",
        ),
        (
            "hypodiploid",
            "Hypodiploid: fewer than 46 chromosomes, a lost Y not counted",
            "亚二倍体（少于46条染色体，不计Y丢失）",
            ChromosomeNumber(0, 45, without_y_loss=True),
            "ISCN",
        ),
        (
            "hypodiploid_45",
            "Hypodiploid: fewer than 45 chromosomes, a lost Y not counted",
            "亚二倍体（少于45条染色体，不计Y丢失）",
            ChromosomeNumber(0, 44, without_y_loss=True),
            "CIBMTR",
        ),
        ("near_haploid", "Near-haploid: at most 34 chromosomes", "近单倍体", ChromosomeNumber(0, 34), "ISCN"),
        ("pseudodiploid", "Pseudodiploid: 46 chromosomes, abnormal", "假二倍体", ChromosomeNumber(46, 46), "ISCN"),
        ("near_triploid", "Near-triploid: 58 to 80 chromosomes", "近三倍体", ChromosomeNumber(58, 80), "ISCN"),
        ("near_tetraploid", "Near-tetraploid: 81 to 103 chromosomes", "近四倍体", ChromosomeNumber(81, 103), "ISCN"),
    )
    for name, en, zh, rule, source in rows:
        yield Abnormality(name, {"en": en, "zh": zh}, rule, source=source)


def _whole_karyotype() -> Iterator[Abnormality]:
    several = {
        "en": "Complex karyotype: at least three abnormalities in one clone",
        "zh": "复杂核型（一个克隆至少三种异常）",
    }
    yield Abnormality("complex", several, AbnormalityNumber(3), source="ISCN")
    yield Abnormality("normal", {"en": "Normal karyotype", "zh": "正常核型"}, OnlyNormal())


_ALL = (*_numeric(), *_losses(), *_gains(), *_translocations(), *_ploidy(), *_whole_karyotype())
ABNORMALITIES: Mapping[str, Abnormality] = MappingProxyType({each.name: each for each in _ALL})
