from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.languages import preferred_language
from api.terminal import environment_language, named_language
from layers.types import LANGUAGES, Language


@pytest.mark.parametrize(
    ("header", "default", "language"),
    [
        ("", "vi", "vi"),
        ("", "en", "en"),
        ("en", "vi", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "en", "vi"),
        ("en-GB;q=0.5, vi;q=0.4", "vi", "en"),
        ("fr, de;q=0.5", "vi", "vi"),
        ("*", "en", "en"),
        ("en;q=0, *;q=0.5", "en", "vi"),
        ("EN ; q=1.000", "vi", "en"),
        ("en;q=2, vi", "en", "vi"),
        ("en;;;", "vi", "vi"),
    ],
)
def test_the_language_liked_best(header: str, default: Language, language: Language) -> None:
    assert preferred_language(header, default=default) == language


@given(st.text(max_size=200))
def test_any_header_gives_a_language(header: str) -> None:
    assert preferred_language(header, default="vi") in LANGUAGES


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE", "PARKPLAN_LANGUAGE": "vi"}, "vi"),
        ({"LANG": "vi_VN", "PARKPLAN_LANGUAGE": "fr"}, "vi"),
    ],
)
def test_the_language_of_a_terminal(environment: dict[str, str], language: Language) -> None:
    assert environment_language(environment) == language


def test_the_language_on_a_command_line_is_found_before_it_is_parsed() -> None:
    assert named_language(["review", "--lang", "vi", "--bogus"]) == "vi"
    assert named_language(["--lang=en"]) == "en"
    assert named_language(["review", "--lang"]) is None
    assert named_language(["review", "--lang", "fr"]) is None
