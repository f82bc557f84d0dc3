"""Tables of radiomic features: names and families go round, every column left out has its reason, an index is read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cohorts import Codebook
from cohorts.errors import DataContractError, ImageError, PrognosisWarning
from imaging_head.radiomic_files import extract_radiomics
from imaging_head.radiomic_names import ORIGINAL, feature_name
from imaging_head.radiomic_table import read_radiomics
from imaging_head.radiomics import OWN, radiomic_features
from reports.command_line import app
from tests.imaging_head.radiomic_phantoms import ball, cube, waves

CLINICAL = Codebook.from_dict(
    {"variables": {"pid": {"kind": "id"}, "scanner": {"kind": "nominal", "levels": ["A", "B"]}}}
)


def table(n=6, columns=ORIGINAL):
    """A table as pyradiomics writes it."""
    values = np.random.default_rng(1).normal(size=(n, len(columns)))
    return pd.DataFrame(values, columns=list(columns)).assign(pid=[f"P{k}" for k in range(n)])


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index of three regions, one of them empty."""
    folder = tmp_path_factory.mktemp("regions")
    for name, mask in (("ball", ball(12, 4.2)), ("cube", cube(5)), ("empty", np.zeros((4, 4, 4)))):
        np.save(folder / f"{name}.npy", waves(mask.shape).astype(np.float32))
        np.save(folder / f"{name}_mask.npy", mask)
    rows = [f"P{k},{name}.npy,{name}_mask.npy,2,1,1" for k, name in enumerate(("ball", "cube", "empty"))]
    text = "\n".join(["patient,image,mask,spacing_z,spacing_y,spacing_x", *rows]) + "\n"
    (folder / "index.csv").write_text(text, encoding="utf-8")
    return folder / "index.csv"


@pytest.mark.parametrize(
    ("column", "parts"),
    [
        ("original_firstorder_10Percentile", ("", "original", "firstorder", "10Percentile")),
        ("T1_original_glcm_Imc1", ("T1", "original", "glcm", "Imc1")),
        ("FS_log-sigma-3-0-mm-3D_gldm_DependenceEntropy", ("FS", "log-sigma-3-0-mm-3D", "gldm", "DependenceEntropy")),
        ("T2_fat_sat_wavelet-HHL_ngtdm_Busyness", ("T2_fat_sat", "wavelet-HHL", "ngtdm", "Busyness")),
        ("original_shape2D_Perimeter", ("", "original", "shape2D", "Perimeter")),
    ],
)
def test_a_column_is_taken_apart_and_put_together(column, parts):
    one = feature_name(column)
    assert (one.prefix, one.image, one.family, one.name) == parts
    assert one.column == column
    assert one.known


@pytest.mark.parametrize(
    "column", ["age", "original_age", "original_glcm", "glcm_Contrast", "diagnostics_Versions_Numpy"]
)
def test_other_columns_are_no_features(column):
    assert feature_name(column) is None


def test_everything_left_out_has_its_reason():
    raw = table()
    constant, gone, infinite, twin = ORIGINAL[3], ORIGINAL[30], ORIGINAL[31], ORIGINAL[50]
    raw[constant], raw[twin] = 1.0, raw[ORIGINAL[49]]
    raw.loc[2, gone], raw.loc[4, infinite] = np.nan, np.inf
    raw = raw.assign(original_glcm_Sparkle=raw[ORIGINAL[5]] + 1, age=60.0, scanner=list("AABBAB"))
    raw = raw.assign(diagnostics_Configuration_Settings=["{}"] * 5 + ["{1}"], diagnostics_Mask_VoxelNum=9)
    with pytest.warns(PrognosisWarning, match="I80|I82") as caught:
        read = read_radiomics(raw, codebook=CLINICAL)
    assert [str(one.message)[1:4] for one in caught] == ["I82", "I80"]
    assert read.left_out == {
        constant: "the same in all patients",
        gone: "missing or not finite in some patient",
        infinite: "missing or not finite in some patient",
        twin: f"in every patient equal to {ORIGINAL[49]}",
        "original_glcm_Sparkle": "pyradiomics has no glcm feature Sparkle",
        "age": "not declared in a codebook",
        "diagnostics_Configuration_Settings": "diagnostics",
        "diagnostics_Mask_VoxelNum": "diagnostics",
    }
    assert len(read.features) == 103
    assert list(read.cohort.codebook) == ["pid", "scanner", *read.features]
    np.testing.assert_array_equal(read.cohort.view(list(read.features)), raw[list(read.features)])
    assert read.settings["Configuration_Settings"] == "{}; {1}"
    assert "8 columns are left out: 1 the same in all patients" not in str(caught[0].message)
    assert "2 missing or not finite in some patient" in str(caught[1].message)
    shape = read.coverage.set_index("family")
    assert shape["found"].sum() == shape["of"].sum() == 107
    assert read.names(family="ngtdm") == [name for name in ORIGINAL if "_ngtdm_" in name]


def test_a_table_without_features_or_without_a_usable_one_is_refused():
    with pytest.raises(DataContractError, match="named as pyradiomics") as caught:
        read_radiomics(table()[["pid"]].assign(age=1.0))
    assert caught.value.code == "I78"
    with pytest.raises(DataContractError, match="no feature is left: 3 the same") as caught:
        read_radiomics(table(columns=ORIGINAL[:3]).assign(**dict.fromkeys(ORIGINAL[:3], 0.0)))
    assert caught.value.code == "I81"


def test_real_tables_go_round(shared):
    """Both styles: with prefixes and derived images, and with clinical columns and names of earlier versions."""
    raw = pd.read_csv(shared / "data" / "sts_radiomics" / "sts_radiomics.csv.gz")
    own = [name for name in raw.columns if name == "pid" or "_original_" in name]
    read = read_radiomics(raw[own])
    assert read.left_out == {}
    for prefix in ("T1", "FS"):
        assert {name.removeprefix(f"{prefix}_") for name in read.names(prefix=prefix)} == set(ORIGINAL)
    assert (read.coverage["found"] == read.coverage["of"]).all()
    assert len(read.coverage) == 14
    assert all(feature_name(name).known for name in raw.columns if name != "pid")
    file = shared / "data" / "nsclc_radiomics_os" / "nsclc_radiomics_os.csv"
    with pytest.warns(PrognosisWarning, match="I80"):
        read = read_radiomics(file)
    assert len(read.features) == 53
    assert set(read.left_out) == {"Histology", "Mstage", "Nstage", "source", "Tstage", "age", "os_days", "os_event"}
    assert read.coverage.set_index("family")["found"].to_dict() == {
        "shape": 5,
        "firstorder": 13,
        "glcm": 20,
        "glrlm": 11,
    }


def test_an_index_becomes_a_table_that_is_read_again(index, tmp_path):
    asked = [str(index), "--out", str(tmp_path / "t.csv"), "--engine", "own", "--bin-width", "10"]
    done = CliRunner().invoke(app, ["images", "radiomics", *asked])
    assert done.exit_code == 1
    assert "P2" in done.stderr
    assert "I75" in done.stderr
    assert "2 of 3 patients" in done.stdout
    with pytest.warns(PrognosisWarning, match="I80"):
        read = read_radiomics(tmp_path / "t.csv", id="patient")
    assert set(read.features) | set(read.left_out) == {*OWN, *(name for name in read.left_out if "diagnostics" in name)}
    assert json.loads(read.settings["Configuration_Settings"])["bin_width"] == 10
    assert read.settings["Versions"].startswith("bone-prognosis")
    expected = radiomic_features(waves((12,) * 3).astype(np.float32), ball(12, 4.2), (2, 1, 1))
    volume = read.cohort.frame.loc["P0", "original_shape_MeshVolume"]
    assert volume == expected["original_shape_MeshVolume"]


def test_all_faults_of_an_index_come_at_once(index, tmp_path):
    rows = ["P1,a.npy,m.npy,", "P1,b.npy,,", ",c.npy,m.npy,T 1"]
    (tmp_path / "index.csv").write_text("\n".join(["patient,image,mask,sequence", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(ImageError) as caught:
        extract_radiomics(tmp_path / "index.csv", engine="own")
    assert {finding.code for finding in caught.value.findings} == {"I79"}
    columns = [finding.column for finding in caught.value.findings]
    assert columns == ["patient", "mask", "patient", "sequence", "sequence"]
    for cells, words in (
        ("P1,../x.npy,m.npy,1,1,1", "no such file"),
        (f"P1,{index.parent}/ball.npy,m.npy,1,1,1", "no such file"),
        ("P1,x.npy,x.npy,1,,1", "an array has no spacing"),
        ("P1,x.txt,x.npy,1,1,1", "this kind of file is not read"),
        ("P1,y.npy,x.npy,1,1,1", "no plain array"),
    ):
        np.save(tmp_path / "x.npy", np.ones((3, 3, 3)))
        (tmp_path / "x.txt").write_text("1", encoding="utf-8")
        np.save(tmp_path / "y.npy", np.array([{}], object))
        header = "patient,image,mask,spacing_z,spacing_y,spacing_x"
        (tmp_path / "index.csv").write_text(f"{header}\n{cells}\n", encoding="utf-8")
        with pytest.raises(ImageError, match=words) as caught:
            extract_radiomics(tmp_path / "index.csv", engine="own")
        assert caught.value.code == "I79"
        assert caught.value.findings[0].rows == ("P1",)
