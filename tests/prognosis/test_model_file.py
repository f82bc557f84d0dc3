"""Model files: the same answers after loading, nothing that runs, no patient, and every damage refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.datasets import load_mgus2, mgus2_progression
from cohorts.errors import FitError, ModelFileError
from prognosis import Study, load_model
from prognosis.models import Cox, FineGray
from prognosis.persistence.content import SCHEMA, content_of, hash_of
from prognosis.persistence.writing import ARRAYS, CONTENT, STAMP
from tests.prognosis.made import cohort, patients, study

ROOT = Path(__file__).resolve().parents[2]
NEW = patients(6, seed=9)[["age", "albumin", "sex", "grade", "creat", "centre", "weight"]].assign(centre="south")


def full_model(**options):
    """A model with everything a file can hold: spline, transform, interaction, strata, offset, validation."""
    recipe = Cox(
        splines={"age": 4, "albumin": np.array([33.0, 38.0, 43.0])},
        transforms={"creat": "log"},
        interactions=[("age", "sex")],
        strata=["centre"],
        offset="weight",
        **options,
    )
    asked = study(["age", "albumin", "sex", "grade", "creat"], seed=5)
    model = asked.fit(recipe, name="full")
    return model.with_validation(asked.validate(model, repeats=3))


@pytest.fixture(scope="module")
def model():
    return full_model()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("model") / "full.prognosis")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The file of a small model, to damage."""
    made = study(["age", "sex"], n=60, horizons=[12]).fit(Cox())
    path = made.save(tmp_path_factory.mktemp("small") / "small.prognosis")
    return made, path.read_bytes()


def same_answers(one, other, new=NEW):
    for horizons in (None, [3, 9.5, 24, 1e6]):
        first, second = one.predict(new, horizons), other.predict(new, horizons)
        for name in ("risk", "lower", "upper", "linear_predictor"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert first.remarks == second.remarks
    np.testing.assert_array_equal(one.contributions(new), other.contributions(new))


def refused(path, code, *words):
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert str(path.parent) not in str(caught.value)


# ---------------------------------------------------------------- saved and loaded


def test_a_loaded_model_answers_bit_for_bit(model, saved):
    same_answers(model, load_model(saved))


def test_a_fresh_process_answers_bit_for_bit(model, saved, tmp_path):
    code = (
        "import sys, numpy as np, pandas as pd; from prognosis import load_model; m = load_model(sys.argv[1]);"
        "p = m.predict(pd.read_parquet(sys.argv[2])); np.savez(sys.argv[3], r=p.risk, l=p.lower, u=p.upper)"
    )
    NEW.to_parquet(tmp_path / "new.parquet")
    arguments = [str(saved), str(tmp_path / "new.parquet"), str(tmp_path / "out.npz")]
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=True)
    ours = model.predict(NEW)
    with np.load(tmp_path / "out.npz") as theirs:
        for key, values in (("r", ours.risk), ("l", ours.lower), ("u", ours.upper)):
            np.testing.assert_array_equal(theirs[key], values)


def test_what_a_model_says_of_itself_comes_back(model, saved):
    loaded = load_model(saved)
    for name in ("name", "kind", "predictors", "horizons", "n", "events", "seed", "missing", "flow", "warnings"):
        assert getattr(loaded, name) == getattr(model, name), name
    for name in ("created", "version", "id_column", "cohort", "profile", "endpoint", "event_label", "median_follow_up"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.codebook.to_dict() == model.codebook.to_dict()
    assert loaded.hash == model.hash
    assert loaded.loglik == model.loglik
    assert loaded.max_follow_up == model.max_follow_up
    assert loaded.summary.equals(model.summary)
    np.testing.assert_array_equal(loaded.follow_up.survival, model.follow_up.survival)
    assert loaded.validation.table.equals(model.validation.table)
    assert loaded.preparation == model.preparation


def test_a_loaded_model_saves_the_same_bytes(saved, tmp_path):
    again = load_model(saved).save(tmp_path / "again.prognosis")
    assert again.read_bytes() == saved.read_bytes()


def test_the_same_study_gives_the_same_bytes_at_a_fixed_date(monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    one, two = (full_model().save(tmp_path / f"{name}.prognosis").read_bytes() for name in ("one", "two"))
    assert one == two
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790100000")
    assert full_model().save(tmp_path / "later.prognosis").read_bytes() != one


def test_diagnostics_that_need_the_rows_raise_after_loading(model, saved):
    assert len(model.proportional_hazards()) > 1
    with pytest.raises(FitError, match="needs the training rows, which a model file does not hold") as caught:
        load_model(saved).proportional_hazards()
    assert caught.value.code == "N03"


@pytest.mark.parametrize("options", [{}, {"ties": "breslow"}, {"ridge": 2.0}, {"cluster": "weight"}])
def test_every_recipe_comes_back(options, tmp_path):
    made = study(["age", "grade"], n=150, horizons=[12]).fit(Cox(**options))
    loaded = load_model(made.save(tmp_path / "m.prognosis"))
    listed = {
        key: list(value) if isinstance(value, tuple) else value for key, value in made.recipe.get_params().items()
    }
    assert loaded.recipe.get_params() == listed
    assert loaded.estimate.robust == made.estimate.robust
    same_answers(made, loaded, patients(4)[["age", "grade"]])


def test_a_loaded_recipe_can_be_fitted_again(model, saved):
    asked = study(["age", "albumin", "sex", "grade", "creat"], seed=5)
    again = asked.fit(load_model(saved).recipe)
    np.testing.assert_array_equal(again.estimate.coefficients, model.estimate.coefficients)


def test_a_model_without_horizons_is_saved(tmp_path):
    bare = study(["age"], n=100, horizons=[]).fit(Cox())
    assert load_model(bare.save(tmp_path / "m.prognosis")).horizons == ()


# ---------------------------------------------------------------- nothing of a patient, nothing that runs


def unpacked(path):
    with zipfile.ZipFile(path) as archive:
        with np.load(io.BytesIO(archive.read(ARRAYS)), allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
        return json.loads(archive.read(CONTENT)), arrays


def test_no_patient_stands_in_the_file(tmp_path):
    """Ids in every shape a finding could carry: rows left out, zero times, identical rows, missing values."""
    rows = patients(120)
    rows.index = [f"SECRET-{place}" for place in range(120)]
    rows.loc["SECRET-5", "albumin"] = np.nan
    rows.loc["SECRET-8"] = rows.loc["SECRET-9"]
    asked = study(["age", "albumin"], frame=rows.rename_axis("pid"), missing="complete_cases", horizons=[12])
    path = asked.fit(Cox()).save(tmp_path / "m.prognosis")
    document, arrays = unpacked(path)
    assert "SECRET" not in json.dumps(document)
    assert all(values.dtype.kind in "fi" for values in arrays.values())
    assert any("albumin" in finding["rule"] for finding in document["content"]["warnings"])


def test_no_array_has_a_line_for_each_patient_but_the_follow_up(model, saved):
    _, arrays = unpacked(saved)
    for name, values in arrays.items():
        if not name.startswith("follow_up"):
            assert len(values) < model.n, name
    assert arrays["follow_up.0.at_risk"][0] == model.n


def test_the_file_is_json_and_arrays_with_fixed_stamps(saved):
    with zipfile.ZipFile(saved) as archive:
        assert sorted(archive.namelist()) == sorted([CONTENT, ARRAYS])
        assert {member.date_time for member in archive.infolist()} == {STAMP}
        document = json.loads(archive.read(CONTENT))
    assert document["content"]["schema"] == SCHEMA
    assert document["self_test"]["risk"]


# ---------------------------------------------------------------- digests


def test_l03_verified_means_a_digest_from_elsewhere(model, saved):
    """L03: without a digest the model counts as not verified, and reports say so."""
    of_file = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert not load_model(saved).verified
    assert load_model(saved, sha256=of_file).verified
    assert load_model(saved, sha256=model.hash.upper()).verified
    with pytest.raises(ModelFileError, match=r"another file than expected: sha256 expected 0{64}, actual") as caught:
        load_model(saved, sha256="0" * 64)
    assert caught.value.code == "L02"


def test_the_hash_covers_every_number(model):
    content, arrays = content_of(model)
    for name in arrays:
        moved = dict(arrays)
        moved[name] = arrays[name].copy()
        moved[name].flat[0] += 1
        assert hash_of(content, moved) != model.hash, name
    for name in content:
        assert hash_of({**content, name: "other"}, arrays) != model.hash, name


# ---------------------------------------------------------------- refused files


def write(path, document, arrays):
    """Pack a (changed) document as a model file."""
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CONTENT, document if isinstance(document, str) else json.dumps(document))
        archive.writestr(ARRAYS, packed.getvalue())
    return path


def altered(saved, path, change, *, sign=True):
    """Change content or arrays; signed, the inner hash fits again, as a forger would do it."""
    document, arrays = unpacked(saved)
    change(document["content"], arrays)
    if sign:
        document["sha256"] = hash_of(document["content"], arrays)
    return write(path, document, arrays)


def test_l01_a_pickle_is_refused_unopened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path(tmp_path / "trapped").touch, ())

    for name, content in (("bare", pickle.dumps(Trap())), ("old", pickle.dumps(Trap(), protocol=2))):
        path = tmp_path / f"{name}.prognosis"
        path.write_bytes(content)
        refused(path, "L01", "pickle not accepted")
    with zipfile.ZipFile(tmp_path / "torch.prognosis", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Trap()))
    refused(tmp_path / "torch.prognosis", "L01", "pickle not accepted")
    assert not (tmp_path / "trapped").exists()


def test_l01_an_object_array_is_a_pickle(saved, tmp_path):
    def change(content, arrays):
        arrays["estimate.coefficients"] = np.array([{}], dtype=object)

    refused(altered(saved, tmp_path / "m.prognosis", change, sign=False), "L01", "pickle not accepted")


@pytest.mark.parametrize("name", ["estimate.coefficients", "estimate.cumulative_hazard", "follow_up.0.time"])
def test_l02_one_number_changed(saved, tmp_path, name):
    """L02: both digests are named."""

    def change(content, arrays):
        arrays[name] = arrays[name] * (1 + 1e-15)

    path = altered(saved, tmp_path / "m.prognosis", change, sign=False)
    document, arrays = unpacked(path)
    refused(path, "L02", document["sha256"], hash_of(document["content"], arrays), "sha256 expected", "actual")


@settings(max_examples=300)
@given(st.data())
def test_l02_every_byte_changed_is_refused_or_answers_the_same(small, tmp_path_factory, data):
    made, raw = small
    place = data.draw(st.integers(0, len(raw) - 1))
    damaged = bytearray(raw)
    damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.prognosis"
    path.write_bytes(damaged)
    try:
        loaded = load_model(path)
    except ModelFileError:
        return
    same_answers(made, loaded, patients(3)[["age", "sex"]])
    assert loaded.hash == made.hash


@settings(max_examples=40)
@given(st.floats(0, 1, exclude_max=True))
def test_l02_a_file_cut_short_is_refused(small, tmp_path_factory, share):
    path = tmp_path_factory.getbasetemp() / "short.prognosis"
    path.write_bytes(small[1][: int(share * len(small[1]))])
    refused(path, "L02")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a model", b"PK\x05\x06" + b"\0" * 18])
def test_l02_another_file_is_refused(tmp_path, content):
    path = tmp_path / "m.prognosis"
    path.write_bytes(content)
    refused(path, "L02", "m.prognosis")


def test_l02_members_that_do_not_belong_are_refused(saved, tmp_path):
    path = tmp_path / "m.prognosis"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.txt", "x")
    refused(path, "L02", "model.json and arrays.npz only")
    assert not list(tmp_path.parent.rglob("evil.txt"))


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="cannot read the model") as caught:
        load_model(tmp_path / "none.prognosis")
    assert caught.value.code == "L10"


@pytest.mark.parametrize("version", [SCHEMA + 1, 0, None, "1"])
def test_l04_another_schema(saved, tmp_path, version):
    def change(content, arrays):
        content["schema"] = version

    path = altered(saved, tmp_path / "m.prognosis", change)
    refused(path, "L04", f"file version {version}", f"supported version {SCHEMA}")


def test_l05_code_in_a_model_is_never_run(saved, tmp_path):
    def formula(content, arrays):
        content["preparation"]["terms"][0]["transform"] = "__import__('os').system('touch x')"

    refused(altered(saved, tmp_path / "m.prognosis", formula), "L05", "token", "__import__", "no declared transform")

    def parameter(content, arrays):
        content["recipe"]["callback"] = "os.system"

    refused(altered(saved, tmp_path / "n.prognosis", parameter), "L05", "callback")

    def kind(content, arrays):
        content["kind"] = "os.system"

    refused(altered(saved, tmp_path / "o.prognosis", kind), "L06", "unknown kind of model")


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("estimate.coefficients", lambda x: x * np.nan, "not finite"),
        ("estimate.covariance", lambda x: x + np.inf, "not finite"),
        ("estimate.cumulative_hazard", lambda x: -x, "negative"),
        ("estimate.cumulative_hazard", lambda x: x[::-1].copy(), "decreases"),
        ("estimate.time", lambda x: x[::-1].copy(), "does not increase"),
        ("estimate.edges", lambda x: x[::-1].copy(), "does not cut"),
        ("follow_up.0.survival", lambda x: x - 2, "negative"),
    ],
)
def test_l07_numbers_that_cannot_be(saved, tmp_path, field, change, words):
    """L07, with an inner hash that fits: the numbers themselves are looked at."""

    def forge(content, arrays):
        arrays[field] = change(arrays[field])

    refused(altered(saved, tmp_path / "m.prognosis", forge), "L07", field, words)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_l07_json_has_no_such_numbers(saved, tmp_path, word):
    document, arrays = unpacked(saved)
    text = json.dumps(document).replace('"seed": 5', f'"seed": {word}')
    assert word in text
    refused(write(tmp_path / "m.prognosis", text, arrays), "L07", word)


def test_l07_sizes_are_limited_before_unpacking(saved, tmp_path, monkeypatch):
    """A bomb in the outer zip, and one in the arrays inside, where the outer size looks harmless."""
    monkeypatch.setattr("prognosis.persistence.loading.SIZE_LIMIT", 4_000_000)
    document, arrays = unpacked(saved)
    bomb = np.zeros(1_000_000)
    for compressed in (False, True):
        packed = io.BytesIO()
        (np.savez_compressed if compressed else np.savez)(packed, **arrays, bomb=bomb)
        path = tmp_path / f"{compressed}.prognosis"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(CONTENT, json.dumps(document))
            archive.writestr(ARRAYS, packed.getvalue())
        assert path.stat().st_size < 100_000
        refused(path, "L07", "above the limit of 4000000 bytes")


def test_l07_a_header_that_promises_too_much_is_refused(saved, tmp_path):
    document, arrays = unpacked(saved)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    with zipfile.ZipFile(packed, "a") as inner:
        inner.writestr("huge.npy", header.getvalue())
    path = tmp_path / "m.prognosis"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CONTENT, json.dumps(document))
        archive.writestr(ARRAYS, packed.getvalue())
    refused(path, "L02")


def test_l02_a_document_nested_too_deeply_is_refused(saved, tmp_path):
    _, arrays = unpacked(saved)
    refused(write(tmp_path / "m.prognosis", "[" * 100_000 + "]" * 100_000, arrays), "L02")


@pytest.mark.parametrize(
    "change",
    [
        lambda content, arrays: content.pop("profile"),
        lambda content, arrays: content["estimate"].pop("ties"),
        lambda content, arrays: arrays.pop("estimate.means"),
        lambda content, arrays: content.update(horizons="12"),
        lambda content, arrays: content["codebook"]["variables"]["age"].update(kind="oracle"),
        lambda content, arrays: content["preparation"]["terms"].pop(),
        lambda content, arrays: arrays.update({"estimate.coefficients": arrays["estimate.coefficients"][:-1]}),
    ],
)
def test_content_that_is_no_model_is_refused(saved, tmp_path, change):
    with pytest.raises(ModelFileError):
        load_model(altered(saved, tmp_path / "m.prognosis", change))


def test_l09_example_patients_must_get_their_stored_risks(saved, tmp_path):
    """L09: other library versions, or a forged coefficient with a fitting hash, show in the self-test."""

    def forge(content, arrays):
        arrays["estimate.coefficients"] = arrays["estimate.coefficients"] * 1.001

    refused(altered(saved, tmp_path / "m.prognosis", forge), "L09", "stored example patients", "bone-prognosis")


def test_l09_the_last_digits_may_differ(saved, tmp_path):
    """Within 1e-9 another machine's rounding is no fault."""

    def nudge(content, arrays):
        arrays["estimate.coefficients"] = arrays["estimate.coefficients"] * (1 + 1e-13)

    assert load_model(altered(saved, tmp_path / "m.prognosis", nudge)).n == 400


# ---------------------------------------------------------------- writing


def test_only_model_names_are_written(model, tmp_path):
    for name in ("model.pkl", "model", "model.prognosis.txt"):
        with pytest.raises(ModelFileError, match=r"a model file ends in \.prognosis") as caught:
            model.save(tmp_path / name)
        assert caught.value.code == "L10"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(model, tmp_path):
    with pytest.raises(ModelFileError, match="cannot write the model"):
        model.save(tmp_path / "none" / "m.prognosis")


def test_an_old_file_stays_whole_when_writing_fails(model, saved, tmp_path, monkeypatch):
    path = tmp_path / "m.prognosis"
    path.write_bytes(saved.read_bytes())

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelFileError, match="No space left on device"):
        study(["age"], n=60, horizons=[12]).fit(Cox()).save(path)
    assert path.read_bytes() == saved.read_bytes()


def test_a_cohort_is_answered_by_a_loaded_model(saved):
    loaded = load_model(saved)
    found = loaded.predict(cohort(20))
    assert found.ids[:2] == ("P000", "P001")
    assert np.isfinite(found.risk).all()


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_a_fine_gray_model_whose_variance_falls_is_opened(tmp_path):
    """Of the variance of its hazard only the part that the coefficients leave unexplained is stored, which may fall."""
    whole = load_mgus2()
    half = whole.without([row for number, row in enumerate(whole.ids) if number % 2], "half")
    question = Study(half, mgus2_progression(), ["age", "sex", "hgb"], horizons=[60], missing="complete_cases")
    fitted = question.fit(FineGray())
    assert (np.diff(fitted.estimate.baseline.variance) < 0).any()
    loaded = load_model(fitted.save(tmp_path / "fine_gray.prognosis"))
    some = question.cohort.view(("age", "sex", "hgb")).iloc[:50]
    np.testing.assert_array_equal(loaded.predict(some).lower, fitted.predict(some).lower)
