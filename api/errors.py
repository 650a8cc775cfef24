"""What can go wrong at the edge: in a request, a setting or a command line, each cause by name."""

from __future__ import annotations

from layers.errors import ParkplanError
from layers.types import Text

__all__ = [
    "AddressInUseError",
    "ApiError",
    "BadBodyError",
    "BadCredentialsError",
    "BadParameterError",
    "BodyTooLargeError",
    "BusyError",
    "ForeignPageError",
    "FormExpiredError",
    "ImportsOffError",
    "InternalError",
    "InvalidInputError",
    "MethodNotAllowedError",
    "MissingStoreError",
    "NotReadyError",
    "NotSignedInError",
    "OutputError",
    "PreconditionFailedError",
    "PreconditionRequiredError",
    "ProviderError",
    "RemoteAddressError",
    "SealedError",
    "SettingsError",
    "StalledError",
    "TooManyRequestsError",
    "UnknownParameterError",
    "UnknownPathError",
    "UnknownProcessError",
    "UnsupportedMediaTypeError",
    "UsageError",
]


class ApiError(ParkplanError):
    """Base of what `api` raises."""


class BadParameterError(ApiError):
    """A parameter whose value means nothing."""

    template = Text(
        vi="Tham số {where}: gặp {seen!r}, cần {wanted}.",
        en="Parameter {where}: saw {seen!r}, wanted {wanted}.",
    )


class UnknownParameterError(ApiError):
    """A query parameter that the resource does not know."""

    template = Text(
        vi="{where} không có tham số {seen!r}. Các tham số: {wanted}.",
        en="{where} has no parameter {seen!r}. Its parameters are: {wanted}.",
    )


class UnknownPathError(ApiError):
    """A path at which nothing is served."""

    template = Text(
        vi="Không có gì ở {seen}. Cần {wanted}.",
        en="There is nothing at {seen}. Wanted {wanted}.",
    )


class MethodNotAllowedError(ApiError):
    """A method that the resource does not offer."""

    template = Text(
        vi="{where} không nhận phương thức {seen}; cần {wanted}.",
        en="{where} does not take the method {seen}; wanted {wanted}.",
    )


class UnknownProcessError(ApiError):
    """A process that is not offered."""

    template = Text(
        vi="Không có quy trình {seen!r}. Các quy trình: {wanted}.",
        en="There is no process {seen!r}. The processes are: {wanted}.",
    )


class BadBodyError(ApiError):
    """A request body that cannot be read."""

    template = Text(
        vi="Không đọc được nội dung gửi đến {where}: {seen}. Cần {wanted}.",
        en="The body sent to {where} cannot be read: {seen}. Wanted {wanted}.",
    )


class BodyTooLargeError(ApiError):
    """A request body over the limit."""

    template = Text(
        vi="Nội dung gửi đến {where} dài hơn {wanted} byte.",
        en="The body sent to {where} is longer than {wanted} bytes.",
    )


class UnsupportedMediaTypeError(ApiError):
    """A request body of a type that is not read."""

    template = Text(
        vi="Nội dung gửi đến {where} có kiểu {seen!r}, cần {wanted}.",
        en="The body sent to {where} is of type {seen!r}, wanted {wanted}.",
    )


class InvalidInputError(ApiError):
    """An input of a process that is missing, unknown or out of its bounds."""

    template = Text(
        vi="Đầu vào {where}: gặp {seen}, cần {wanted}.",
        en="Input {where}: saw {seen}, wanted {wanted}.",
    )


class ImportsOffError(ApiError):
    """Files are not taken in by this server."""

    template = Text(
        vi="Máy chủ này không nhận tệp: {seen}. Cần {wanted}.",
        en="This server takes no files: {seen}. Wanted {wanted}.",
    )


class ForeignPageError(ApiError):
    """A page of somebody else, which makes a reader's browser send what the reader did not mean to."""

    template = Text(
        vi="{where} chỉ nhận yêu cầu từ trang của chính máy chủ: gặp {seen}, cần {wanted}.",
        en="{where} takes requests of its own pages only: saw {seen}, wanted {wanted}.",
    )


class NotSignedInError(ApiError):
    """Something that only those may do of whom it is known who they are."""

    template = Text(
        vi="{where}: cần đăng nhập, hoặc gửi khoá truy cập trong Authorization: Bearer ….",
        en="{where}: please sign in, or send a token as Authorization: Bearer ….",
    )


class BadCredentialsError(ApiError):
    """A name, password or token that does not show who somebody is; which part is wrong is not told."""

    template = Text(
        vi="{where}: tên đăng nhập, mật khẩu hoặc khoá truy cập không đúng hoặc đã hết hạn. Cần {wanted}.",
        en="{where}: the name, the password or the token is wrong or has expired. Wanted {wanted}.",
    )


class TooManyRequestsError(ApiError):
    """A caller who calls more often than the server lets anybody."""

    template = Text(
        vi="{where}: quá nhiều yêu cầu; hãy thử lại sau {wanted} giây.",
        en="{where}: too many requests; please try again in {wanted} seconds.",
    )


class ProviderError(ApiError):
    """A service by which people sign in that refuses, or cannot be believed."""

    template = Text(
        vi="Đăng nhập qua {where} không thành: {seen}. Cần {wanted}.",
        en="Signing in by {where} failed: {seen}. Wanted {wanted}.",
    )


class FormExpiredError(ApiError):
    """A form that was not made for this session, or is too old."""

    template = Text(
        vi="{where}: biểu mẫu đã hết hạn; hãy tải lại trang rồi gửi lại.",
        en="{where}: the form has expired; please reload the page and send it again.",
    )


class PreconditionRequiredError(ApiError):
    """A change that does not say on which state it is based."""

    template = Text(
        vi="{where}: thiếu {wanted}; hãy đọc đối tượng để lấy ETag rồi gửi lại.",
        en="{where}: {wanted} is missing; please read the feature for its ETag and send it again.",
    )


class PreconditionFailedError(ApiError):
    """A change that is based on another state than the one that is there."""

    template = Text(
        vi="{where}: trạng thái hiện tại là {seen}, yêu cầu dựa trên {wanted}; hãy đọc lại.",
        en="{where}: the state is {seen}, the request is based on {wanted}; please read it again.",
    )


class StalledError(ApiError):
    """An upload that has stopped coming."""

    template = Text(
        vi="Nội dung gửi đến {where} dừng lại sau {seen} byte; chờ tối đa {wanted:g} giây.",
        en="The body sent to {where} stopped after {seen} bytes; nothing came for {wanted:g} seconds.",
    )


class SealedError(ApiError):
    """A job that can be stopped no more."""

    template = Text(
        vi="Không dừng được công việc {where} nữa ({seen}); cần {wanted}.",
        en="The job {where} can be stopped no more ({seen}); wanted {wanted}.",
    )


class BusyError(ApiError):
    """As much work waits as may wait."""

    template = Text(
        vi="Đang có {seen} công việc chờ; hãy gửi lại sau. Tối đa {wanted}.",
        en="{seen} jobs are waiting already; please send it again later. At most {wanted}.",
    )


class NotReadyError(ApiError):
    """A job that has no result, yet or at all."""

    template = Text(
        vi="Công việc {where} chưa có kết quả: {seen}.",
        en="The job {where} has no result: {seen}.",
    )


class InternalError(ApiError):
    """A fault of ours; `seen` is the request id under which the log tells more."""

    template = Text(
        vi="Máy chủ gặp lỗi. Khi báo lỗi, xin kèm mã yêu cầu {seen}.",
        en="The server failed. Please name the request id {seen} when you report it.",
    )


class SettingsError(ApiError):
    """A setting that is not valid."""

    template = Text(
        vi="Thiết lập {where}: gặp {seen!r}, cần {wanted}.",
        en="Setting {where}: saw {seen!r}, wanted {wanted}.",
    )


class RemoteAddressError(ApiError):
    """A single-user store that would be served to the network."""

    template = Text(
        vi="Kho một người dùng chỉ phục vụ trên máy này: gặp địa chỉ {seen!r}, cần {wanted}.",
        en="A single-user store is served to this machine only: saw the address {seen!r}, wanted {wanted}.",
    )


class AddressInUseError(ApiError):
    """A port that cannot be listened on."""

    template = Text(
        vi="Không mở được cổng {where}: {seen}. Cần {wanted}.",
        en="Cannot listen on {where}: {seen}. Wanted {wanted}.",
    )


class MissingStoreError(ApiError):
    """A store file that has not been made yet."""

    template = Text(
        vi="Chưa có kho dữ liệu {seen}. Hãy chạy: {wanted}",
        en="There is no store {seen} yet. Please run: {wanted}",
    )


class OutputError(ApiError):
    """A file that cannot be written."""

    template = Text(
        vi="Không ghi được tệp {where}: {seen}. Cần {wanted}.",
        en="The file {where} cannot be written: {seen}. Wanted {wanted}.",
    )


class UsageError(ApiError):
    """A command line that cannot be read."""

    template = Text(
        vi="Dòng lệnh không hợp lệ: {seen}. Xem: parkplan --help",
        en="The command line cannot be read: {seen}. See: parkplan --help",
    )
