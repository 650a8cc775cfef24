"""Which layers Parkplan ships: their definitions, in the order in which they are listed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, get_args

from layers.definitions import LayerDefinition, Theme, parse_definition
from layers.types import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["THEME_TITLES", "list_definitions", "shipped_definitions"]

#: What each theme is called.
THEME_TITLES: Final[dict[Theme, Text]] = {
    "parks": Text(vi="Khu công nghiệp", en="Industrial parks"),
    "land": Text(vi="Sử dụng đất", en="Land use"),
    "transport": Text(vi="Giao thông", en="Transport"),
    "energy": Text(vi="Năng lượng", en="Energy"),
    "water": Text(vi="Nước mặt và cấp nước", en="Surface water and supply"),
    "wastewater": Text(vi="Thoát và xử lý nước thải", en="Wastewater"),
    "drainage": Text(vi="Thoát nước mưa", en="Storm drainage"),
    "telecom": Text(vi="Viễn thông", en="Telecommunications"),
    "planning": Text(vi="Quy hoạch", en="Planning"),
    "constraint": Text(vi="Khu vực hạn chế", en="Constraints"),
    "social": Text(vi="Hạ tầng xã hội", en="Social facilities"),
    "administration": Text(vi="Đơn vị hành chính", en="Administrative units"),
    "economy": Text(vi="Doanh nghiệp", en="Enterprises"),
    "regulation": Text(vi="Quy định", en="Regulations"),
    "reference": Text(vi="Tham khảo", en="Reference"),
}

_THEMES: Final = {theme: place for place, theme in enumerate(get_args(Theme))}


@cache
def shipped_definitions() -> Mapping[str, LayerDefinition]:
    """Return the shipped layer definitions by id, listed by theme.

    Returns
    -------
    Mapping of str to LayerDefinition
        Read-only; read once.

    Raises
    ------
    DefinitionError
        If a shipped file breaks a rule.
    """
    folder = files("layers") / "definitions"
    found = [
        parse_definition(entry.read_text(encoding="utf-8"), where=entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    return MappingProxyType({definition.id: definition for definition in list_definitions(found)})


def list_definitions(definitions: list[LayerDefinition]) -> list[LayerDefinition]:
    """Return definitions in listing order: by theme, parks first, then by id.

    Parameters
    ----------
    definitions : list of LayerDefinition
        In any order.

    Returns
    -------
    list of LayerDefinition
        A new list.
    """
    return sorted(definitions, key=lambda d: (_THEMES[d.theme], d.id))
