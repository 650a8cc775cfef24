"""The canonical form of names: one place for each tone mark, the same name whatever the style."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.encodings import canonical, canonicals, likeness
from layers.encodings.letters import LETTERS
from layers.encodings.syllables import SYLLABLES
from layers.text import search_key

TEXT = st.text(st.sampled_from([*sorted(LETTERS), *"abcdeghiklmnopqrstuvxyABCDGH "]), max_size=20)


@pytest.mark.parametrize(
    ("written", "traditional", "reformed"),
    [
        ("Hoà Lạc", "Hòa Lạc", "Hoà Lạc"),
        ("HOÀ LẠC", "HÒA LẠC", "HOÀ LẠC"),
        ("thuỷ", "thủy", "thuỷ"),
        ("khoẻ", "khỏe", "khoẻ"),
        ("Uỷ ban", "Ủy ban", "Uỷ ban"),
        ("quý", "quý", "quý"),
        ("qúy", "quý", "quý"),
        ("qủa", "quả", "quả"),
        ("giá", "giá", "giá"),
        ("gía", "giá", "giá"),
        ("giừơng", "giường", "giường"),
        ("gì", "gì", "gì"),
        ("tóan", "toán", "toán"),
        ("hòang", "hoàng", "hoàng"),
        ("cuả", "của", "của"),
        ("muà", "mùa", "mùa"),
        ("Huỳnh", "Huỳnh", "Huỳnh"),
        ("khuỷu", "khuỷu", "khuỷu"),
        ("ngoài", "ngoài", "ngoài"),
        ("Ðông Anh", "Đông Anh", "Đông Anh"),
        ("  Hoà\u00a0 Bình ", "Hòa Bình", "Hoà Bình"),
        ("Mỹ Đình", "Mỹ Đình", "Mỹ Đình"),
        ("Bâtiment Crèche", "Bâtiment Crèche", "Bâtiment Crèche"),
        ("KCN  5", "KCN 5", "KCN 5"),
    ],
)
def test_tone_marks_are_put_in_one_place(written: str, traditional: str, reformed: str) -> None:
    assert canonical(written) == traditional
    assert canonical(written, reformed=True) == reformed
    assert canonical(unicodedata.normalize("NFD", written)) == traditional


def test_both_styles_of_every_syllable_are_one() -> None:
    for syllable in SYLLABLES:
        traditional = canonical(syllable)
        assert traditional in SYLLABLES
        assert canonical(canonical(syllable, reformed=True)) == traditional
        assert canonical(syllable.upper()) == traditional.upper()


def test_names_that_differ_stay_different() -> None:
    assert canonical("Hoà Lạc") != canonical("Hoá Lạc")
    assert canonical("hòa") != canonical("Hòa")
    assert canonical("Mỹ") != canonical("Mĩ")


@given(TEXT)
def test_canonical_is_its_own_canonical_form(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    assert canonical(canonical(text, reformed=True)) == canonical(text)


@given(st.text())
def test_any_text_has_a_canonical_form_that_is_composed(text: str) -> None:
    form = canonical(text)

    assert unicodedata.is_normalized("NFC", form)
    assert canonical(form) == form


@given(TEXT)
def test_canonical_never_changes_what_a_search_finds(text: str) -> None:
    assert search_key(canonical(text)) == search_key(text)


def test_columns_keep_their_shape() -> None:
    column = pd.Series(["Hoà Lạc", None, "Hòa Lạc"], index=[3, 1, 2], name="name")
    forms = canonicals(column)

    assert forms.tolist()[::2] == ["Hòa Lạc", "Hòa Lạc"]
    assert forms.isna().tolist() == [False, True, False]
    assert (list(forms.index), forms.name) == ([3, 1, 2], "name")
    assert canonicals(column, reformed=True).iloc[2] == "Hoà Lạc"


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("Hoà Lạc", "HÒA LẠC", "same"),
        ("Hoa Lac", "Hòa Lạc", "unmarked"),
        ("Hoà", "Hoá", "unmarked"),
        ("Hoà Lạc", "Hoà Bình", "different"),
    ],
)
def test_likeness_tells_marks_from_names(one: str, other: str, wanted: str) -> None:
    assert likeness(one, other) == wanted
    assert likeness(other, one) == wanted
