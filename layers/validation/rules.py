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
        severity="warning",
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
    "geometry-self-touch": _rule(
        "geometry",
        ("đường biên tự chạm tại một điểm", "the outline touches itself in a point"),
        ("tách thành hai phần, hoặc vẽ thành lỗ", "split it into two parts, or draw the inner part as a hole"),
    ),
    "geometry-repeated-vertex": _rule(
        "geometry",
        ("đỉnh bị lặp liền nhau", "a vertex is there twice in a row"),
        ("xoá đỉnh lặp", "delete the double vertex"),
        severity="warning",
    ),
    "geometry-null-island": _rule(
        "geometry",
        ("đỉnh nằm tại 0, 0: chưa rõ vị trí", "a vertex lies at 0, 0: the place is not known"),
        ("điền toạ độ thật, hoặc để trống (null)", "fill in the true coordinates, or leave it null"),
    ),
    "geometry-outlier": _rule(
        "geometry",
        ("đối tượng nằm rất xa các đối tượng khác", "the feature lies far from all the others"),
        ("kiểm tra toạ độ của đối tượng", "check the coordinates of the feature"),
        severity="warning",
    ),
    "geometry-tiny": _rule(
        "geometry",
        ("diện tích hoặc chiều dài gần như bằng không", "next to no area or length"),
        ("xoá đối tượng, hoặc vẽ lại", "delete the feature, or draw it again"),
        severity="warning",
    ),
    "geometry-spike": _rule(
        "geometry",
        ("đường biên có gai nhọn", "the outline has a spike"),
        ("xoá đỉnh ở đầu gai", "delete the vertex at its tip"),
        severity="warning",
    ),
}

#: What is wrong with how a file was written.
_FILE: Final = {
    "file-unclosed-ring": _rule(
        "file",
        ("vòng biên không khép kín", "a ring is not closed"),
        ("lặp lại đỉnh đầu ở cuối vòng", "end the ring with its first vertex"),
        severity="warning",
    ),
    "file-bbox": _rule(
        "file",
        ("phạm vi ghi trong tệp không khớp toạ độ", "the stated bounds are not those of the coordinates"),
        ("tính lại phạm vi, hoặc bỏ", "compute the bounds again, or leave them out"),
        severity="warning",
    ),
    "file-count": _rule(
        "file",
        ("số đối tượng ghi trong tệp không đúng", "the stated number of features is wrong"),
        ("đếm lại số đối tượng", "count the features again"),
        severity="warning",
    ),
    "file-feature": _rule(
        "file",
        ("không đọc được đối tượng trọn vẹn", "the feature cannot be read in full"),
        ("sửa đối tượng trong tệp gốc", "mend the feature in the file"),
    ),
    "file-coordinates": _rule(
        "file",
        ("không đọc được toạ độ trong bảng", "coordinates of the table cannot be read"),
        ("ghi toạ độ bằng số, độ phút giây hoặc WKT", "write them as numbers, as degrees and minutes, or as WKT"),
    ),
    "file-duplicate-id": _rule(
        "file",
        ("mã đối tượng trong tệp bị trùng", "an id of the file is there more than once"),
        ("đặt mỗi đối tượng một mã riêng", "give each feature its own id"),
        severity="warning",
    ),
    "file-winding": _rule(
        "file",
        ("vòng biên không theo quy tắc bàn tay phải", "rings do not follow the right-hand rule"),
        ("vẽ biên ngoài ngược chiều kim đồng hồ, lỗ thì ngược lại", "wind outlines counterclockwise, holes clockwise"),
        severity="warning",
    ),
    "file-curve": _rule(
        "file",
        ("đường cong được thay bằng đoạn thẳng", "curves were replaced by straight segments"),
        ("kiểm tra xem độ chính xác có đủ không", "check whether that is exact enough"),
        "planner",
        "warning",
    ),
    "file-standard": _rule(
        "file",
        ("tệp không theo tiêu chuẩn GeoJSON (RFC 7946)", "the file does not keep to GeoJSON (RFC 7946)"),
        ("xuất lại tệp theo RFC 7946", "write the file again by RFC 7946"),
        severity="warning",
    ),
}

#: What receiving a file may meet before any feature is looked at.
_RECEIVING: Final = {
    "file-unreadable": _rule(
        "file",
        ("không đọc được tệp", "the file cannot be read"),
        ("gửi lại tệp nguyên vẹn, đúng định dạng", "send the file again, whole and in the format that its name says"),
    ),
    "mapping-unfit": _rule(
        "file",
        (
            "không ánh xạ được cột của tệp sang trường của lớp",
            "the file's columns cannot be mapped to the layer's fields",
        ),
        ("sửa tệp ánh xạ, hoặc chọn lớp khác", "mend the mapping, or choose another layer"),
        "planner",
    ),
    "text-unfit": _rule(
        "file",
        ("không chuyển mã văn bản được", "the text cannot be converted"),
        ("chọn lại bảng mã của cột", "choose the column's encoding again"),
        "planner",
    ),
    "text-undecided": _rule(
        "file",
        ("chưa rõ bảng mã của cột văn bản", "the encoding of a text column is not clear"),
        ("chọn bảng mã: --text CỘT=BẢNG_MÃ", "choose the encoding: --text COLUMN=ENCODING"),
        "planner",
        "warning",
    ),
    "text-damaged": _rule(
        "file",
        ("văn bản đã mất chữ từ trước", "letters of the text were lost before"),
        ("gửi lại từ bản gốc", "send it again from the original"),
        severity="warning",
    ),
    "crs-unknown": _rule(
        "file",
        ("không xác định được hệ toạ độ", "the CRS cannot be told"),
        (
            "khai báo hệ toạ độ, hoặc nắn theo ít nhất ba điểm khống chế",
            "state the CRS, or fit three control points or more",
        ),
    ),
    "crs-undecided": _rule(
        "file",
        ("có nhiều hệ toạ độ khả dĩ", "several CRS are possible"),
        ("chọn một hệ toạ độ: --crs", "choose one: --crs"),
        "planner",
    ),
    "crs-unfit": _rule(
        "file",
        ("toạ độ không khớp hệ toạ độ đã khai báo", "the coordinates do not fit the stated CRS"),
        ("sửa khai báo hệ toạ độ, hoặc dùng --crs", "mend the statement, or use --crs"),
        "planner",
    ),
    "crs-recognised": _rule(
        "file",
        ("hệ toạ độ được nhận biết từ toạ độ", "the CRS was told from the coordinates"),
        ("khai báo đúng hệ toạ độ trong tệp", "state the CRS in the file"),
        severity="warning",
    ),
    "crs-overruled": _rule(
        "file",
        ("hệ toạ độ của tệp không được dùng", "the file's CRS was not used"),
        ("khai báo đúng hệ toạ độ trong tệp", "state the right CRS in the file"),
        severity="warning",
    ),
    "crs-shifted": _rule(
        "file",
        (
            "dữ liệu lệch khỏi các đối tượng cùng mã trong lớp",
            "the data lie apart from the layer's features of the same ids",
        ),
        ("kiểm tra xem các đối tượng có thật sự được dời", "check whether the features were really moved"),
        "planner",
        "warning",
    ),
    "crs-outside": _rule(
        "file",
        ("dữ liệu nằm ngoài khu vực đích", "the data lie outside the target area"),
        ("kiểm tra hệ toạ độ và khu vực", "check the CRS and the area"),
        "planner",
        "warning",
    ),
    "crs-beyond": _rule(
        "file",
        ("dữ liệu vượt vùng áp dụng của hệ toạ độ", "the data reach beyond the CRS's area of use"),
        ("kiểm tra hệ toạ độ", "check the CRS"),
        "planner",
        "warning",
    ),
    "feature-exists": _rule(
        "file",
        ("đối tượng đã có trong lớp", "the feature is in the layer already"),
        ("dùng chế độ upsert hoặc update", "use the mode upsert or update"),
        "planner",
    ),
    "feature-unknown": _rule(
        "file",
        ("đối tượng chưa có trong lớp", "the feature is not in the layer"),
        ("dùng chế độ upsert hoặc insert", "use the mode upsert or insert"),
        "planner",
    ),
    "feature-beyond": _rule(
        "file",
        ("đối tượng ngoài vùng mà người gửi được đề xuất", "the feature lies where its sender may not propose changes"),
        ("bỏ đối tượng đó, hoặc xin quyền trong vùng rộng hơn", "leave it out, or ask for a role in a wider area"),
        "planner",
    ),
}

_ATTRIBUTES: Final = {
    "attribute-area": _rule(
        "attributes",
        ("diện tích khai báo khác hình học", "the stated area differs from the geometry"),
        ("cập nhật giá trị, hoặc sửa ranh giới", "bring the value up to date, or mend the outline"),
        severity="warning",
    ),
    "attribute-length": _rule(
        "attributes",
        ("chiều dài khai báo khác hình học", "the stated length differs from the geometry"),
        ("cập nhật giá trị, hoặc sửa đường", "bring the value up to date, or mend the line"),
        severity="warning",
    ),
    "attribute-unit": _rule(
        "attributes",
        ("cả cột tính theo đơn vị khác", "the whole column is in another unit"),
        ("quy đổi cả cột, hoặc sửa tên cột", "convert the column, or mend its name"),
    ),
    "attribute-projection": _rule(
        "attributes",
        ("cả cột tính trong phép chiếu khác", "the whole column was computed in another projection"),
        ("tính lại trong phép chiếu của lớp", "compute it again in the projection of the layer"),
        severity="warning",
    ),
    "attribute-place": _rule(
        "attributes",
        ("vị trí không nằm trong đơn vị hành chính đã ghi", "it does not lie in the unit it names"),
        ("sửa tên đơn vị, hoặc sửa vị trí", "mend the name of the unit, or the place"),
        severity="warning",
    ),
    "attribute-spelling": _rule(
        "attributes",
        ("tên đơn vị hành chính viết sai chính tả", "the name of the unit is misspelt"),
        ("viết tên như trong danh mục hành chính", "write the name as the list of units does"),
        severity="warning",
    ),
    "attribute-coordinates": _rule(
        "attributes",
        ("cột toạ độ không khớp hình học", "the columns of coordinates differ from the geometry"),
        ("tính lại các cột từ hình học", "fill the columns from the geometry again"),
        severity="warning",
    ),
}

_TOPOLOGY: Final = {
    "topology-overlap": _rule(
        "topology",
        ("hai đối tượng chồng lên nhau", "two features overlap"),
        (
            "vẽ chung một ranh giới, hoặc cắt phần chồng khỏi một đối tượng",
            "draw one common border, or cut the overlap",
        ),
    ),
    "topology-gap": _rule(
        "topology",
        ("có khoảng hở giữa các đối tượng", "the features leave a gap between them"),
        (
            "kéo ranh giới cho khít, hoặc bổ sung đối tượng còn thiếu",
            "close the border, or add the feature that is missing",
        ),
        severity="warning",
    ),
    "topology-sliver": _rule(
        "topology",
        ("dải vụn quá hẹp", "a sliver: too narrow to be meant"),
        ("bắt điểm ranh giới hai bên trùng nhau, hoặc xoá dải vụn", "snap both borders to one, or delete the sliver"),
        severity="warning",
    ),
    "topology-duplicate": _rule(
        "topology",
        ("hai đối tượng có cùng hình học", "two features have the same geometry"),
        ("xoá bản trùng, hoặc ghi thời gian khác nhau", "delete the double, or give them different times"),
    ),
    "topology-dangle": _rule(
        "topology",
        ("đầu đường hụt hoặc vượt quá đường khác", "the line ends just short of another, or beyond it"),
        ("nối đầu đường vào đường kia", "snap the end to the other line"),
        severity="warning",
    ),
    "topology-crossing": _rule(
        "topology",
        ("hai đường cắt nhau không có nút", "two lines cross without a node"),
        (
            "thêm đỉnh chung tại chỗ cắt, nếu không phải cầu hay hầm",
            "give both a vertex there, unless it is a bridge or tunnel",
        ),
        severity="warning",
    ),
    "topology-not-covered": _rule(
        "topology",
        ("đối tượng nằm ngoài lớp phải bao nó", "it lies outside the layer that should cover it"),
        ("sửa ranh giới của một trong hai lớp", "mend the outline in one of the two layers"),
        severity="warning",
    ),
    "topology-not-checked": _rule(
        "topology",
        ("một phần chưa được kiểm tra", "a part was not checked"),
        ("bổ sung phần còn thiếu rồi kiểm tra lại", "provide what is missing, and check again"),
        "planner",
        "warning",
    ),
}

#: Every rule, by its name in receipts and messages.
RULES: Final[dict[str, Rule]] = {**_RECEIVING, **_FILE, **_SCHEMA, **_GEOMETRY, **_TOPOLOGY, **_ATTRIBUTES}
