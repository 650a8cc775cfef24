"""The words of a merge: sides, kinds of conflicts, and how a person or a rule resolves them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final, Literal, get_args

from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = [
    "CHOICES",
    "CHOICE_TITLES",
    "GEOMETRY",
    "KINDS",
    "KIND_TITLES",
    "SIDES",
    "TOPOLOGY_KINDS",
    "Choice",
    "ConflictKind",
    "Resolution",
    "Side",
    "allowed_choices",
]

#: The states that meet: what is there now, what comes in, and what both began with.
Side = Literal["ours", "theirs", "base"]
SIDES: Final[tuple[Side, ...]] = get_args(Side)
#: Name of a geometry where fields are named.
GEOMETRY: Final = "geometry"

ConflictKind = Literal[
    "attribute", "geometry", "delete_edit", "duplicate_id", "reference",
    "overlap", "gap", "sliver", "duplicate", "dangle", "crossing", "not-covered",
]  # fmt: skip
KINDS: Final[tuple[ConflictKind, ...]] = get_args(ConflictKind)
#: Those that the topology rules of a layer find in the merged state.
TOPOLOGY_KINDS: Final[tuple[ConflictKind, ...]] = KINDS[5:]

#: A side; "value": what is given instead; "accept": it stays as the merge made it.
Choice = Literal["ours", "theirs", "base", "value", "accept"]
CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)

KIND_TITLES: Final[dict[ConflictKind, Text]] = {
    "attribute": Text(vi="cùng một thuộc tính được sửa khác nhau", en="the same attribute changed to different values"),
    "geometry": Text(vi="hình học được sửa khác nhau", en="the geometry changed in two ways"),
    "delete_edit": Text(vi="một bên xoá, bên kia sửa", en="deleted on one side, edited on the other"),
    "duplicate_id": Text(vi="hai đối tượng mới cùng mã", en="two new features with one id"),
    "reference": Text(vi="tham chiếu tới đối tượng đã xoá", en="a reference to a removed feature"),
    "overlap": Text(vi="chồng lấn mới sau khi hợp nhất", en="a new overlap after the merge"),
    "gap": Text(vi="khoảng hở mới sau khi hợp nhất", en="a new gap after the merge"),
    "sliver": Text(vi="mảnh vụn mới sau khi hợp nhất", en="a new sliver after the merge"),
    "duplicate": Text(vi="hình học trùng mới sau khi hợp nhất", en="a geometry twice after the merge"),
    "dangle": Text(vi="đầu tuyến hở mới sau khi hợp nhất", en="a new loose end after the merge"),
    "crossing": Text(vi="chỗ cắt không nút mới sau khi hợp nhất", en="a new crossing without a node after the merge"),
    "not-covered": Text(
        vi="vượt ra ngoài lớp bao phủ sau khi hợp nhất", en="out of the covering layer after the merge"
    ),
}
CHOICE_TITLES: Final[dict[Choice, Text]] = {
    "ours": Text(vi="giữ bản hiện tại", en="keep the current state"),
    "theirs": Text(vi="lấy bản gửi đến", en="take the incoming state"),
    "base": Text(vi="trở về bản gốc", en="go back to the base"),
    "value": Text(vi="dùng giá trị khác", en="use another value"),
    "accept": Text(vi="chấp nhận kết quả hợp nhất", en="accept what the merge made"),
}
_VALUED: Final = frozenset({"attribute", "geometry", "reference", "duplicate_id"})


def allowed_choices(kind: ConflictKind) -> tuple[Choice, ...]:
    """Return how a conflict of a kind can be resolved.

    Parameters
    ----------
    kind : str
        The kind.

    Returns
    -------
    tuple of str
        For two new features with one id, "value" is another id for the incoming one, which keeps both.
    """
    value: tuple[Choice, ...] = ("value",) if kind in _VALUED else ()
    accept: tuple[Choice, ...] = ("accept",) if kind in TOPOLOGY_KINDS or kind == "reference" else ()
    return (*SIDES, *value, *accept)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution:
    """How some conflicts are resolved, by whom and why: one of them, or all that a rule names.

    Parameters
    ----------
    choice : {"ours", "theirs", "base", "value", "accept"}
        What becomes of them.
    layer, kind, feature_id, field, other : str or None
        Which conflicts; what is left out does not count.
    value : object
        With "value": an attribute, a geometry, or another id; None empties an attribute.
    by, why : str
        Who resolved it, for which reason.
    at : datetime
        When, UTC.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such choice or kind, or the kind that is named cannot be resolved so.
    """

    choice: Choice
    layer: str | None = None
    kind: ConflictKind | None = None
    feature_id: str | None = None
    field: str | None = None
    other: str | None = None
    value: object = None
    by: str = ""
    why: str = ""
    at: dt.datetime = dataclasses.field(default_factory=_now)

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise ValueOutOfRangeError(seen=self.kind, wanted=", ".join(KINDS), where="kind")
        allowed = CHOICES if self.kind is None else allowed_choices(self.kind)
        if self.choice not in allowed:
            raise ValueOutOfRangeError(seen=self.choice, wanted=", ".join(allowed), where=self.kind or "choice")
