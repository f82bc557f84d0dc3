"""Films of an index, decoded in a process of their own, compared with the table; and copies that name nobody."""

from __future__ import annotations

import os
import re
import signal

import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless
from typer.testing import CliRunner

from cohorts import Cohort
from cohorts.errors import DataContractError, Finding, ImageError, LeakageError
from imaging_head.decoder import Decoder
from imaging_head.film import Film
from imaging_head.index_file import Place, check_index
from imaging_head.limits import Limits
from imaging_head.linking import Expected, check_link, hashed
from imaging_head.radiographs import Radiographs, _gathered
from reports.command_line import app
from tests.imaging_head.films import write_film

ANY = Expected(modality=(), patient=False)


def codes(error):
    return [finding.code for finding in error.value.findings]


def noise(seed):
    return np.random.default_rng(seed).integers(0, 1024, (64, 48)).astype(np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three patients: two films of a, one of b (compressed, not cleared), one picture of c."""
    root = tmp_path_factory.mktemp("films")
    write_film(root / "a1.dcm", noise(1), PatientID="a")
    write_film(root / "a2.dcm", noise(2), PatientID="a", ViewPosition="LL", InstitutionName="St Elsewhere")
    write_film(root / "b.dcm", noise(3), JPEG2000Lossless, PatientID="b", BurnedInAnnotation=None, Laterality="L")
    Image.fromarray((noise(4) // 4).astype(np.uint8)).save(root / "c.png")
    (root / "index.csv").write_text(
        "film,patient,view,laterality,date,cleared\n"
        "a1.dcm,a,AP,R,2020-01-31,\na2.dcm,a,LAT,right,2020-03-01,\nb.dcm,b,AP,L,,no\nc.png,c,AP,R,2021-05-05,yes\n"
    )
    return root


@pytest.fixture(scope="module")
def read(folder):
    """The films of the index, and their squares of 48 pixels."""
    films = Radiographs.from_index(folder / "index.csv")
    return films, films.squares(48)


class TestDecoder:
    @pytest.fixture(scope="class")
    @classmethod
    def full(cls, tmp_path_factory):
        """72 MB in a file of 70 kB."""
        path = tmp_path_factory.mktemp("full") / "full.dcm"
        return write_film(path, np.zeros((6000, 6000), np.uint16), DeflatedExplicitVRLittleEndian)

    def test_time_used_up_ends_the_process_and_nothing_else(self, full):
        with Decoder(Limits(seconds=0.05)) as decoder:
            with pytest.raises(ImageError, match=r"I15.*limit of 0\.05 s"):
                decoder.read(full)
            assert decoder._process is None

    def test_without_pydicom_or_with_a_broken_one_the_way_out_is_named(self, tmp_path, monkeypatch):
        path = write_film(tmp_path / "a")
        monkeypatch.setattr("imaging_head.decoder.START", "raise ImportError")
        with pytest.raises(ImageError, match=r"I15.*does not start.*bone-prognosis\[imaging\]"):
            Decoder().read(path)
        monkeypatch.setattr("imaging_head.decoder.find_spec", lambda name: None)
        with pytest.raises(ImageError, match=r"I13.*transfer syntax.*bone-prognosis\[imaging\]"):
            Decoder().read(path)

    def test_memory_used_up_and_a_killed_process(self, full, tmp_path):
        good = write_film(tmp_path / "a")
        with Decoder(Limits(memory=48 << 20)) as decoder:
            with pytest.raises(ImageError, match=r"I15.*memory.*50,331,648"):
                decoder.read(full)
            process = decoder._process
            assert decoder.read(good)[1].shape == (64, 64)
            assert decoder._process is process
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(ImageError, match=r"I15.*died \(SIGKILL\)"):
                decoder.read(good)
            assert decoder.read(good)[1].shape == (64, 64)

    def test_a_file_above_the_limit_starts_no_process(self, tmp_path):
        decoder = Decoder(Limits(file_bytes=100))
        with pytest.raises(ImageError, match=r"I08.*limit 100 bytes"):
            decoder.read(write_film(tmp_path / "a"))
        assert decoder._process is None
        with pytest.raises(ImageError, match=r"I18"):
            decoder.read(tmp_path / "b")
        with pytest.raises(ImageError, match=r"I08.*pixels is 0"):
            Decoder(Limits(pixels=0))


class TestIndex:
    def test_cells_are_read_as_what_they_mean(self):
        index = check_index(pd.DataFrame({"film": ["a"], "patient": ["007"], "laterality": ["Left"], "view": ["ap"]}))
        assert index.loc[0].tolist() == ["a", "007", "AP", "L", "", False]

    @pytest.mark.parametrize(
        ("cells", "column"),
        [
            ({"patient": ["", "b"]}, "patient"),
            ({"film": ["x", "x"]}, "film"),
            ({"film": ["", "x"]}, "film"),
            ({"laterality": ["R", "up"]}, "laterality"),
            ({"date": ["2020-02-30", ""]}, "date"),
            ({"date": ["03/04/2021", ""]}, "date"),
            ({"cleared": ["maybe", ""]}, "cleared"),
        ],
    )
    def test_i18_a_wrong_cell_is_named(self, cells, column):
        with pytest.raises(ImageError) as error:
            check_index(pd.DataFrame({"film": ["x", "y"], "patient": ["a", "b"], **cells}))
        assert [(finding.code, finding.column) for finding in error.value.findings] == [("I18", column)]

    def test_i18_no_column_and_no_film(self):
        for frame in (pd.DataFrame({"film": ["x"]}), pd.DataFrame({"film": [], "patient": []})):
            with pytest.raises(ImageError, match="I18"):
                check_index(frame)

    def test_i18_nothing_outside_the_folder_is_opened(self, tmp_path):
        (tmp_path / "secret").write_text("x")
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
        for name in ("../secret", str(tmp_path / "secret"), "link", "absent"):
            with pytest.raises(ImageError, match="I18"):
                Place(tmp_path / "in").of(name)

    def test_a_torn_csv_is_refused_as_every_table(self, tmp_path):
        (tmp_path / "i.csv").write_text("film,patient\na.png\n")
        with pytest.raises(DataContractError, match="F07"):
            Radiographs.from_index(tmp_path / "i.csv")


ROW = {"patient": "a", "view": "AP", "laterality": "R"}
TAGS = {"Modality": "CR", "BodyPartExamined": "KNEE", "ViewPosition": "AP", "Laterality": "R"}


class TestLink:
    def findings(self, link="a", row=(), expected=None, **tags):
        said = {name: value for name, value in {**TAGS, **tags}.items() if value}
        made = Film(np.zeros((2, 2), np.float32), "f", said)
        return list(check_link(made, link, {**ROW, **dict(row)}, expected or Expected(body_part=("KNEE",))))

    def test_the_right_film_passes(self):
        assert self.findings() == []
        assert self.findings(row={"view": "LAT"}, ViewPosition="RL") == []
        assert self.findings(row={"view": "", "laterality": ""}, ViewPosition="", Laterality="") == []

    @pytest.mark.parametrize(
        ("tag", "value", "expected"),
        [
            ("Modality", "CT", "CR or DX"),
            ("BodyPartExamined", "HAND", "KNEE"),
            ("ViewPosition", "LL", "AP"),
            ("Laterality", "L", "R"),
        ],
    )
    def test_i10_another_film_names_tag_and_what_was_expected(self, tag, value, expected):
        (finding,) = self.findings(**{tag: value})
        assert (finding.code, finding.severity) == ("I10", "error")
        assert f"tag {tag} is {value}, expected {expected}" in str(finding)
        (absent,) = self.findings(**{tag: ""})
        assert (absent.code, absent.severity) == ("I10", "warning")

    def test_i11_another_patient_both_ids_hashed(self):
        (finding,) = self.findings(link="Jane-1951")
        assert finding.code == "I11"
        assert "Jane" not in str(finding)
        assert f"#{hashed('Jane-1951')}" in str(finding)
        assert f"#{hashed('a')}" in str(finding)
        assert self.findings(link="Jane-1951", expected=ANY) == []
        assert [each.severity for each in self.findings(link=None)] == ["warning"]


class TestRadiographs:
    def test_films_are_grouped_by_patient_and_read_alike_by_any_number_of_processes(self, read):
        films, one = read
        assert (len(films), films.patients) == (4, ("a", "b", "c"))
        assert films.groups.tolist() == [0, 0, 1, 2]
        two = films.squares(48, workers=2)
        assert np.array_equal(one.pixels, two.pixels)
        assert (one.pixels.shape, one.pixels.dtype, one.patients) == ((4, 48, 48), np.float32, ("a", "a", "b", "c"))
        # b has no BurnedInAnnotation; c, a picture, no spacing, and was cleared
        assert [(finding.file, finding.code) for finding in one.findings] == [("b.dcm", "I07"), ("c.png", "I14")]
        some = films.of(["c", "a"])
        assert some.index["film"].tolist() == ["a1.dcm", "a2.dcm", "c.png"]
        with pytest.raises(ImageError, match="I22"):
            films.of(["z"])

    def test_what_is_true_of_many_films_is_said_once(self):
        said = [Finding("I14", "no spacing", file=name, severity="warning") for name in "ab"]
        one, two = _gathered([*said, Finding("I07", "text", file="a", severity="warning")])
        assert (one.code, one.rows, one.file) == ("I14", ("a", "b"), None)
        assert (two.code, two.rows, two.file) == ("I07", (), "a")

    def test_all_faulty_films_are_named_at_once(self, folder):
        frame = pd.DataFrame(
            {"path": ["a1.dcm", "a2.dcm", "b.dcm", "none.png"], "who": ["b", "a", "b", "c"], "laterality": "R"}
        )
        films = Radiographs.from_frame(frame, file="path", patient="who", root=folder)
        with pytest.raises(ImageError) as error:
            films.squares(16)
        assert [(each.file, each.code) for each in error.value.findings] == [
            ("a1.dcm", "I11"), ("b.dcm", "I10"), ("none.png", "I18"),
        ]  # fmt: skip
        with pytest.raises(ImageError, match="I11"):
            next(films.read())

    def test_i19_one_picture_under_two_patients(self):
        pixels = np.random.default_rng(1).random((3, 8, 8))
        same = np.stack([pixels[0], pixels[1], pixels[0]])
        assert Radiographs.from_arrays(same, ["a", "b", "a"]).squares(8).patients == ("a", "b", "a")
        with pytest.raises(ImageError, match=r"I19.*training and test"):
            Radiographs.from_arrays(same, ["a", "b", "c"]).squares(8)

    def test_arrays_are_checked(self):
        for pixels in (np.zeros((2, 8, 8)), np.full((1, 8, 8), np.nan), np.full((1, 8, 8), 2.0)):
            with pytest.raises(ImageError, match="I18"):
                Radiographs.from_arrays(pixels, ["a"])

    def test_the_table_is_compared(self, read):
        films, _ = read
        table = pd.DataFrame({"pid": ["a", "b", "c", "d"], "side": pd.Categorical(["R", "L", "R", "R"])})
        (warning,) = films.check_against(Cohort.from_frame(table), "side")
        assert (warning.code, warning.severity, warning.rows) == ("I22", "warning", ("d",))
        with pytest.raises(ImageError) as error:
            films.check_against(Cohort.from_frame(table.iloc[:2].assign(side=pd.Categorical(["L", "L"]))), "side")
        assert codes(error) == ["I22", "I10", "I10"]
        assert "expected L" in str(error.value)
        with pytest.raises(ImageError, match=r"I10.*row ids a, b: no side"):
            films.check_against(Cohort.from_frame(table.assign(side=pd.Categorical(["x", "y", "R", None]))), "side")

    def test_i24_a_film_of_the_future_leaks(self, read):
        films, _ = read  # a: 31 January and 1 March 2020, b: undated, c: 5 May 2021
        dates = pd.to_datetime(pd.Series(["2020-01-31", "2020-01-01", "2021-05-04"]))
        cohort = Cohort.from_frame(pd.DataFrame({"pid": ["a", "b", "c"], "diagnosis": dates}))
        with pytest.raises(LeakageError) as error:
            films.check_against(cohort, baseline="diagnosis")
        assert [finding.rows for finding in error.value.findings] == [("a2.dcm", "c.png")]
        (warning,) = films.check_against(cohort, baseline="diagnosis", days=30)
        assert (warning.code, warning.rows) == ("I24", ("b.dcm",))


class TestCopies:
    @pytest.fixture(scope="class")
    @classmethod
    def copied(cls, folder, tmp_path_factory):
        place = tmp_path_factory.mktemp("copies")
        command = ["images", "deidentify", str(folder / "index.csv"), "--out", str(place / "out"), "--key"]
        return CliRunner().invoke(app, [*command, str(place / "key.csv")]), place

    def test_what_was_not_cleared_is_left_out_and_said(self, copied):
        done, place = copied
        assert done.exit_code == 1
        assert "left out: [I07] file b.dcm" in done.stderr
        assert "3 of 4 films copied" in done.stdout
        assert len(list((place / "out").iterdir())) == 4

    def test_copies_show_the_same_and_name_nobody(self, copied, read):
        _, place = copied
        key = pd.read_csv(place / "key.csv").query("what == 'film'").set_index("pseudonym")["name"]
        copies = Radiographs.from_index(place / "out" / "index.csv")
        originals = dict(zip(read[0].index["film"], read[1].pixels, strict=True))
        for name, square in zip(copies.index["film"], copies.squares(48).pixels, strict=True):
            assert np.array_equal(square, originals[key[name.split(".")[0]]])
        pseudonyms = pd.read_csv(place / "key.csv")["pseudonym"]
        # drawn at random: any digits can stand in them
        drawn = re.compile("|".join([r"1\.2\.826\.0\.1\.3680043\.8\.498\.\d+", *map(re.escape, pseudonyms)]).encode())
        for path in (place / "out").iterdir():
            told = drawn.sub(b"", path.read_bytes())
            assert not any(word in told for word in (b"Doe", b"Elsewhere", b"2020", b"a1.dcm"))
            assert path.name == "index.csv" or path.stem in key.index

    def test_dates_are_days_since_the_first_film(self, copied):
        table = pd.read_csv(copied[1] / "out" / "index.csv")
        assert sorted(table["days"]) == [0, 0, 30]
        assert sorted(table.groupby("patient").size()) == [1, 2]

    def test_a_dicom_copy_holds_listed_attributes_only(self, copied):
        path = next((copied[1] / "out").glob("*.dcm"))
        dataset = pydicom.dcmread(path)
        assert {str(dataset.PatientName), dataset.PatientIdentityRemoved} <= {dataset.PatientID, "YES"}
        assert not {"InstitutionName", "StudyDate", "PatientBirthDate", "AccessionNumber"} & set(dataset.dir())
        assert path.read_bytes()[:128] == b"\0" * 128

    def test_i23_the_key_stays_outside_and_nothing_is_overwritten(self, copied, folder):
        _, place = copied
        command = ["images", "deidentify", str(folder / "index.csv"), "--out", str(place / "out")]
        done = CliRunner().invoke(app, [*command, "--key", str(place / "out" / "key.csv")])
        assert codes(type("Caught", (), {"value": done.exception})) == ["I23", "I23"]


class TestSquares:
    def test_of_some_patients_keeps_every_film_of_theirs_and_the_order_of_films(self, read):
        squares = read[1].of(["c", "a"])
        assert squares.patients == ("a", "a", "c")
        assert len(squares) == 3
        np.testing.assert_array_equal(squares.pixels, read[1].pixels[[0, 1, 3]])

    def test_a_patient_without_a_film_is_named(self, read):
        with pytest.raises(ImageError, match=r"I22.*patients without a film") as error:
            read[1].of(["a", "z"])
        assert error.value.findings[0].rows == ("z",)
