"""Stored numbers become grey as DICOM says; what is no sound single radiograph is refused, by id of the cases."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cohorts.errors import ImageError
from imaging_head import decoding, dicom, grey
from imaging_head.decoding import read_film
from imaging_head.film import film_of
from imaging_head.limits import Limits
from imaging_head.refusal import RefusedError
from tests.imaging_head.films import BAND, film, write_film

LIMITS = Limits()


def read(path, limits=LIMITS):
    about, pixels = read_film(path, limits)
    return film_of(about, pixels, path.name)


def refused(code, *words, path, limits=LIMITS):
    with pytest.raises(RefusedError) as caught:
        read_film(path, limits)
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words), str(caught.value)
    return caught.value


def warned(film, code):
    return [str(finding) for finding in film.findings if finding.code == code]


class TestGrey:
    def test_a_window_by_hand(self, tmp_path):
        # C.11.2.1.2: ((x - (c - .5)) / (w - 1) + .5), here x / 1023
        assert read(write_film(tmp_path / "a")).pixels[0, [0, 1, 63]] == pytest.approx([0, 16 / 1023, 1008 / 1023])

    def test_monochrome1_is_inverted_once(self, tmp_path):
        plain = read(write_film(tmp_path / "a")).pixels
        one = read(write_film(tmp_path / "b", PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE"))
        assert np.array_equal(one.pixels, 1 - plain)
        assert one.how.endswith("inverted")

    def test_contradicting_signs_of_inversion_are_refused(self, tmp_path):
        path = write_film(tmp_path / "a", PresentationLUTShape="INVERSE")
        refused("I17", "MONOCHROME2", "INVERSE", path=path)

    def test_the_window_is_meant_after_the_rescale_slope(self, tmp_path):
        stored = write_film(tmp_path / "a", RescaleSlope=2, RescaleIntercept=-100, WindowCenter=512, WindowWidth=600)
        value = (16 * 20 * 2 - 100 - 511.5) / 599 + 0.5
        assert read(stored).pixels[0, 20] == pytest.approx(value)

    @pytest.mark.parametrize("function", grey.WINDOWS)
    def test_windows_are_pydicoms(self, function):
        given = film(VOILUTFunction=function, WindowCenter=300, WindowWidth=400)
        ours, how = dicom.grey_values(given, BAND)
        assert ours == pytest.approx(apply_windowing(BAND, given) / 1023, abs=1e-6)
        assert how == f"window 300/400 {function}"

    def test_without_a_window_the_range_of_the_film_counts_and_is_named(self, tmp_path):
        path = write_film(tmp_path / "a", BAND + 8, WindowCenter=None, WindowWidth=None)
        made = read(path)
        assert (made.pixels.min(), made.pixels.max()) == (0, 1)
        assert made.how == "range 8 to 1016, no window"

    def test_tables_by_hand(self, tmp_path):
        table = Dataset()
        table.LUTDescriptor = [1024, 0, 8]
        table.LUTData = [value // 8 for value in range(1024)]
        table["LUTDescriptor"].VR = "US"
        table["LUTData"].VR = "US"
        table.ModalityLUTType = "US"
        as_voi = read(write_film(tmp_path / "a", VOILUTSequence=Sequence([table])))
        assert as_voi.pixels == pytest.approx(BAND // 8 / 255)
        assert as_voi.how == "VOI table"
        tenth = write_film(tmp_path / "c", VOILUTSequence=Sequence([table]), RescaleSlope=0.1, RescaleIntercept=0)
        assert read(tenth).pixels == pytest.approx(np.rint(BAND * 0.1).astype(int) // 8 / 255)
        as_modality = write_film(
            tmp_path / "b", ModalityLUTSequence=Sequence([table]), WindowWidth=128, WindowCenter=64
        )
        assert read(as_modality).pixels == pytest.approx(BAND // 8 / 127)

    @pytest.mark.parametrize(("name", "value"), [("WindowWidth", 0), ("VOILUTFunction", "CUBIC"), ("HighBit", 15)])
    def test_an_impossible_declaration_is_refused(self, tmp_path, name, value):
        refused("I17", name, path=write_film(tmp_path / "a", **{name: value}))

    def test_signed_pixels(self, tmp_path):
        signed = (BAND.astype(np.int16) - 512).astype(np.int16)
        path = write_film(tmp_path / "a", signed, PixelRepresentation=1, WindowCenter=0)
        assert read(path).pixels == pytest.approx(read(write_film(tmp_path / "b")).pixels)


class TestOrientation:
    ARROW = np.arange(12, dtype=np.float32).reshape(3, 4)

    @pytest.mark.parametrize(
        ("orientation", "turn"),
        [
            (("L", "F"), lambda a: a),
            (("R", "F"), np.fliplr),
            (("L", "H"), np.flipud),
            (("R", "H"), lambda a: a[::-1, ::-1]),
            (("F", "L"), np.transpose),
            (("H", "L"), lambda a: a.T[::-1]),
            (("F", "R"), lambda a: a.T[:, ::-1]),
            (("A", "F"), lambda a: a),
            (("PR", "H"), np.flipud),
            (("A", "R"), lambda a: a),
            ((), lambda a: a),
        ],
    )
    def test_feet_are_below_and_right_is_left(self, orientation, turn):
        assert np.array_equal(grey.upright(self.ARROW, orientation), turn(self.ARROW))

    def test_a_turned_film_keeps_its_spacing(self, tmp_path):
        path = write_film(tmp_path / "a", BAND[:32], PatientOrientation=["F", "L"], PixelSpacing=[0.1, 0.3])
        made = read(path)
        assert made.pixels.shape == (64, 32)
        assert made.spacing == (0.3, 0.1)


class TestField:
    def test_the_collimator_is_cut_off(self, tmp_path):
        pixels = np.full((80, 100), 1023, np.uint16)
        pixels[10:70, 20:90] = np.linspace(0, 600, 70)
        made = read(write_film(tmp_path / "a", pixels))
        assert made.box == (10, 70, 20, 90)
        assert made.inside.max() < 0.6

    def test_nothing_is_cut_where_that_is_asked(self, tmp_path):
        pixels = np.full((80, 100), 1023, np.uint16)
        pixels[10:70, 20:90] = np.linspace(0, 600, 70)
        made = read(write_film(tmp_path / "a", pixels))
        assert made.square(100, cut=False)[15:85, :15].min() == 1
        assert made.square(100).max() < 0.6

    def test_a_film_that_is_nearly_all_border_is_kept_whole(self, tmp_path):
        pixels = np.full((64, 64), 1023, np.uint16)
        pixels[30:40, 30:40] = 3
        made = read(write_film(tmp_path / "a", pixels))
        assert made.box == (0, 64, 0, 64)
        assert warned(made, "I21")

    def test_a_square_keeps_shape_and_mean(self, tmp_path):
        pixels = np.zeros((64, 32), np.uint16)
        pixels[16:48, 8:24] = 800
        pixels[0, 0] = pixels[-1, -1] = 1
        made = read(write_film(tmp_path / "a", pixels, PixelSpacing=[0.2, 0.4]))
        # pixels twice as wide as high: as broad as high
        square = made.square(32)
        inside = square > 0.5
        assert square.shape == (32, 32)
        assert np.ptp(np.flatnonzero(inside.any(0))) == np.ptp(np.flatnonzero(inside.any(1))) == 15

    def test_lengths_need_a_spacing(self, tmp_path):
        assert read(write_film(tmp_path / "a")).millimetres(10) == pytest.approx(2)
        bare = read(write_film(tmp_path / "b", PixelSpacing=None))
        assert "PixelSpacing" in warned(bare, "I14")[0]
        with pytest.raises(ImageError, match=r"I14.*PixelSpacing"):
            bare.millimetres(10)

    @pytest.mark.parametrize(
        ("tags", "calibrated"),
        [
            ({}, True),
            ({"ImagerPixelSpacing": [0.2, 0.2]}, False),
            ({"PixelSpacing": None, "ImagerPixelSpacing": [0.2, 0.2]}, False),
        ],
    )
    def test_spacing_at_the_detector_is_not_called_calibrated(self, tmp_path, tags, calibrated):
        made = read(write_film(tmp_path / "a", **tags))
        assert (made.spacing, made.calibrated) == ((0.2, 0.2), calibrated)


class TestSyntaxes:
    @pytest.mark.parametrize(
        "syntax", [JPEG2000Lossless, RLELossless, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]
    )
    def test_every_lossless_encoding_reads_the_same(self, tmp_path, syntax):
        noise = np.random.default_rng(1).integers(0, 1024, (32, 48)).astype(np.uint16)
        plain, other = write_film(tmp_path / "a", noise), write_film(tmp_path / "b", noise, syntax)
        assert np.array_equal(read(other).pixels, read(plain).pixels)

    def test_jpeg_ls_reads_as_uncompressed(self):
        stored = [
            decoding.read_stored(decoding.Path(get_testdata_file(name, download=False)), LIMITS)[1]
            for name in ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm")
        ]
        assert np.array_equal(*stored)

    @pytest.mark.parametrize("syntax", [JPEGExtended12Bit, JPEGLosslessSV1, JPEGLSLossless])
    def test_the_extra_brings_the_other_decoders(self, syntax):
        assert dicom.get_decoder(syntax).is_available

    def test_i13_without_a_decoder_the_syntax_and_the_way_out_are_named(self, tmp_path, monkeypatch):
        path = write_film(tmp_path / "a", syntax=RLELossless)
        monkeypatch.setattr(dicom, "get_decoder", lambda syntax: type("None", (), {"is_available": False}))
        error = refused("I13", "transfer syntax RLE Lossless", path=path)
        assert "pip install 'bone-prognosis[imaging]'" in error.way_out


class TestRefused:
    def test_i04_frames_and_colour(self, tmp_path):
        two = write_film(tmp_path / "a", np.vstack([BAND, BAND]), Rows=64, NumberOfFrames=2)
        refused("I04", "2 frames", "expected 1", path=two)
        colour = film(np.zeros((8, 8, 3), np.uint8), PhotometricInterpretation="RGB", SamplesPerPixel=3,
                      PlanarConfiguration=0, BitsAllocated=8, BitsStored=8, HighBit=7, Rows=8, Columns=8)  # fmt: skip
        colour["PixelData"].VR = "OB"
        colour.save_as(tmp_path / "b", enforce_file_format=True)
        refused("I04", "frames", "expected 1", path=tmp_path / "b")

    def test_i05_cut_short(self, tmp_path):
        refused(
            "I05",
            "bytes expected 8,192",
            "actual 8,000",
            path=write_film(tmp_path / "a", PixelData=BAND.tobytes()[:8000]),
        )
        whole = write_film(tmp_path / "b").read_bytes()
        (tmp_path / "b").write_bytes(whole[:-100])
        about = ask(tmp_path / "b")
        assert about["refused"][0] == "I05"
        assert "bytes expected" in about["refused"][1]
        assert "actual" in about["refused"][1]

    @pytest.mark.filterwarnings("ignore:The pixel data is")
    def test_i06_excess_bytes(self, tmp_path):
        made = read(write_film(tmp_path / "a", PixelData=BAND.tobytes() + b"\0" * 40))
        assert "40 excess bytes" in warned(made, "I06")[0]
        assert not warned(read(write_film(tmp_path / "b")), "I06")

    @pytest.mark.parametrize("value", ["YES", None])
    def test_i07_a_film_that_may_show_a_name_enters_no_report(self, tmp_path, value):
        made = read(write_film(tmp_path / "a", BurnedInAnnotation=value))
        assert "BurnedInAnnotation" in warned(made, "I07")[0]
        with pytest.raises(ImageError, match=r"I07.*BurnedInAnnotation"):
            made.for_report()
        assert replace(made, cleared=True).for_report().shape == (64, 64)

    def test_i08_pixels_are_counted_before_they_are_decoded(self, tmp_path):
        refused("I08", "limit 64,000,000", path=write_film(tmp_path / "a", Rows=60000, Columns=60000))
        refused("I08", "limit 1,000 pixels, actual 4,096", path=write_film(tmp_path / "b"), limits=Limits(pixels=1000))

    def test_i08_a_deflated_bomb_is_inflated_up_to_the_limit_only(self, tmp_path):
        path = write_film(tmp_path / "a", np.zeros((1000, 2000), np.uint16), DeflatedExplicitVRLittleEndian)
        assert path.stat().st_size < 10_000
        refused("I08", "inflated", "limit 1,000,000 bytes", path=path, limits=Limits(file_bytes=1_000_000))

    def test_i08_a_png_bomb(self, tmp_path):
        header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
        chunk = b"IHDR" + header
        bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        (tmp_path / "a.png").write_bytes(bomb + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
        refused("I08", "limit 64,000,000 pixels", path=tmp_path / "a.png")

    @pytest.mark.parametrize("grey_level", [0, 500, 1023])
    def test_i09_a_constant_film_shows_nothing(self, tmp_path, grey_level):
        refused("I09", "variance", path=write_film(tmp_path / "a", np.full((64, 64), grey_level, np.uint16)))

    def test_i09_a_saturated_film_shows_nothing(self, tmp_path):
        pixels = np.full((64, 64), 1023, np.uint16)
        pixels[0] = 0
        refused("I09", "saturated", "variance", path=write_film(tmp_path / "a", pixels))

    def test_i20_bits_above_those_stored_are_named(self, tmp_path):
        assert "BitsStored 10" in warned(read(write_film(tmp_path / "a", BAND + 2048)), "I20")[0]

    def test_no_radiograph(self, tmp_path):
        (tmp_path / "b").write_text("film,patient\n")
        refused("I16", "no DICOM mark", path=tmp_path / "b")
        report = film(Rows=None, PixelData=None)
        report.save_as(tmp_path / "c", enforce_file_format=True)
        refused("I16", "no radiograph", "Rows", path=tmp_path / "c")


def ask(path):
    """What the decoding process would answer."""
    import io
    import json

    stream = io.BytesIO()
    decoding._answer({"read": "film", "file": str(path)}, LIMITS, stream)
    return json.loads(stream.getvalue().split(b"\n", 1)[0])


class TestPrivacy:
    def test_names_are_not_read(self, tmp_path):
        path = write_film(tmp_path / "a", PatientBirthDate="19510101", InstitutionName="St Elsewhere")
        dataset = dicom.read_dataset(path, LIMITS)
        assert not {"PatientName", "PatientBirthDate", "InstitutionName"} & set(dataset.dir())
        assert "0007" not in str(read(path).tags)

    def test_a_complaint_of_a_library_is_not_passed_on(self, tmp_path, monkeypatch):
        monkeypatch.setattr(decoding, "read_dataset", lambda *_: (_ for _ in ()).throw(ValueError("Doe^Jane")))
        assert ask(write_film(tmp_path / "a"))["refused"][:2] == ["I16", "the file cannot be decoded (ValueError)"]


class TestPictures:
    @pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
    def test_grey_png_of_8_and_16_bits(self, tmp_path, dtype, top):
        stored = np.linspace(0, top, 4096).astype(dtype).reshape(64, 64)
        Image.fromarray(stored).save(tmp_path / "a.dcm", format="PNG")  # the name decides nothing
        assert read(tmp_path / "a.dcm").pixels == pytest.approx(stored / top)

    def test_three_equal_channels_are_grey_others_are_refused(self, tmp_path):
        grey_levels = np.arange(4096, dtype=np.uint16).reshape(64, 64) % 256
        same = np.repeat(grey_levels.astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(same).save(tmp_path / "a.png")
        assert read(tmp_path / "a.png").pixels == pytest.approx(same[..., 0] / 255)
        same[5, 5, 1] ^= 1
        Image.fromarray(same).save(tmp_path / "b.png")
        refused("I04", "expected 1", path=tmp_path / "b.png")

    def test_jpeg(self, tmp_path):
        Image.fromarray((BAND // 4).astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
        assert read(tmp_path / "a.jpg").pixels == pytest.approx(BAND // 4 / 255, abs=0.02)


@pytest.fixture(scope="module")
def both(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    packed = shared / "data" / "dicom_cr"
    (folder / "a.dcm").write_bytes(gzip.decompress((packed / "RG3_UNCR.dcm.gz").read_bytes()))
    return read(folder / "a.dcm"), read(packed / "RG3_J2KR.dcm")


class TestRealFilm:
    def test_both_encodings_give_the_same_pixels(self, both):
        assert np.array_equal(both[0].pixels, both[1].pixels)
        assert both[0].how == "window 550/1024 LINEAR, inverted"

    def test_bone_is_white_air_black_and_right_on_the_left(self, both):
        pixels = both[0].pixels
        assert pixels[100:1000, 560:600].mean() < 0.12  # air beside the leg
        assert pixels[600:900, 840:960].mean() > 0.5  # shaft of the tibia
        # the marker R, which lies mirrored in the file, stands on the left: upright stroke left, bow right
        marker = pixels[1380:1480, 530:620] > 0.6
        strokes = marker.mean(axis=0)
        assert strokes[: len(strokes) // 2].max() > strokes[len(strokes) // 2 :].max()

    def test_the_white_border_is_cut_off(self, both):
        top, bottom, left, right = both[0].box
        assert (top, bottom) == (0, 1760)
        assert 420 < left < 540
        assert 1280 < right < 1360
        assert (both[0].laterality, both[0].tags["ViewPosition"]) == ("R", "AP")
