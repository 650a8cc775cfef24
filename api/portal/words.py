"""Everything the portal says, in both languages, in one place."""

from __future__ import annotations

from typing import Final

from layers.types import Language, Text

__all__ = ["WORDS", "finder_words", "page_words"]

WORDS: Final[dict[str, Text]] = {
    # Frame
    "product": Text(vi="Parkplan", en="Parkplan"),
    "tagline": Text(vi="Rà soát quy hoạch khu công nghiệp Hà Nội", en="Hanoi's industrial parks against the plans"),
    "skip": Text(vi="Chuyển đến nội dung", en="Skip to the content"),
    "horizon": Text(vi="Mốc quy hoạch", en="Planning horizon"),
    "language": Text(vi="Ngôn ngữ", en="Language"),
    "map": Text(vi="Bản đồ", en="Map"),
    "no_script": Text(
        vi="Bản đồ cần JavaScript. Danh sách khu, kết quả kiểm tra và bảng đất đai bên cạnh vẫn dùng được.",
        en="The map needs JavaScript. The list of parks, the findings and the ledger beside it work without.",
    ),
    "as_it_was": Text(
        vi="Quy hoạch như sau phiên bản thay đổi số {n}; xem những gì đã đổi từ đó",
        en="The plan as it was after changeset {n}; see what changed since",
    ),
    "data_state": Text(vi="Dữ liệu ở phiên bản thay đổi số {n}", en="Data as of changeset {n}"),
    "proposals": Text(vi="Đề xuất điều chỉnh", en="Proposals"),
    "everything": Text(vi="Dữ liệu, giao diện và mọi thứ khác ở đây", en="Data, interfaces and all else that is here"),
    "through": Text(
        vi="Quy hoạch như khi chấp thuận đề xuất {n}: bản đồ, kết quả kiểm tra và bảng đất đai đều theo đề xuất.",
        en="The plan as proposal {n} would make it: map, findings and ledger follow the proposal.",
    ),
    "api": Text(vi="API dữ liệu mở", en="Open data API"),
    "disclaimer": Text(
        vi="Hình vẽ sơ đồ không phải ranh giới; kết quả kiểm tra không thay cho văn bản quy định.",
        en="Schematic shapes are no boundaries; findings do not replace the text of the regulations.",
    ),
    # Search box of the map
    "finder": Text(vi="Tìm trên bản đồ", en="Search the map"),
    "finder_hint": Text(vi="Tên, số lô hoặc toạ độ", en="Name, plot or coordinates"),
    "finder_help": Text(
        vi="Gõ có dấu hoặc không dấu, tên cũ hoặc tên mới, hay toạ độ WGS 84 và VN-2000. Dùng phím mũi tên để chọn.",
        en="With or without tone marks, old names or new, or coordinates (WGS 84, VN-2000). Arrow keys choose.",
    ),
    "finder_found": Text(vi="Kết quả tìm", en="What was found"),
    # Views
    "views": Text(vi="Nội dung", en="Contents"),
    "view_parks": Text(vi="Khu", en="Parks"),
    "view_findings": Text(vi="Kết quả kiểm tra", en="Findings"),
    "view_ledger": Text(vi="Đất đai", en="Ledger"),
    # Summary
    "summary": Text(vi="Tóm tắt rà soát", en="Summary of the review"),
    "summary_line": Text(
        vi="{parks} khu ở mốc {year}, {placed} khu đã có vị trí; tổng diện tích công bố {area} ha của {known} khu có "
        "số liệu.",
        en="{parks} parks at the horizon {year}, {placed} of them with a position; {area} ha published for the {known} "
        "with a figure.",
    ),
    "meanings": Text(vi="Ý nghĩa các kết luận", en="What the outcomes mean"),
    # Parks
    "search": Text(vi="Lọc danh sách khu", en="Narrow the list"),
    "search_hint": Text(vi="Gõ có dấu hoặc không dấu", en="With or without tone marks"),
    "found": Text(vi="{n} khu", en="{n} parks"),
    "found_none": Text(vi="Không có khu nào khớp", en="No park matches"),
    "record": Text(vi="Hồ sơ đầy đủ", en="Full record"),
    "facts": Text(vi="Số liệu và nguồn", en="Facts and sources"),
    "area": Text(vi="Diện tích", en="Area"),
    "time": Text(vi="Thời gian", en="Planned time"),
    "occupancy": Text(vi="Lấp đầy", en="Occupancy"),
    "workers": Text(vi="Lao động", en="Workers"),
    "wastewater": Text(vi="Nước thải", en="Wastewater"),
    "communes_old": Text(vi="Trước 1/7/2025", en="Before 1 July 2025"),
    "communes_new": Text(vi="Từ 1/7/2025", en="Since 1 July 2025"),
    "unknown": Text(vi="chưa rõ", en="unknown"),
    "time_unknown": Text(vi="chưa rõ thời gian", en="time not known"),
    "position_unknown": Text(vi="chưa rõ vị trí", en="position unknown"),
    "position_schematic": Text(vi="vị trí sơ đồ", en="schematic position"),
    "position_label": Text(vi="điểm đặt nhãn", en="label point"),
    "time_since": Text(vi="từ {start}", en="since {start}"),
    "time_until": Text(vi="đến {end}", en="until {end}"),
    "time_between": Text(vi="{start}–{end}", en="{start}–{end}"),
    "planned": Text(vi="dự kiến {n}", en="{n} planned"),
    "of_year": Text(vi="năm {year}", en="in {year}"),
    "findings_link": Text(vi="{n} kết quả kiểm tra", en="{n} findings"),
    "not_at_horizon": Text(
        vi="Theo thời gian quy hoạch, khu này không có ở mốc {year}.",
        en="By its planned time this park is not there at the horizon {year}.",
    ),
    "source": Text(vi="Nguồn", en="Source"),
    "confidence": Text(vi="Độ tin cậy", en="Confidence"),
    "no_source": Text(vi="chưa ghi nguồn", en="no source recorded"),
    "note": Text(vi="Ghi chú", en="Note"),
    # Findings
    "outcome": Text(vi="Kết luận", en="Outcome"),
    "park": Text(vi="Khu", en="Park"),
    "rule": Text(vi="Quy định", en="Rule"),
    "all": Text(vi="Tất cả", en="All"),
    "filter": Text(vi="Lọc", en="Filter"),
    "clear": Text(vi="Bỏ lọc", en="Clear"),
    "measured": Text(vi="Đo được", en="Measured"),
    "wanted": Text(vi="Yêu cầu", en="Wanted"),
    "applies_if": Text(vi="áp dụng khi", en="applies if"),
    "finding": Text(vi="Nội dung", en="Finding"),
    "citation": Text(vi="Trích dẫn", en="Citation"),
    "findings_shown": Text(vi="Kết quả {first}–{last} trên {n}", en="Findings {first} to {last} of {n}"),
    "findings_none": Text(vi="Không có kết quả nào với bộ lọc này.", en="No findings with this filter."),
    "pages": Text(vi="Các trang kết quả", en="Pages of findings"),
    "previous": Text(vi="Trang trước", en="Previous"),
    "next": Text(vi="Trang sau", en="Next"),
    "whole_plan": Text(vi="toàn quy hoạch", en="the whole plan"),
    # Ledger
    "ledger": Text(vi="Bảng đất đai", en="Land ledger"),
    "ledger_meaning": Text(
        vi="Đơn vị héc-ta. Mỗi hàng khép kín: chồng lấn + không chồng lấn + dữ liệu cũ + chưa có dữ liệu = diện "
        "tích. Khu có hình sơ đồ chỉ cho số liệu minh hoạ.",
        en="In hectares. Every row closes: hit + clear + stale + not covered = area. Figures of parks with a schematic "
        "shape are illustrations only.",
    ),
    "ledger_none": Text(
        vi="Chưa có khu nào có hình để cân đối đất đai ở mốc này.",
        en="No park has an outline to account for at this horizon.",
    ),
    "ledger_layer": Text(vi="So với lớp", en="Against the layer"),
    "ledger_declared": Text(vi="công bố {n} ha", en="{n} ha published"),
    "ledger_unmeasured": Text(
        vi="Chưa có hình nên không cân đối được ({n})",
        en="Without an outline, so not accounted for ({n})",
    ),
    "schematic": Text(vi="sơ đồ", en="schematic"),
    "area_ha": Text(vi="Diện tích", en="Area"),
    "hit_ha": Text(vi="Chồng lấn", en="Hit"),
    "clear_ha": Text(vi="Không chồng lấn", en="Clear"),
    "stale_ha": Text(vi="Dữ liệu cũ", en="Stale"),
    "not_covered_ha": Text(vi="Chưa có dữ liệu", en="Not covered"),
    # Park page
    "back": Text(vi="Về bản đồ", en="Back to the map"),
    "all_facts": Text(vi="Toàn bộ số liệu", en="All facts"),
    "value": Text(vi="Giá trị", en="Value"),
    "fact": Text(vi="Thông tin", en="Fact"),
    "not_concluded": Text(vi="Chưa kết luận được", en="Nothing concluded"),
    "findings_here": Text(vi="Kết quả kiểm tra của khu", en="Findings of this park"),
    "yes": Text(vi="có", en="yes"),
    "no": Text(vi="không", en="no"),
}

#: What the search box and the cards of places say.
_FINDER_WORDS: Final[dict[str, Text]] = {
    "found": Text(vi="{n} kết quả", en="{n} found"),
    "none": Text(vi="Không tìm thấy", en="Nothing found"),
    "failed": Text(vi="Máy chủ chưa trả lời được", en="The server did not answer"),
    "coordinates": Text(vi="Toạ độ", en="Coordinates"),
    "since": Text(vi="từ {start}", en="from {start}"),
    "until": Text(vi="đến {end}", en="until {end}"),
    "between": Text(vi="{start} – {end}", en="{start} to {end}"),
    "now": Text(vi="Nay thuộc", en="Now part of"),
    "now_unknown": Text(
        vi="Chưa có nguồn nào cho biết nay thuộc đơn vị nào", en="No source tells which unit it is part of now"
    ),
    "relation": Text(vi="phần nhập vào: {relation}", en="share taken over: {relation}"),
    "part": Text(vi="từ {part}", en="from {part}"),
    "evidence": Text(vi="Căn cứ", en="Evidence"),
    "source": Text(vi="Nguồn", en="Source"),
    "unknown": Text(vi="chưa rõ", en="unknown"),
    "nowhere": Text(
        vi="Chưa có nguồn nào cho biết vị trí, nên không có trên bản đồ",
        en="No source tells where it is, so it is not on the map",
    ),
    "open": Text(vi="Mở hồ sơ", en="Open the record"),
    "close": Text(vi="Đóng", en="Close"),
    "marker": Text(vi="Điểm đang hỏi", en="The place asked about"),
    "here": Text(vi="Các lớp nói gì ở đây, mốc {year}", en="What the layers say here, horizon {year}"),
    "within": Text(vi="trong vòng {n} m", en="within {n} m"),
    "asking": Text(vi="Đang hỏi các lớp…", en="Asking the layers…"),
    "all_layers": Text(vi="Mọi lớp nói gì ở điểm này", en="What every layer says here"),
    "ask_middle": Text(vi="Các lớp nói gì ở giữa bản đồ", en="What the layers say at the centre of the map"),
    "state_hit": Text(vi="Có đối tượng", en="Something is there"),
    "state_stale": Text(vi="Không có gì, nhưng dữ liệu đã cũ", en="Nothing there, but the data are old"),
    "state_clear": Text(vi="Không có gì, dữ liệu đầy đủ", en="Nothing there, and the data are complete"),
    "state_not_covered": Text(vi="Chưa biết", en="Not known"),
    "not_clear": Text(
        vi="Không có dữ liệu đầy đủ ở đây: chưa thể nói là không có gì.",
        en="No complete data here: that does not mean that nothing is there.",
    ),
    "which": Text(vi="Những lớp nào", en="Which layers"),
    "reason_unknown": Text(vi="không rõ phạm vi dữ liệu", en="coverage unknown"),
    "reason_outside": Text(vi="ngoài phạm vi dữ liệu", en="outside the coverage"),
    "reason_partial": Text(vi="dữ liệu chưa đầy đủ", en="data not complete"),
    "as_of": Text(vi="dữ liệu ngày {day}", en="data of {day}"),
    "more": Text(vi="và {n} đối tượng khác", en="and {n} more"),
}


def page_words(language: Language) -> dict[str, str]:
    """Return every text of the portal in one language.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict of str to str
        By key.

    Examples
    --------
    >>> page_words("vi")["time_unknown"]
    'chưa rõ thời gian'
    """
    return {key: text.say(language) for key, text in WORDS.items()}


def finder_words(language: Language) -> dict[str, str]:
    """Return what the search box and the cards of places say.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict of str to str
        By key; what stands in braces is filled in by the page.

    Examples
    --------
    >>> finder_words("en")["state_not_covered"]
    'Not known'
    """
    return {key: text.say(language) for key, text in _FINDER_WORDS.items()}
