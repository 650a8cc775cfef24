"""The words of the pages of documents, in both languages, and what links and formats are called."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from api.links import GEOJSON, HTML, JSON, JSONFG, OPENAPI, SCHEMA
from layers.types import Language, Text

__all__ = ["FORMAT_NAMES", "TITLES", "WORDS", "member_title"]

#: What readers call the media types.
FORMAT_NAMES: Final = MappingProxyType(
    {
        JSON: "JSON",
        GEOJSON: "GeoJSON",
        JSONFG: "JSON-FG",
        SCHEMA: "JSON Schema",
        OPENAPI: "OpenAPI",
        HTML: "HTML",
        "csv": "CSV",
        "flatgeobuf": "FlatGeobuf",
        "geoparquet": "GeoParquet",
        "gpkg": "GeoPackage",
    }
)
#: Titles of documents that have none of their own, by the patterns of their addresses.
TITLES: Final = MappingProxyType(
    {
        "/conformance": Text(vi="Các lớp tuân thủ", en="Conformance classes"),
        "/collections": Text(vi="Dữ liệu", en="Data"),
        "/collections/catalogue/queryables": Text(vi="Tìm bản ghi theo gì", en="By what records are found"),
        "/queryables": Text(vi="Các trường lọc được", en="Queryables"),
        "/functions": Text(vi="Các hàm dùng trong bộ lọc", en="Functions for filters"),
        "/collections/{collectionId}/queryables": Text(vi="Các trường lọc được", en="Queryables"),
        "/collections/{collectionId}/sortables": Text(vi="Các trường sắp xếp được", en="Sortables"),
        "/collections/{collectionId}/schema": Text(vi="Lược đồ", en="Schema"),
        "/collections/{collectionId}/items/{featureId}/history": Text(vi="Các phiên bản", en="Versions"),
        "/collections/{collectionId}/items/{featureId}/blame": Text(
            vi="Nguồn gốc từng thuộc tính", en="Who set each attribute"
        ),
        "/processes": Text(vi="Các quy trình phân tích", en="Analyses"),
        "/processes/{processId}/execution": Text(vi="Kết quả", en="Result"),
        "/jobs": Text(vi="Các việc đang chạy và đã chạy", en="Jobs"),
        "/jobs/{jobId}": Text(vi="Việc", en="Job"),
        "/jobs/{jobId}/results": Text(vi="Kết quả", en="Result"),
    }
)
WORDS: Final = MappingProxyType(
    {
        "features": Text(vi="Các đối tượng", en="Features"),
        "language": Text(vi="Ngôn ngữ", en="Language"),
        "trail": Text(vi="Bạn đang ở", en="You are here"),
        "formats": Text(vi="Cũng ở dạng", en="The same as"),
        "downloads": Text(vi="Tải toàn bộ lựa chọn", en="All that is selected as a file"),
        "links": Text(vi="Liên kết", en="Links"),
        "relation": Text(vi="Quan hệ", en="Relation"),
        "type": Text(vi="Loại", en="Type"),
        "map": Text(vi="Bản đồ", en="Map"),
        "sketched": Text(
            vi="Nét đứt: sơ đồ hoặc vị trí gần đúng, không phải ranh giới",
            en="Dashed: schematic or an approximate place, no boundary",
        ),
        "no_script": Text(
            vi="Bản đồ cần JavaScript; bảng dùng được mà không cần.",
            en="The map needs JavaScript; the table works without.",
        ),
        "layer": Text(vi="Lớp", en="Layer"),
        "reach": Text(vi="Phạm vi (kinh độ, vĩ độ)", en="Reach (longitudes, latitudes)"),
        "time": Text(vi="Thời gian quy hoạch", en="Planned time"),
        "open_start": Text(vi="không rõ từ khi nào", en="from an unknown day"),
        "open_end": Text(vi="không rõ đến khi nào", en="to an unknown day"),
        "unknown": Text(vi="chưa rõ", en="not known"),
        "source": Text(vi="Nguồn", en="Source"),
        "licence": Text(vi="Điều khoản sử dụng", en="Licence"),
        "coverage": Text(vi="Phạm vi có dữ liệu", en="Coverage"),
        "no_coverage": Text(
            vi="Chưa ai cho biết lớp này có dữ liệu ở đâu: chỗ trống không có nghĩa là không có gì.",
            en="Nobody has said where this layer has data: an empty place does not mean that nothing is there.",
        ),
        "complete": Text(vi="đầy đủ", en="complete"),
        "partial": Text(vi="một phần", en="partial"),
        "as_of": Text(vi="số liệu ngày", en="data of"),
        "crs": Text(vi="Hệ toạ độ", en="Coordinate reference systems"),
        "look": Text(vi="Xem các đối tượng", en="Look at the features"),
        "filter": Text(vi="Bộ lọc (CQL2)", en="Filter (CQL2)"),
        "apply": Text(vi="Lọc", en="Filter"),
        "unfilter": Text(vi="Bỏ lọc", en="Clear"),
        "horizon": Text(vi="Mốc quy hoạch", en="Horizon"),
        "any": Text(vi="tất cả", en="all"),
        "per_page": Text(vi="Mỗi trang", en="Per page"),
        "shown": Text(vi="Trang này có {n} đối tượng", en="This page has {n} features"),
        "shown_of": Text(vi="Trang này có {n} trong {m} đối tượng", en="This page has {n} of {m} features"),
        "none": Text(vi="Không có đối tượng nào.", en="No feature."),
        "first": Text(vi="Trang đầu", en="First page"),
        "previous": Text(vi="Trang trước", en="Previous page"),
        "next": Text(vi="Trang sau", en="Next page"),
        "sort_up": Text(vi="Sắp tăng theo", en="Sort upwards by"),
        "sort_down": Text(vi="Sắp giảm theo", en="Sort downwards by"),
        "id": Text(vi="Mã", en="Id"),
        "field": Text(vi="Trường", en="Field"),
        "value": Text(vi="Giá trị", en="Value"),
        "geometry": Text(vi="Hình học", en="Geometry"),
        "no_geometry": Text(vi="chưa rõ vị trí", en="place not known"),
        "coordinates": Text(vi="Toạ độ", en="Coordinates"),
        "history": Text(vi="Các phiên bản", en="Versions"),
        "yes": Text(vi="có", en="yes"),
        "no": Text(vi="không", en="no"),
    }
)
#: Members of documents that readers meet by other names.
_MEMBERS: Final = {
    "id": Text(vi="Mã", en="Id"),
    "version": Text(vi="Phiên bản", en="Version"),
    "jobID": Text(vi="Mã việc", en="Job"),
    "processID": Text(vi="Quy trình", en="Process"),
    "status": Text(vi="Trạng thái", en="State"),
    "message": Text(vi="Thông báo", en="Message"),
    "created": Text(vi="Tạo lúc", en="Created"),
    "started": Text(vi="Bắt đầu lúc", en="Started"),
    "finished": Text(vi="Xong lúc", en="Finished"),
    "updated": Text(vi="Cập nhật lúc", en="Updated"),
    "progress": Text(vi="Tiến độ (%)", en="Progress (%)"),
    "who": Text(vi="Người yêu cầu", en="Asked by"),
    "inputs": Text(vi="Đầu vào", en="Inputs"),
    "outputs": Text(vi="Đầu ra", en="Outputs"),
    "conformsTo": Text(vi="Tuân thủ", en="Conforms to"),
    "properties": Text(vi="Các trường", en="Fields"),
    "keywords": Text(vi="Từ khoá", en="Keywords"),
    "source": Text(vi="Nguồn", en="Source"),
    "license": Text(vi="Điều khoản sử dụng", en="Licence"),
    "confidence": Text(vi="Độ tin cậy", en="Confidence"),
    "features": Text(vi="Số đối tượng", en="Features"),
    "coverage": Text(vi="Phạm vi có dữ liệu", en="Coverage"),
    "title": Text(vi="Tên", en="Title"),
    "description": Text(vi="Mô tả", en="Description"),
    "type": Text(vi="Loại", en="Type"),
    "language": Text(vi="Ngôn ngữ", en="Language"),
    "languages": Text(vi="Các ngôn ngữ", en="Languages"),
    "time": Text(vi="Thời gian", en="Time"),
    "institute": Text(vi="Đơn vị nhận", en="Institute"),
    "base": Text(vi="Phiên bản gốc", en="Base changeset"),
    "layers": Text(vi="Các lớp", en="Layers"),
    "file": Text(vi="Tệp", en="File"),
    "size": Text(vi="Kích thước", en="Size"),
    "sha256": Text(vi="Mã kiểm SHA-256", en="SHA-256 checksum"),
    "signature": Text(vi="Chữ ký", en="Signature"),
}


def member_title(name: str, language: Language) -> str:
    """Return what a reader calls a member of a document.

    Parameters
    ----------
    name : str
        Its name.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        Its title, else its name.

    Examples
    --------
    >>> member_title("progress", "en"), member_title("wkt", "en")
    ('Progress (%)', 'wkt')
    """
    return _MEMBERS[name].say(language) if name in _MEMBERS else name
