"""What every page of the portal shares: templates, addresses of its files, names of languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.assets import FOLDER, fingerprint
from api.portal.words import finder_words
from layers.types import Language, Text

if TYPE_CHECKING:
    from starlette.requests import Request

    from layers.people import Person

__all__ = ["LANGUAGE_NAMES", "TEMPLATES", "WAYS", "Reader", "environment", "has_font", "reader_of"]

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
LANGUAGE_NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}
#: Pages beside the map, by their addresses, in the order of the bar.
WAYS: Final = {
    "proposals": Text(vi="Đề xuất", en="Proposals"),
    "history": Text(vi="Lịch sử", en="History"),
    "packages": Text(vi="Gói dữ liệu", en="Packages"),
    "files": Text(vi="Nhận dữ liệu", en="Receive files"),
    "collections": Text(vi="Dữ liệu", en="Data"),
}
#: Pages of somebody who signs in; the last ones of those who administer only.
_OWN_WAYS: Final = {
    "sign-in": Text(vi="Đăng nhập", en="Sign in"),
    "account": Text(vi="Tài khoản", en="Account"),
    "people": Text(vi="Người dùng", en="People"),
    "audit": Text(vi="Nhật ký", en="Audit log"),
}
_MENU_WORDS: Final = {
    "menu": Text(vi="Menu", en="Menu"),
    "pages": Text(vi="Các trang", en="Pages"),
    "map": Text(vi="Bản đồ và rà soát", en="Map and review"),
    "api": Text(vi="API dữ liệu mở", en="Open data API"),
    "open": Text(vi="Máy này không cần đăng nhập.", en="This server asks nobody to sign in."),
    "signed_in": Text(vi="Đã đăng nhập:", en="Signed in:"),
}
_FONT: Final = "vendor/be-vietnam-pro/be-vietnam-pro-vietnamese-400-normal.woff2"


class Reader(NamedTuple):
    """Who reads a page, as its menu tells.

    Attributes
    ----------
    signs_in : bool
        Whether anybody signs in here.
    name : str
        Who did; empty for somebody who did not.
    administers : bool
        Whether they may look after people.
    """

    signs_in: bool
    name: str
    administers: bool


def reader_of(request: Request) -> Reader:
    """Return who reads a page.

    Parameters
    ----------
    request : Request
        The request, admitted.

    Returns
    -------
    Reader
        What the menu tells of them; templates get it as `who`.
    """
    person: Person = request.state.person
    signs_in: bool = request.app.state.gate.signs_in
    known = signs_in and person.known
    return Reader(signs_in, (person.name or person.id) if known else "", known and person.access.may("administer"))


@cache
def environment() -> Environment:
    """Return the templates; what is put into them is escaped.

    Returns
    -------
    Environment
        With `asset(prefix, path)`, the address of a file of the portal, `ways(language)` and `own_ways(who, language)`,
        the pages that the bar leads to, and the words of its menu and of the search box.
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = _asset
    made.globals["ways"] = _ways
    made.globals["own_ways"] = _own_ways
    made.globals["menu_words"] = _menu_words
    made.globals["finder_words"] = finder_words
    return made


def has_font() -> bool:
    """Return whether the font lies among the portal's files.

    Returns
    -------
    bool
        False where the assets were not fetched.
    """
    return (FOLDER / _FONT).exists()


def _ways(language: Language) -> list[tuple[str, str]]:
    """Return the pages of the bar and what they are called."""
    return [(way, title.say(language)) for way, title in WAYS.items()]


def _own_ways(who: Reader, language: Language) -> list[tuple[str, str]]:
    """Return the pages of whoever reads, and what they are called."""
    ways = ("account", "people", "audit") if who.administers else ("account",) if who.name else ("sign-in",)
    return [(way, _OWN_WAYS[way].say(language)) for way in ways]


def _menu_words(language: Language) -> dict[str, str]:
    """Return what the menu says."""
    return {key: text.say(language) for key, text in _MENU_WORDS.items()}


def _asset(prefix: str, path: str) -> str:
    """Return the address of a file of the portal, with its fingerprint."""
    return f"{prefix}/assets/{path}?v={fingerprint(path)}"
