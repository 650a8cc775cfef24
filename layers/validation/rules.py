"""Every rule that is looked for: what it finds, who has to mend it, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from layers.types import Text

__all__ = ["RULES", "Fixer", "Group", "Rule", "Severity"]

Severity = Literal["error", "warning"]
#: Who has to act: the institute that made the data, or the planner who takes them in.
Fixer = Literal["institute", "planner"]
#: What a rule looks at.
Group = Literal["file", "schema", "geometry", "topology", "attributes"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for.

    Parameters
    ----------
    group : Group
        What it looks at.
    title : Text
        What is wrong where it strikes.
    fix : Text
        What to do about it.
    fixer : Fixer
        Who has to do that.
    severity : {"error", "warning"}
        An error keeps the feature out of the store; a single issue may weigh less or more than its rule.
    """

    group: Group
    title: Text
    fix: Text
    fixer: Fixer = "institute"
    severity: Severity = "error"


def _rule(
    group: Group, title: tuple[str, str], fix: tuple[str, str], fixer: Fixer = "institute", severity: Severity = "error"
) -> Rule:
    return Rule(group, Text(vi=title[0], en=title[1]), Text(vi=fix[0], en=fix[1]), fixer, severity)


_SCHEMA: Final = {
    "id-missing": _rule(
        "schema",
        ("thiếu mã đối tượng", "the feature has no id"),
        ("điền mã, hoặc tạo mã từ các cột trong tệp ánh xạ", "fill in the id, or make one of columns in the mapping"),
    ),
    "id-type": _rule(
        "schema",
        ("mã đối tượng không phải là văn bản", "the id is not text"),
        ("ghi mã dưới dạng văn bản", "write the id as text"),
    ),
    "id-duplicate": _rule(
        "schema",
        ("mã đối tượng bị trùng", "the id is there more than once"),
        ("đặt mỗi đối tượng một mã riêng, hoặc xoá bản trùng", "give each feature its own id, or delete the double"),
    ),
    "field-unknown": _rule(
        "schema",
        ("lớp không có trường này", "the layer has no such field"),
        ("ánh xạ cột sang một trường, hoặc bỏ cột", "map the column to a field, or leave it out"),
        "planner",
    ),
    "field-required": _rule(
        "schema",
        ("thiếu giá trị bắt buộc", "a required value is missing"),
        ("điền giá trị", "fill in the value"),
    ),
    "field-type": _rule(
        "schema",
        ("giá trị sai kiểu", "the value has the wrong type"),
        ("sửa giá trị, hoặc quy đổi trong tệp ánh xạ", "mend the value, or translate it in the mapping"),
    ),
    "field-code": _rule(
        "schema",
        ("giá trị không có trong danh mục", "the value is not in the code list"),
        (
            "dùng mã trong danh mục, hoặc quy đổi trong tệp ánh xạ",
            "use a code of the list, or translate in the mapping",
        ),
    ),
    "field-minimum": _rule(
        "schema",
        ("giá trị quá nhỏ", "the value is too small"),
        ("kiểm tra giá trị và đơn vị", "check the value and its unit"),
    ),
    "field-maximum": _rule(
        "schema",
        ("giá trị quá lớn", "the value is too large"),
        ("kiểm tra giá trị và đơn vị", "check the value and its unit"),
    ),
    "field-reference": _rule(
        "schema",
        ("tham chiếu tới đối tượng không có", "it refers to a feature that is not there"),
        ("sửa mã tham chiếu, hoặc nhập đối tượng đó trước", "mend the reference, or import that feature first"),
    ),
    "time-order": _rule(
        "schema",
        ("kết thúc trước khi bắt đầu", "it ends before it begins"),
        ("sửa một trong hai ngày", "mend one of the two dates"),
    ),
}

_GEOMETRY: Final = {
    "geometry-unwanted": _rule(
        "geometry",
        ("lớp chỉ có thuộc tính", "the layer holds attributes only"),
        ("bỏ hình học, hoặc chọn lớp khác", "leave the geometry out, or choose another layer"),
        "planner",
    ),
    "geometry-type": _rule(
        "geometry",
        ("kiểu hình học không được phép", "the geometry type is not allowed"),
        ("vẽ lại đúng kiểu, hoặc chọn lớp khác", "draw it in the wanted type, or choose another layer"),
    ),
    "geometry-dimension": _rule(
        "geometry",
        ("hình học có cao độ", "the geometry has heights"),
        ("bỏ cao độ", "leave the heights out"),
    ),
    "geometry-empty": _rule(
        "geometry",
        ("hình học rỗng", "the geometry is empty"),
        ("vẽ hình học, hoặc để trống (null)", "draw the geometry, or leave it null"),
    ),
    "geometry-number": _rule(
        "geometry",
        ("toạ độ không phải là số hữu hạn", "a coordinate is not a finite number"),
        ("điền toạ độ bị thiếu", "fill in the missing coordinate"),
    ),
    "geometry-range": _rule(
        "geometry",
        ("toạ độ ngoài phạm vi kinh vĩ độ", "a coordinate is outside longitude and latitude"),
        ("kiểm tra hệ toạ độ đã khai báo", "check the stated CRS"),
    ),
    "geometry-invalid": _rule(
        "geometry",
        ("hình học không hợp lệ", "the geometry is not valid"),
        ("vẽ lại chỗ tự cắt hoặc tự chạm", "redraw where it crosses or touches itself"),
    ),
}

#: Every rule, by its name in receipts and messages.
RULES: Final[dict[str, Rule]] = {**_SCHEMA, **_GEOMETRY}
