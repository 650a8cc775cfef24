"""What the pages about people say, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from layers.types import Language, Text

__all__ = ["WORDS", "said"]

WORDS: Final[Mapping[str, Text]] = {
    "skip": Text(vi="Chuyển đến nội dung", en="Skip to the content"),
    "language": Text(vi="Ngôn ngữ", en="Language"),
    "sign_in": Text(vi="Đăng nhập", en="Sign in"),
    "sign_in_hint": Text(
        vi="Ai cũng xem được dữ liệu mở. Đăng nhập để đề xuất, sửa và phê duyệt.",
        en="Everybody reads the open data. Sign in to propose, edit and approve.",
    ),
    "sign_out": Text(vi="Đăng xuất", en="Sign out"),
    "name": Text(vi="Tên đăng nhập", en="Name to sign in with"),
    "password": Text(vi="Mật khẩu", en="Password"),
    "with_provider": Text(vi="Đăng nhập qua", en="Sign in with"),
    "account": Text(vi="Tài khoản", en="Account"),
    "signed_in_as": Text(vi="Đang đăng nhập:", en="Signed in as"),
    "roles": Text(vi="Vai trò", en="Roles"),
    "role": Text(vi="Vai trò", en="Role"),
    "no_roles": Text(vi="chưa có vai trò nào", en="no role yet"),
    "of_institute": Text(vi="Đơn vị", en="Institute"),
    "tokens": Text(vi="Khoá truy cập cho phần mềm", en="Tokens for programs"),
    "tokens_hint": Text(
        vi="Phần mềm gửi khoá trong Authorization: Bearer …. Khoá chỉ hiện một lần; máy chủ không giữ bản rõ.",
        en="A program sends it as Authorization: Bearer …. It is shown once; the server keeps no copy of it.",
    ),
    "token_made": Text(vi="Khoá mới, hãy chép ngay:", en="The new token; copy it now:"),
    "token_title": Text(vi="Dùng cho", en="What for"),
    "scopes": Text(vi="Được phép", en="May"),
    "days": Text(vi="Hiệu lực (ngày)", en="Lasts (days)"),
    "make_token": Text(vi="Tạo khoá", en="Make a token"),
    "expires": Text(vi="Hết hạn", en="Expires"),
    "used": Text(vi="Dùng gần nhất", en="Last used"),
    "never": Text(vi="chưa dùng", en="never"),
    "revoke": Text(vi="Thu hồi", en="Revoke"),
    "revoked": Text(vi="đã thu hồi", en="revoked"),
    "expired": Text(vi="đã hết hạn", en="expired"),
    "change_password": Text(vi="Đổi mật khẩu", en="Change the password"),
    "new_password": Text(vi="Mật khẩu mới", en="New password"),
    "password_hint": Text(vi="ít nhất 12 ký tự", en="at least 12 letters"),
    "people": Text(vi="Người dùng", en="People"),
    "add_person": Text(vi="Thêm người", en="Add a person"),
    "full_name": Text(vi="Họ tên", en="Full name"),
    "give": Text(vi="Giao vai trò", en="Give the role"),
    "take": Text(vi="Thu vai trò", en="Take the role back"),
    "layers": Text(vi="Các lớp", en="Layers"),
    "layers_hint": Text(vi="mã lớp cách nhau bằng dấu phẩy; để trống là mọi lớp", en="ids with commas; all without"),
    "state": Text(vi="Trạng thái", en="State"),
    "active": Text(vi="đang dùng", en="active"),
    "stopped": Text(vi="đã khoá", en="shut out"),
    "stop": Text(vi="Khoá", en="Shut out"),
    "let_in": Text(vi="Mở lại", en="Let in"),
    "audit": Text(vi="Nhật ký", en="Audit log"),
    "audit_hint": Text(
        vi="Mọi thay đổi và mọi lần bị từ chối, mới nhất trước. Nhật ký chỉ thêm được, không sửa được.",
        en="Every change and every refusal, the newest first. The log is added to and never changed.",
    ),
    "time": Text(vi="Thời điểm (UTC)", en="Time (UTC)"),
    "who": Text(vi="Ai", en="Who"),
    "action": Text(vi="Việc", en="What"),
    "outcome": Text(vi="Kết quả", en="Outcome"),
    "done": Text(vi="đã làm", en="done"),
    "refused": Text(vi="bị từ chối", en="refused"),
    "failed": Text(vi="không thành", en="failed"),
    "address": Text(vi="Địa chỉ", en="Address"),
    "older": Text(vi="Cũ hơn", en="Older"),
    "stranger": Text(vi="(chưa đăng nhập)", en="(not signed in)"),
    "all": Text(vi="Tất cả", en="All"),
}


def said(language: Language) -> dict[str, str]:
    """Return all words in one language.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict of str to str
        By name.
    """
    return {name: text.say(language) for name, text in WORDS.items()}
