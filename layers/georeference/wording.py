"""What a diagnosis says in words, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layers.georeference.areas import ZoneFit
from layers.georeference.declared import Declared
from layers.georeference.known import KnownFit
from layers.georeference.readings import Correction, FloatArray, Reading, corrections, face_value
from layers.georeference.results import Evidence, Hypothesis, Kind, Verdict
from layers.georeference.target import TargetArea
from layers.types import Text

__all__ = ["correction_text", "distance", "local_reason", "local_title", "reason", "title", "verdict_message"]

_CORRECTIONS: Final[dict[Correction, Text]] = {
    "exchange_axes": Text(
        vi="đổi chỗ hai trục (toạ độ bắc đứng trước)", en="axes exchanged (the northing stands first)"
    ),
    "millimetres": Text(vi="đơn vị là milimét", en="the unit is the millimetre"),
    "kilometres": Text(vi="đơn vị là kilômét", en="the unit is the kilometre"),
    "no_shift": Text(
        vi="toạ độ tính từ WGS 84 mà không chuyển hệ quy chiếu", en="computed from WGS 84 without a datum shift"
    ),
    "wrong_scale": Text(
        vi="dùng nhầm hệ số tỷ lệ 0,9996 của múi 6°", en="computed with the scale factor 0.9996 of the 6-degree zones"
    ),
    "turned_rotations": Text(
        vi="tham số chính thức dùng với dấu góc xoay ngược",
        en="computed by the official parameters with the signs of the rotations turned",
    ),
    "superseded_shift": Text(
        vi="tính bằng tham số EPSG:5194 thay cho tham số chính thức",
        en="computed by EPSG:5194 instead of the official parameters",
    ),
}
_DEGREES_EXCHANGED: Final = Text(vi="đổi chỗ (vĩ độ đứng trước kinh độ)", en="exchanged (latitude stands first)")
_CONTROL: Final = Text(
    vi="Cần ít nhất ba điểm khống chế có toạ độ thật, hoặc bản vẽ gốc trong VN-2000.",
    en="At least three control points with their true coordinates are needed, or the original in VN-2000.",
)
_NO_COORDINATES: Final = Text(vi="Không có toạ độ nào để xem xét.", en="There are no coordinates to look at.")
#: How many readings a sentence names.
_NAMED: Final = 4


def distance(metres: float | None) -> Text:
    """Write a distance for people.

    Parameters
    ----------
    metres : float or None
        None for a place that does not exist.

    Returns
    -------
    Text
        Centimetres below 10 m, metres below 10 km, kilometres above.
    """
    if metres is None:
        return Text(vi="không xác định", en="unknown")
    if metres < 10:
        written = f"{metres:.2f} m"
    elif metres < 10_000:
        written = f"{metres:.0f} m"
    else:
        written = f"{metres / 1000:.1f} km"
    return _number(written)


def correction_text(correction: Correction, *, degrees: bool = False) -> Text:
    """Say what a reading puts right.

    Parameters
    ----------
    correction : Correction
        The correction.
    degrees : bool, default False
        Whether the coordinates are degrees.

    Returns
    -------
    Text
        A clause without a full stop.
    """
    return _DEGREES_EXCHANGED if degrees and correction == "exchange_axes" else _CORRECTIONS[correction]


def title(reading: Reading) -> Text:
    """Name a reading.

    Parameters
    ----------
    reading : Reading
        The reading.

    Returns
    -------
    Text
        CRS and corrections.
    """
    degrees = reading.frame.family == "degrees"
    clauses = [correction_text(one, degrees=degrees) for one in corrections(reading)]
    return _joined("; ", [Text(vi=reading.frame.label, en=reading.frame.label), *clauses])


def reason(
    reading: Reading, evidence: Evidence, target: TargetArea, declared: Declared | None, *, mistake_m: float | None
) -> Text:
    """Say what speaks for and against a reading.

    Parameters
    ----------
    reading : Reading
        The reading.
    evidence : Evidence
        What was found.
    target : TargetArea
        Where the data should lie.
    declared : Declared or None
        What the file says.
    mistake_m : float or None
        How far off the data would be without the corrections.

    Returns
    -------
    Text
        Some sentences.
    """
    sentences = [_place_sentence(evidence, target)]
    if declared is not None:
        sentences.append(_declared_sentence(reading, evidence, declared))
    if evidence.known is not None:
        sentences.append(_known_sentence(evidence.known))
    if evidence.zone is not None:
        sentences.append(_zone_sentence(evidence.zone))
    if reading.frame.family == "TM-3 deprecated":
        sentences.append(
            Text(
                vi="Mã EPSG này đã bị bãi bỏ: 500 km cộng vào toạ độ bắc thay vì toạ độ đông.",
                en="This code is deprecated: it adds 500 km to the northing instead of the easting.",
            )
        )
    if corrections(reading) and mistake_m is not None:
        far = distance(mistake_m)
        sentences.append(
            Text(vi=f"Bỏ qua thì dữ liệu lệch {far.vi}.", en=f"Overlooked, it puts the data {far.en} off.")
        )
    return _joined(" ", sentences)


def local_title(kind: Kind) -> Text:
    """Name coordinates that no CRS places.

    Parameters
    ----------
    kind : {"local", "pixel"}
        What they are.

    Returns
    -------
    Text
        The name.
    """
    if kind == "pixel":
        return Text(vi="toạ độ điểm ảnh, không có hệ toạ độ", en="pixel coordinates of an image, no CRS")
    return Text(vi="toạ độ cục bộ của bản vẽ, không có hệ toạ độ", en="local coordinates of a drawing, no CRS")


def local_reason(kind: Kind, points: FloatArray) -> Text:
    """Say why coordinates are held for local ones.

    Parameters
    ----------
    kind : {"local", "pixel"}
        What they are.
    points : ndarray of float, shape (n, 2)
        As they stand in the file.

    Returns
    -------
    Text
        Range of the numbers and what is needed.
    """
    (minx, miny), (maxx, maxy) = points.min(axis=0), points.max(axis=0)
    numbers = _number(f"{minx:.6g} … {maxx:.6g}; {miny:.6g} … {maxy:.6g}")
    what = Text(vi="điểm ảnh", en="pixels") if kind == "pixel" else Text(vi="một bản vẽ", en="a drawing")
    seen = Text(
        vi=f"Các số ({numbers.vi}) giống toạ độ của {what.vi}.", en=f"The numbers ({numbers.en}) look like {what.en}."
    )
    return _joined(" ", [seen, _CONTROL])


def verdict_message(verdict: Verdict, ranked: Sequence[Hypothesis], target: TargetArea) -> Text:
    """Say the verdict.

    Parameters
    ----------
    verdict : Verdict
        As decided.
    ranked : sequence of Hypothesis
        Likeliest first.
    target : TargetArea
        Where the data should lie.

    Returns
    -------
    Text
        The verdict, what it does not exclude, and what would help.
    """
    if not ranked:
        return _NO_COORDINATES
    best, area = ranked[0], target.name
    if verdict == "none":
        nowhere = Text(
            vi=f"Không cách đọc nào đặt dữ liệu vào {area.vi}.", en=f"No reading puts the data into {area.en}."
        )
        return _joined(" ", [nowhere, _none_sentence(best)])
    others = [one for one in ranked[1:] if one.meets_target and one.offset_m is not None]
    listed = _joined("; ", [_with_offset(one, best) for one in others[:_NAMED]])
    if verdict == "clear":
        read = Text(vi=f"Toạ độ được đọc theo {best.title.vi}.", en=f"The coordinates are read as {best.title.en}.")
        if not others:
            return read
        rest = Text(
            vi=f"Ít khả năng hơn: {listed.vi}. Đối tượng đã biết vị trí sẽ giúp kiểm tra.",
            en=f"Less likely: {listed.en}. Features whose place is known would test this.",
        )
        return _joined(" ", [read, rest])
    share = f"{best.score:.0%}".replace("%", " %")
    return Text(
        vi=f"Chưa đủ căn cứ để tự chọn; cần người dùng chọn hệ toạ độ. Khả năng nhất ({share}): {best.title.vi}. "
        f"Cũng có thể: {listed.vi}.",
        en=f"The evidence does not decide; a person has to choose the CRS. Likeliest ({share}): {best.title.en}. "
        f"Possible too: {listed.en}.",
    )


def _none_sentence(best: Hypothesis) -> Text:
    if best.reading is None or best.bounds is None:
        return best.reason
    minx, miny, maxx, maxy = best.bounds
    place = _number(f"{minx:.4f} … {maxx:.4f}; {miny:.4f} … {maxy:.4f}")
    return Text(
        vi=f"Khả năng nhất là {best.title.vi}; khi đó dữ liệu nằm ở {place.vi} (kinh độ; vĩ độ).",
        en=f"Likeliest is {best.title.en}; the data then lie at {place.en} (longitude; latitude).",
    )


def _with_offset(hypothesis: Hypothesis, best: Hypothesis) -> Text:
    """Name what differs from the best, and by how much."""
    far = distance(hypothesis.offset_m)
    named = hypothesis.title if hypothesis.reading is None else _difference(hypothesis.reading, best.reading)
    return Text(vi=f"{named.vi} (cách {far.vi})", en=f"{named.en} ({far.en} away)")


def _difference(reading: Reading, best: Reading | None) -> Text:
    shared = corrections(best) if best is not None else ()
    degrees = reading.frame.family == "degrees"
    clauses = [correction_text(one, degrees=degrees) for one in corrections(reading) if one not in shared]
    if best is None or face_value(reading).frame != face_value(best).frame or not clauses:
        label = face_value(reading).frame.label
        clauses = [Text(vi=label, en=label), *clauses]
    return _joined(", ", clauses)


def _place_sentence(evidence: Evidence, target: TargetArea) -> Text:
    inside, near, area = _percent(evidence.inside), _percent(evidence.near), target.name
    vi = f"{inside.vi} số điểm nằm trong {area.vi}"
    en = f"{inside.en} of the points lie in {area.en}"
    if evidence.near:
        vi, en = f"{vi}, {near.vi} ở gần đó", f"{en}, {near.en} near it"
    return Text(vi=f"{vi}.", en=f"{en}.")


def _declared_sentence(reading: Reading, evidence: Evidence, declared: Declared) -> Text:
    label = declared.label
    if evidence.declaration == "agrees":
        return Text(vi=f"Tệp khai báo {label}.", en=f"The file states {label}.")
    if evidence.declaration == "other datum":
        return Text(
            vi=f"Tệp khai báo {label}: cùng lưới, khác hệ quy chiếu.",
            en=f"The file states {label}: the same grid on another datum.",
        )
    if evidence.declaration == "other origin":
        return Text(
            vi=f"Tệp khai báo {label}: cùng kinh tuyến trục, khác gốc toạ độ.",
            en=f"The file states {label}: the same meridian with another false origin.",
        )
    if evidence.declaration == "other scale":
        return Text(
            vi=f"Tệp khai báo {label}: cùng kinh tuyến trục, khác hệ số tỷ lệ.",
            en=f"The file states {label}: the same meridian with another scale factor.",
        )
    if declared.frame.family == "degrees" and reading.frame.family != "degrees":
        return Text(
            vi=f"Tệp khai báo {label}, nhưng đây là toạ độ phẳng tính bằng mét.",
            en=f"The file states {label}, but these are plane coordinates in metres.",
        )
    return Text(vi=f"Tệp lại khai báo {label}.", en=f"The file states {label} instead.")


def _known_sentence(fit: KnownFit) -> Text:
    if fit.relation == "pairs":
        left = distance(fit.residual_m)
        vi = f"So với {fit.compared} đối tượng cùng mã đã biết vị trí, dữ liệu lệch {left.vi}"
        en = f"Against {fit.compared} features of the same id the data are {left.en} off"
        return _contradicted(fit, vi, en)
    if fit.relation == "unrelated" or fit.share_close is None:
        return Text(
            vi="Ở vị trí này dữ liệu không ăn khớp với các đối tượng đã biết.",
            en="At this place the data do not fit the known features.",
        )
    share = _percent(fit.share_close)
    if fit.relation == "apart":
        return Text(
            vi=f"Ở vị trí này dữ liệu tránh hẳn các đối tượng đã biết (chỉ {share.vi} số điểm ở sát), "
            "như nhà tránh đường.",
            en=f"At this place the data keep clear of the known features ({share.en} of the points close), "
            "as houses do of roads.",
        )
    vi = f"{share.vi} số điểm nằm sát các đối tượng đã biết, nhiều hơn hẳn khi xê dịch dữ liệu"
    en = f"{share.en} of the points lie close to known features, far more than with the data pushed aside"
    if fit.residual_m is not None:
        left = distance(fit.residual_m)
        vi, en = f"{vi}; còn lệch {left.vi}", f"{en}; {left.en} are left"
    return _contradicted(fit, vi, en)


def _contradicted(fit: KnownFit, vi: str, en: str) -> Text:
    if not fit.contradicts:
        return Text(vi=f"{vi}.", en=f"{en}.")
    return Text(vi=f"{vi}, nhiều hơn độ chính xác của chúng cho phép.", en=f"{en}, more than their accuracy allows.")


def _zone_sentence(zone: ZoneFit) -> Text:
    ratio = _number(f"{zone.ratio:.7f}")
    if zone.agrees:
        return Text(
            vi=f"Diện tích kê khai khớp với {zone.frame.label} (tỷ số {ratio.vi}).",
            en=f"Declared areas agree with {zone.frame.label} (ratio {ratio.en}).",
        )
    return Text(
        vi=f"Diện tích kê khai không khớp lưới nào; gần nhất là {zone.frame.label} (tỷ số {ratio.vi}).",
        en=f"Declared areas agree with no projection; nearest is {zone.frame.label} (ratio {ratio.en}).",
    )


def _percent(share: float) -> Text:
    return _number(f"{share * 100:.3g} %")


def _number(written: str) -> Text:
    """Vietnamese writes a decimal comma."""
    return Text(vi=written.replace(".", ","), en=written)


def _joined(separator: str, texts: Sequence[Text]) -> Text:
    return Text(vi=separator.join(one.vi for one in texts), en=separator.join(one.en for one in texts))
