"""What the map itself says, in both languages."""

from __future__ import annotations

from typing import Final

from layers.types import Language, Text

__all__ = ["map_words", "unit_title"]

_WORDS: Final[dict[str, Text]] = {
    "map": Text(vi="Bản đồ quy hoạch", en="Plan map"),
    "layers": Text(vi="Lớp và chú giải", en="Layers and legend"),
    "show_layers": Text(vi="Mở danh sách lớp và chú giải", en="Open the layers and legend"),
    "hide_layers": Text(vi="Đóng danh sách lớp và chú giải", en="Close the layers and legend"),
    "findings": Text(vi="Kết quả kiểm tra", en="Findings"),
    "places": Text(vi="Theo kết luận nặng nhất", en="By the gravest outcome"),
    "basemap": Text(vi="Bản đồ nền", en="Base map"),
    "schematic": Text(vi="sơ đồ", en="schematic"),
    "schematic_long": Text(
        vi="Sơ đồ: hình chỉ mang tính minh hoạ, không phải ranh giới",
        en="Schematic: the shape only illustrates, it is no boundary",
    ),
    "label": Text(vi="điểm đặt nhãn", en="label point"),
    "label_long": Text(
        vi="Điểm đặt nhãn: vị trí gần đúng, chưa rõ ranh giới",
        en="Label point: approximate place, boundary unknown",
    ),
    "unplaced": Text(vi="Chưa rõ vị trí", en="Position unknown"),
    "unplaced_long": Text(
        vi="Có trong quy hoạch nhưng chưa có nguồn nào cho biết vị trí",
        en="In the plan, but no source tells where",
    ),
    "drawn": Text(vi="Đang vẽ {n} trên {m}", en="{n} of {m} drawn"),
    "drawn_more": Text(vi="Đang vẽ {n} trên {m}, phóng to để xem đủ", en="{n} of {m} drawn, zoom in for all"),
    "drawn_some": Text(vi="Đang vẽ {n}, còn nữa: phóng to để xem đủ", en="{n} drawn, there are more: zoom in"),
    "zoom_in": Text(vi="Phóng to để xem lớp này", en="Zoom in to see this layer"),
    "loading": Text(vi="Đang tải…", en="Loading…"),
    "failed": Text(vi="Không tải được lớp này", en="This layer could not be loaded"),
    "lost": Text(vi="{n} chưa rõ vị trí nên không vẽ", en="{n} not drawn, position unknown"),
    "open": Text(vi="Mở hồ sơ", en="Open the record"),
    "close": Text(vi="Đóng", en="Close"),
    "zoom_in_button": Text(vi="Phóng to", en="Zoom in"),
    "zoom_out_button": Text(vi="Thu nhỏ", en="Zoom out"),
    "fit_button": Text(vi="Xem toàn bộ", en="Show everything"),
    "yes": Text(vi="có", en="yes"),
    "no": Text(vi="không", en="no"),
    "east": Text(vi="Đ", en="E"),
    "west": Text(vi="T", en="W"),
    "north": Text(vi="B", en="N"),
    "south": Text(vi="N", en="S"),
    "more": Text(vi="và {n} kết quả khác", en="and {n} more"),
}

#: Units that a reader of Vietnamese writes in another way than the layer definitions do.
_UNITS: Final[dict[str, Text]] = {
    "m³/d": Text(vi="m³/ngày", en="m³/d"),
    "10⁹ VND": Text(vi="tỷ đồng", en="billion VND"),
}


def unit_title(unit: str, language: Language) -> str:
    """Return a unit as its reader writes it.

    Parameters
    ----------
    unit : str
        As in the layer definition.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        The unit; most are the same in both languages.

    Examples
    --------
    >>> unit_title("m³/d", "vi"), unit_title("ha", "vi")
    ('m³/ngày', 'ha')
    """
    return _UNITS[unit].say(language) if unit in _UNITS else unit


def map_words(language: Language) -> dict[str, str]:
    """Return every word of the map in one language.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict of str to str
        By key; ``{n}`` and ``{m}`` are filled in by the map.

    Examples
    --------
    >>> map_words("vi")["schematic"]
    'sơ đồ'
    """
    return {key: text.say(language) for key, text in _WORDS.items()}
