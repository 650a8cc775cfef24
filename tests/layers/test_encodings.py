"""The text doctor: tables against independent converters, round trips as laws, golden texts, detection."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.encodings import LOSSES, SCHEMES, Lost, convert, decode_bytes, detect, encode, is_syllable, repair
from layers.encodings.carriers import to_bytes
from layers.encodings.letters import CAPITAL, LETTERS, SMALL
from layers.encodings.tables import TCVN3, VISCII, VNI, VPS
from layers.encodings.viqr import decode_viqr, encode_viqr
from layers.errors import UnknownFieldError, ValueOutOfRangeError

SENTENCE = "Khu công nghiệp Hoà Lạc, xã Thạch Thất, thành phố Hà Nội"
#: Written by hand from the published charts, not by the encoder.
GOLDEN = {
    "tcvn3": ("ChuÈn d÷ liÖu", "Chuẩn dữ liệu"),
    "vni": ("chaøo caùc baïn", "chào các bạn"),
    "viqr": ("Khu co^ng nghie^.p DDo^ng Anh", "Khu công nghiệp Đông Anh"),
    "viscii": ("ti\xaang Vi\xaet", "tiếng Việt"),
    "vps": ("ti‰ng ViŒt", "tiếng Việt"),
    "cp1258": ("tiêìng Viêòt", "tiếng Việt"),
    "utf-8": ("Tiáº¿ng Viá»‡t", "Tiếng Việt"),
    "utf-8-twice": ("TiÃ¡ÂºÂ¿ng ViÃ¡Â»â€¡t", "Tiếng Việt"),
    "utf-8@cp1258": ("HĂ\u00a0 Ná»™i", "Hà Nội"),
    "nfd": (unicodedata.normalize("NFD", "Tiếng Việt"), "Tiếng Việt"),
    "composite": ("Tiê\u0301ng Viê\u0323t", "Tiếng Việt"),
    "cp1252": ("l\x92habitat d\x92équipements \x96 été", "l’habitat d’équipements – été"),
    "eth": ("Ðông Anh, Ða Phúc", "Đông Anh, Đa Phúc"),
}
#: TCVN3 writes no toned capitals, so a text of letters in both cases cannot come back.
BOTH_CASES = [name for name in SCHEMES if not name.startswith("tcvn3") and name != "unicode"]
ASCII_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))


@pytest.mark.parametrize(("name", "golden"), GOLDEN.items())
def test_published_samples_are_read(name: str, golden: tuple[str, str]) -> None:
    assert convert([golden[0]], name).values.tolist() == [golden[1]]


@pytest.mark.parametrize(("name", "golden"), GOLDEN.items())
def test_published_samples_are_recognised(name: str, golden: tuple[str, str]) -> None:
    first = detect([golden[0]])[0]

    assert name == first.encoding or name in first.also


@pytest.mark.parametrize("name", BOTH_CASES)
def test_every_letter_comes_back_from_every_encoding(name: str) -> None:
    letters = [*sorted(LETTERS), *"AEIOUYDaeiouyd"]
    written = encode(letters, name)
    read = convert(written.values, name)

    assert (written.lost, written.reversible) == ((), True)
    assert read.values.tolist() == letters
    assert {lost.loss for lost in read.lost} <= ({"reading"} if name == "viqr" else set())
    assert read.reversible


def test_tcvn3_has_all_small_letters_and_seven_capitals() -> None:
    letters = [*SMALL, *"ĂÂÊÔƠƯĐ"]

    assert convert(encode(letters, "tcvn3").values, "tcvn3").values.tolist() == letters
    assert encode(["Ậ"], "tcvn3").values.tolist() == ["Ë"]
    assert encode(["Ậ"], "tcvn3").lost == (Lost(0, 0, "Ë", "case"),)


@given(st.text(st.sampled_from(sorted(LETTERS)) | st.characters(min_codepoint=32, max_codepoint=126)))
def test_viqr_carries_any_vietnamese_and_ascii_text(text: str) -> None:
    assert encode_viqr(text).isascii()
    assert decode_viqr(encode_viqr(text)) == text


@pytest.mark.parametrize(
    "name", ["vni", "viscii", "vps", "cp1258", "utf-8", "utf-8-twice", "utf-8@cp1258", "vni@cp1258"]
)
@settings(deadline=None)
@given(words=st.lists(st.text(st.sampled_from([*SMALL, *CAPITAL, *"bcghklmnpqrstvx 0123456789.,-"]), max_size=12)))
def test_vietnamese_text_comes_back(name: str, words: list[str]) -> None:
    written = encode(words, name)

    assert convert(written.values, name).values.tolist() == words


@pytest.mark.parametrize(("table", "iconv_name"), [(TCVN3, "TCVN5712-1"), (VISCII, "VISCII")])
def test_single_byte_tables_agree_with_iconv(table: dict[str, int], iconv_name: str) -> None:
    if shutil.which("iconv") is None:
        pytest.skip("iconv is not installed")
    # A blank behind each letter keeps iconv from waiting for a combining mark.
    raw = b" ".join(bytes([byte]) for byte in table.values())
    told = subprocess.run(["iconv", "-f", iconv_name, "-t", "UTF-8"], input=raw, capture_output=True, check=True)

    assert told.stdout.decode().split(" ") == list(table)


def test_windows_1258_agrees_with_python() -> None:
    for letter in LETTERS:
        shown = encode([letter], "cp1258").values[0]
        assert unicodedata.normalize("NFC", shown.encode("cp1252", errors="strict").decode("cp1258")) == letter


def test_no_table_gives_two_letters_one_code() -> None:
    for table in (TCVN3, VISCII, VPS, VNI):
        assert len(set(table.values())) == len(table)


def test_capitals_of_tcvn3_follow_their_word_and_are_listed() -> None:
    read = convert(["KHU C¤NG NGHIÖP Hµ NéI", "Hµ Néi"], "tcvn3")

    assert read.values.tolist()[:2] == ["KHU CÔNG NGHIỆP HÀ NỘI", "Hà Nội"]
    assert [(lost.row, lost.character) for lost in read.lost][:3] == [(0, "Ệ"), (0, "À"), (0, "Ộ")]
    assert {lost.loss for lost in read.lost} == {"case"}
    assert read.reversible


def test_a_first_letter_of_unknown_case_is_listed_and_left_small() -> None:
    read = convert(["X· øng Hoµ", "®Êt ë"], "tcvn3")

    assert read.values.tolist() == ["Xã ứng Hoà", "đất ở"]
    assert read.lost == (Lost(0, 3, "ứ", "case"),)


def test_a_character_without_meaning_stays_and_is_listed() -> None:
    read = convert(["c«ng À", "«"], "tcvn3")

    assert read.values.tolist() == ["công À", "ô"]
    assert read.lost == (Lost(0, 5, "À", "letter"),)


def test_a_stop_after_a_vowel_in_viqr_is_listed() -> None:
    read = convert(["Ba Vi. La.c"], "viqr")

    assert read.values.tolist() == ["Ba Vị Lạc"]
    assert read.lost == (Lost(0, 4, "ị", "reading"),)


def test_characters_lost_before_are_listed() -> None:
    assert convert(["Hµ N\ufffdi"], "tcvn3").lost == (Lost(0, 4, "\ufffd", "letter"),)


def test_text_that_cannot_be_in_the_encoding_is_left_alone() -> None:
    read = convert(["Hà Nội", "Hµ Néi"], "tcvn3")

    assert read.values.tolist() == ["Hà Nội", "Hà Nội"]
    assert read.changed.tolist() == [False, True]


def test_signs_survive() -> None:
    for name in ("tcvn3", "vni"):
        text = "diện tích 5 m² – “đất ở”, 20 °C…"
        assert convert(encode([text], name).values, name).values.tolist() == [text]


def test_control_codes_of_latin1_readers_mean_the_same_signs() -> None:
    read = convert(["§«ng \x96 T©y"], "tcvn3")

    assert read.values.tolist() == ["Đông – Tây"]
    assert read.reversible


@pytest.mark.parametrize("dtype", ["str", object])
def test_index_name_type_and_gaps_stay(dtype: str | type) -> None:
    column = pd.Series(["Hµ Néi", None, "Hµ Néi"], index=[7, 3, 9], name="TEN", dtype=dtype)
    before = column.copy()
    read = convert(column, "tcvn3")

    assert read.values.tolist()[::2] == ["Hà Nội", "Hà Nội"]
    assert read.values.isna().tolist() == [False, True, False]
    assert (list(read.values.index), read.values.name, read.values.dtype) == ([7, 3, 9], "TEN", column.dtype)
    assert read.changed.tolist() == [True, False, True]
    pd.testing.assert_series_equal(column, before)


@pytest.mark.parametrize("empty", [[], [None], ["", None]])
def test_columns_without_text_are_fine(empty: list[str | None]) -> None:
    first = detect(empty)[0]

    assert (first.encoding, first.confidence) == ("unicode", 1.0)
    assert first.why.en == "The column has no text."
    assert first.why.vi == "Cột không có chữ."
    assert convert(empty, "vni").changed.tolist() == [False] * len(empty)


def test_an_unknown_encoding_is_told() -> None:
    with pytest.raises(ValueOutOfRangeError) as raised:
        convert(["a"], "vietware")
    assert raised.value.message("en").startswith("encoding: saw 'vietware', wanted unicode, nfd")
    assert raised.value.message("vi").startswith("encoding: gặp 'vietware', cần unicode, nfd")


PROPER = [
    "Phường Hoà Lạc", "ĐT-01", "QĐ-UBND", "Bâtiment agricole", "où", "été", "L'Étage", "Women's", "m²", "5 µm", "Ø110",
    "±0.5", "½", "São Paulo", "Göz Hastanesi", "Đắk Lắk", "Hà Tây", "CT.37", "C++", "A+", "http://x.vn/a?b=c",
    "e.g. this",
]  # fmt: skip


@pytest.mark.parametrize("text", PROPER)
def test_proper_text_is_left_alone_one_by_one(text: str) -> None:
    assert detect([text])[0].encoding == "unicode"


def test_proper_text_is_left_alone_together() -> None:
    first = detect(PROPER)[0]

    assert first.encoding == "unicode"
    assert first.confidence > 0.95


@given(st.lists(st.from_regex(r"\A[A-Z]{0,3}[-./]?[0-9]{0,6}[A-Z]?\Z"), max_size=20))
def test_numbers_and_codes_are_never_touched(codes: list[str]) -> None:
    assert detect(codes)[0].encoding == "unicode"
    assert repair(pd.Series(codes, dtype=object)).values.tolist() == codes


@given(st.lists(st.sampled_from(SENTENCE.replace(",", "").split()), min_size=1))
def test_proper_vietnamese_is_never_touched(words: list[str]) -> None:
    assert repair(pd.Series([" ".join(words)])).values.tolist() == [" ".join(words)]


@given(st.permutations(["Hµ Néi", "§«ng Anh", "c«ng nghiÖp", "5 ha"]))
def test_order_and_repetition_do_not_matter(texts: list[str]) -> None:
    assert detect(texts) == detect([*sorted(texts), *texts])


def test_a_mixed_column_is_left_to_the_user() -> None:
    done = repair(pd.Series(["Hµ Néi", "§«ng Anh", "c«ng nghiÖp", "Phường Ngọc Hà"], name="TEN"))

    assert done.columns[0].state == "ask"
    assert done.questions == done.columns
    assert done.values.tolist()[0] == "Hµ Néi"
    assert "the encoding is not clear, nothing was changed; choose one of: tcvn3" in done.columns[0].message("en")
    assert "chưa rõ bảng mã, không đổi gì; cần chọn một trong: tcvn3" in done.columns[0].message("vi")


def test_other_columns_decide_a_column_of_codes() -> None:
    table = pd.DataFrame({"TEN": ["Khu c«ng nghiÖp §«ng Anh", "Hµ Néi"], "MA": ["§T.378", "§T.379"], "SO": [1, 2]})
    before = table.copy()

    assert repair(table["MA"]).values.tolist() == ["§T.378", "§T.379"]
    done = repair(table)
    assert done.values["MA"].tolist() == ["ĐT.378", "ĐT.379"]
    assert done.values["SO"].tolist() == [1, 2]
    assert [(column.column, column.state, column.rows) for column in done.columns] == [
        ("TEN", "repaired", 2),
        ("MA", "repaired", 2),
    ]
    pd.testing.assert_frame_equal(table, before)


def test_the_user_may_choose() -> None:
    done = repair(pd.DataFrame({"TEN": ["d÷", "ba"]}), choices={"TEN": "tcvn3"})

    assert done.values["TEN"].tolist() == ["dữ", "ba"]
    assert done.columns[0].state == "chosen"
    assert done.columns[0].message("en").startswith("Column TEN: converted from TCVN3 (ABC) as the user chose, 1 rows")
    assert (
        done.columns[0].message("vi").startswith("Cột TEN: chuyển từ TCVN3 (ABC) theo lựa chọn của người dùng, đổi 1")
    )


def test_a_choice_must_name_a_text_column_and_an_encoding() -> None:
    with pytest.raises(UnknownFieldError, match=r"has no field 'B'\. Its fields are: A"):
        repair(pd.DataFrame({"A": ["a"], "B": [1]}), choices={"B": "vni"})
    with pytest.raises(ValueOutOfRangeError, match="saw 'telex'"):
        repair(pd.DataFrame({"A": ["a"]}), choices={"A": "telex"})


def test_decisions_are_told_in_both_languages() -> None:
    column = repair(pd.DataFrame({"TEN": ["KHU C¤NG NGHIÖP", "th\ufffdnh phè"]})).columns[0]

    assert column.message("en").startswith("Column TEN: converted from TCVN3 (ABC) (confidence ")
    assert "1 rows have question marks or � in place of letters" in column.message("en")
    assert "letters are uncertain, see the list." in column.message("en")
    assert "1 dòng có dấu hỏi hoặc ký hiệu � thay cho chữ" in column.message("vi")
    assert "âm tiết tiếng Việt" in column.message("vi")
    kept = repair(pd.Series(["QL.1", "H? N?i", "Hu?nh", "x.vn/a?b=c"], name="TEN")).columns[0]
    assert (kept.state, kept.damaged) == ("kept", 2)
    kept = repair(pd.Series(["QL.1"], name="TEN")).columns[0]
    assert kept.message("en").startswith("Column TEN: left as it is. Only numbers, codes or letters without marks")
    assert kept.message("vi").startswith("Cột TEN: giữ nguyên. Chỉ có số, mã hoặc chữ không dấu")
    assert set(LOSSES) == {"letter", "case", "reading"}


def test_what_cannot_be_had_back_is_told() -> None:
    done = repair(pd.Series(["AØ aØ Ñaø Naüng caùc baïn", "Coâng ty Xaây döïng"], name="TEN"))

    assert done.values.tolist() == ["À à Đà Nẵng các bạn", "Công ty Xây dựng"]
    assert not done.columns[0].reversible
    assert "The old text cannot be had back" in done.columns[0].message("en")
    assert "cần giữ tệp gốc" in done.columns[0].message("vi")


@pytest.mark.parametrize("name", ["tcvn3", "vni", "viscii", "vps", "cp1258"])
def test_bytes_of_old_encodings_are_read(name: str) -> None:
    shown = encode(SENTENCE.split(), name).values
    read = decode_bytes([to_bytes(text).encode("latin-1") for text in shown])

    assert " ".join(read.values) == SENTENCE
    assert (read.codec, read.encoding, read.clear) == ("cp1252", name, True)


def test_utf8_and_ascii_bytes_are_recognised() -> None:
    assert (decode_bytes(b"QL.1").codec, decode_bytes(SENTENCE.encode()).values) == ("ascii", (SENTENCE,))
    assert decode_bytes(b"").values == ("",)
    assert decode_bytes([]).values == ()


def test_utf8_cut_by_its_field_is_recognised_and_listed() -> None:
    read = decode_bytes([SENTENCE.encode(), "Phường Hoà Lạ".encode()[:-1]])

    assert read.codec == "utf-8"
    assert read.values[1] == "Phường Hoà L\ufffd"
    assert read.lost == (Lost(1, 12, "\ufffd", "letter"),)


def test_french_bytes_stay_french() -> None:
    read = decode_bytes(["Bâtiment agricole".encode("cp1252"), "Élément remarquable".encode("cp1252")])

    assert read.values == ("Bâtiment agricole", "Élément remarquable")
    assert (read.encoding, read.clear) == ("unicode", True)


def test_hints_are_evidence() -> None:
    raw = ["Hà Nôòi".encode("cp1252")]

    assert decode_bytes(raw, hints=["ANSI 1258"]).values == ("Hà Nội",)
    assert decode_bytes(raw, hints=["ANSI 1258"]).clear
    assert decode_bytes(raw, hints=["1258"]).candidates[0].confidence > decode_bytes(raw).candidates[0].confidence
    assert decode_bytes(raw, hints=["cp437"]).candidates == decode_bytes(raw).candidates


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("nghiệp", True), ("Hoà", True), ("Hòa", True), ("quý", True), ("QUÝ", True), ("giếng", True), ("gì", True),
        ("khuỷu", True), ("thuở", True), ("ngoẹo", True), ("yêu", True), ("Kạn", True), ("Đắk", True), ("hàc", False),
        ("nghan", False), ("cê", False), ("qa", False), ("hóà", False), ("nộI", False), ("ChuÈn", False), ("", False),
    ],
)  # fmt: skip
def test_syllables_follow_the_orthography(word: str, wanted: bool) -> None:  # noqa: FBT001 -- a case of the table
    assert is_syllable(word) is wanted


def test_confidences_are_probabilities() -> None:
    for text, _ in GOLDEN.values():
        found = [candidate.confidence for candidate in detect([text])]
        assert found == sorted(found, reverse=True)
        assert 0 < sum(found) <= 1 + 1e-9


def test_a_long_column_is_the_same_as_its_texts() -> None:
    texts = [f"Phöôøng Hoaø Laïc {number}" for number in range(3000)]
    read = convert(texts, "vni")

    assert read.values.iloc[2999] == "Phường Hoà Lạc 2999"
    assert np.all(read.changed)
    assert detect(texts)[0].encoding == "vni"


def test_texts_with_the_codes_that_part_texts_inside_are_converted_too() -> None:
    assert convert(["caùc \0 baïn", "baïn\uffff"], "vni").values.tolist() == ["các \0 bạn", "baïn\uffff"]
