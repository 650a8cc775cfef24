"""Names are the same whatever their tone marks, case, punctuation and Unicode form."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.text import search_key, search_keys

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Hà NộI.", "ha noi"),
        ("Hà Nội", "ha noi"),
        (unicodedata.normalize("NFD", "Hà Nội"), "ha noi"),
        ("ĐÔNG ANH", "dong anh"),
        ("Khu công nghiệp Quang Minh I", "khu cong nghiep quang minh i"),
        ("KCN_Thạch-Thất – Quốc Oai", "kcn thach that quoc oai"),
        ("  Thường\tTín\u00a0", "thuong tin"),
        ("km² 5\uff15", "km2 55"),
        ("Straße İzmir", "strasse izmir"),
        ("...", ""),
        ("", ""),
    ],
)
def test_key_of_known_names(text: str, key: str) -> None:
    assert search_key(text) == key


@pytest.mark.parametrize(
    ("old", "new"), [("Hoà Lạc", "Hòa Lạc"), ("Thuỷ", "Thủy"), ("Khoẻ", "Khỏe"), ("Hoàng Quý", "Hoàng Qúy")]
)
def test_old_and_new_placement_of_tone_marks_agree(old: str, new: str) -> None:
    assert old != new
    assert search_key(old) == search_key(new)


def test_different_letters_stay_different() -> None:
    assert search_key("Đông Anh") != search_key("Đông Ảng")


@settings(deadline=None)
@given(st.text())
def test_key_of_a_key_is_itself(text: str) -> None:
    key = search_key(text)
    assert search_key(key) == key
    assert key == key.strip()
    assert "  " not in key


@settings(deadline=None)
@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_unicode_form_does_not_matter(text: str, form: str) -> None:
    assert search_key(unicodedata.normalize(form, text)) == search_key(text)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(alphabet=VIETNAMESE + " "))
def test_vietnamese_becomes_plain_ascii_without_losing_a_letter(text: str) -> None:
    key = search_key(text.upper())
    assert key.isascii()
    assert key == search_key(text)
    assert len(key.replace(" ", "")) == len(text.replace(" ", ""))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["Hà Nội", "Hoà Lạc"])), max_size=30))
def test_column_agrees_with_single_texts(texts: list[str | None]) -> None:
    column = pd.Series(texts, index=[f"row {n}" for n in range(len(texts))], name="ten", dtype="str")
    keys = search_keys(column)
    assert keys.name == "ten"
    assert keys.index.equals(column.index)
    assert keys.dtype == "str"
    for text, key in zip(texts, keys, strict=True):
        assert pd.isna(key) if text is None else key == search_key(text)


def test_column_keeps_a_repeated_index_and_does_not_change_its_argument() -> None:
    column = pd.Series(["Ba Vì", None, "Ba Vì"], index=[7, 7, 8], dtype="str")
    before = column.copy()
    assert search_keys(column).tolist()[::2] == ["ba vi", "ba vi"]
    pd.testing.assert_series_equal(column, before)
