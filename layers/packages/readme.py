"""The readme of a package, in the language of the institute."""

from __future__ import annotations

from layers.packages.manifest import Manifest
from layers.types import Text

__all__ = ["README", "readme"]

#: By language.
README = Text(vi="DOC-TRUOC.txt", en="README.txt")


def readme(manifest: Manifest) -> str:
    """Write what an institute has to know to edit a package and send it back.

    Parameters
    ----------
    manifest : Manifest
        The package's.

    Returns
    -------
    str
        Plain text.
    """
    language = manifest.language
    listed = "\n".join(
        f"  - {layer}: {manifest.definition(layer).title.say(language)}, {entry.features}"
        + (f" — {entry.source}" if entry.source else "")
        + (f" ({entry.licence})" if entry.licence else "")
        for layer, entry in manifest.layers.items()
    )
    time = "" if manifest.store.time is None else f" ({manifest.store.time:%Y-%m-%d %H:%M} UTC)"
    area = manifest.shape
    bounds = "" if area is None else ", ".join(f"{degrees:.5f}" for degrees in area.bounds)
    vi = f"""GÓI DỮ LIỆU QUY HOẠCH
Gửi: {manifest.institute}
Trạng thái gốc: phiên bản thay đổi số {manifest.store.changeset}{time}
Phạm vi: {bounds or "toàn bộ"}

Các lớp (mã, tên, số đối tượng, nguồn):
{listed}

CÁCH LÀM
1. Mở parkplan.qgs bằng QGIS (có sẵn tên lớp, màu và danh mục giá trị), hoặc mở {manifest.geopackage}, và sửa trực tiếp
   trong đó; dữ liệu nằm trong tệp .gpkg.
2. Không sửa cột feature_id của đối tượng đã có: hệ thống nhận ra đối tượng theo mã này.
   Đối tượng mới: để trống feature_id.
3. Đối tượng bị xoá khỏi tệp được hiểu là đề nghị xoá. Đối tượng nằm ngoài phạm vi gói không bị ảnh hưởng.
4. Lưu, đóng QGIS, nén lại cả thư mục (giữ nguyên manifest.json) thành một tệp .zip rồi gửi lại.
   Cũng có thể sửa các tệp .geojson trong thư mục layers, hoặc chỉ gửi lại tệp GeoPackage hay GeoJSON đã sửa.
5. Sửa ở một nơi: nếu cả GeoPackage và GeoJSON đều bị sửa khác nhau, gói sẽ bị trả lại.

Khi nhận lại, hệ thống kiểm tra dữ liệu, so từng thuộc tính với trạng thái gốc và hợp nhất ba bên với hiện trạng;
chỗ mâu thuẫn được báo lại, không tự ý quyết định. Toạ độ: WGS 84 (kinh độ, vĩ độ).
"""
    en = f"""PACKAGE OF PLANNING DATA
For: {manifest.institute}
Base: changeset {manifest.store.changeset}{time}
Area: {bounds or "everywhere"}

Layers (id, title, features, source):
{listed}

HOW TO EDIT
1. Open parkplan.qgs in QGIS (with titles, colours and lists of values), or {manifest.geopackage}, and edit there; the
   data are in the .gpkg file.
2. Leave the column feature_id of features that are there as it is: they are recognised by it.
   For a new feature, leave feature_id empty.
3. A feature that is deleted from the file is a proposal to delete it. Features outside the area are not touched.
4. Save, close QGIS, zip the whole folder again (with manifest.json as it is) and send it back.
   You may edit the .geojson files in the folder layers instead, or send only the edited GeoPackage or GeoJSON file.
5. Edit in one place: if GeoPackage and GeoJSON were edited differently, the package is returned.

On return the data are checked, compared with the base attribute by attribute and merged three ways with the current
state; contradictions are reported and never decided silently. Coordinates: WGS 84 (longitude, latitude).
"""
    return Text(vi=vi, en=en).say(language)
