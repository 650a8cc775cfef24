"""What is wrong with a declaration that a person wrote (a definition, a mapping, a rule), in both languages.

pydantic checks such files; its messages are English alone. Here they become place, seen and wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from layers.types import Text

__all__ = ["Mistake", "first_mistake", "refuse"]

_OWN: Final = "parkplan"


class Mistake(NamedTuple):
    """The first thing that is wrong with a declaration.

    Attributes
    ----------
    place : str
        Key path, such as ``fields.2.type``; empty for the whole.
    seen, wanted : object or Text
        What stands there and what should.
    others : int
        How many more mistakes there are.
    """

    place: str
    seen: object
    wanted: object
    others: int


def refuse(seen: object, wanted: Text) -> PydanticCustomError:
    """Return the error by which a validator refuses a value.

    Parameters
    ----------
    seen : object
        The value.
    wanted : Text
        What would have been right.

    Returns
    -------
    PydanticCustomError
        To be raised inside a pydantic validator.
    """
    return PydanticCustomError(_OWN, "{seen}", {"seen": str(seen), "wanted": wanted})


def first_mistake(error: ValidationError, *, keys: Iterable[str] = ()) -> Mistake:
    """Return the first mistake that pydantic found, in both languages.

    Parameters
    ----------
    error : ValidationError
        As raised.
    keys : iterable of str, optional
        The keys that the declaration may have, named where it has another.

    Returns
    -------
    Mistake
        Place, seen, wanted and how many more.
    """
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    seen, wanted = _explain(first)
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1 and (known := ", ".join(keys)):
        wanted = known
    return Mistake(place, seen, wanted, error.error_count() - 1)


_WANTED: Final = {
    "string": Text(vi="văn bản trong ngoặc kép", en="text in quotes"),
    "int": Text(vi="số nguyên", en="a whole number"),
    "float": Text(vi="số", en="a number"),
    "bool": Text(vi="true hoặc false", en="true or false"),
    "tuple": Text(vi="danh sách [ ... ]", en="a list [ ... ]"),
    "list": Text(vi="danh sách [ ... ]", en="a list [ ... ]"),
    "dict": Text(vi="nhóm khoá { ... }", en="a table { ... }"),
    "model": Text(vi="nhóm khoá { ... }", en="a table { ... }"),
    "dataclass": Text(vi="{vi = ..., en = ...}", en="{vi = ..., en = ...}"),
    "is": Text(vi="{vi = ..., en = ...}", en="{vi = ..., en = ...}"),
    "json": Text(vi="JSON hợp lệ", en="valid JSON"),
}


def _explain(details: ErrorDetails) -> tuple[object, object]:
    kind, context = details["type"], details.get("ctx", {})
    if kind == _OWN:
        return context["seen"], context["wanted"]
    if kind == "missing":
        return Text(vi="không có", en="nothing"), Text(vi="khoá bắt buộc này", en="this required key")
    if kind == "extra_forbidden":
        return details["loc"][-1], Text(vi="một khoá đã quy định", en="a key that is defined")
    if kind == "literal_error":
        return repr(details["input"]), context["expected"]
    family = kind.split("_", 1)[0]
    return repr(details["input"]), _WANTED.get(family, details["msg"])
