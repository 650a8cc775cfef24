"""Which HTTP status is an error, and how is it told? One table, and problem details by RFC 9457.

Types are stable names (`urn:parkplan:problem:unknown-layer`, or the OGC's where it has registered one); titles and
details are in the reader's language; `seen`, `wanted` and `where` hold the parts of the detail.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from api import errors as api_errors
from gis import errors as gis_errors
from layers import errors as layers_errors
from layers.errors import FilterError, InvalidFeaturesError, ParkplanError
from layers.types import Language, Text

__all__ = ["KINDS", "NO_SUCH_JOB", "NO_SUCH_PROCESS", "RESULT_NOT_READY", "URN", "ProblemKind", "kind_of", "problem"]

#: Prefix of our problem types.
URN: Final = "urn:parkplan:problem:"
#: The type that OGC API Processes wants for an unknown process.
NO_SUCH_PROCESS: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
#: Those for an unknown job, and for one without a result.
NO_SUCH_JOB: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"
RESULT_NOT_READY: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"
#: Issues of invalid features that are told one by one.
ISSUES_SHOWN: Final = 100

JsonObject = dict[str, Any]


class ProblemKind(NamedTuple):
    """How one kind of error is answered.

    Attributes
    ----------
    status : int
        HTTP status.
    type : str
        URI that names the kind.
    title : Text
        The kind in words, the same each time.
    """

    status: int
    type: str
    title: Text


def _kind(status: int, name: str, vi: str, en: str) -> ProblemKind:
    return ProblemKind(status, name if name.startswith("http") else URN + name, Text(vi=vi, en=en))


#: How each error is answered; a child without a line of its own is answered as its parent.
KINDS: Final[dict[type[ParkplanError], ProblemKind]] = {
    layers_errors.LayersError: _kind(422, "unusable", "Không dùng được", "Not usable"),
    layers_errors.MissingFileError: _kind(422, "missing-file", "Không có tệp", "Missing file"),
    layers_errors.FileUnreadableError: _kind(422, "unreadable-file", "Không đọc được tệp", "Unreadable file"),
    layers_errors.DefinitionError: _kind(422, "invalid-definition", "Định nghĩa không hợp lệ", "Invalid definition"),
    layers_errors.ConflictingDefinitionError: _kind(
        409, "conflicting-definition", "Định nghĩa mâu thuẫn", "Conflicting definition"
    ),
    layers_errors.UnknownLayerError: _kind(404, "unknown-layer", "Không có lớp này", "Unknown layer"),
    layers_errors.UnknownFieldError: _kind(400, "unknown-field", "Không có trường này", "Unknown field"),
    layers_errors.FilterError: _kind(400, "invalid-filter", "Bộ lọc không hợp lệ", "Invalid filter"),
    layers_errors.UnknownFeatureError: _kind(404, "unknown-feature", "Không có đối tượng này", "Unknown feature"),
    layers_errors.DiffConflictError: _kind(409, "diff-conflict", "Không đúng trạng thái", "Another state"),
    layers_errors.BackupError: _kind(500, "backup", "Lỗi sao lưu", "Backup failed"),
    layers_errors.StaleBaseError: _kind(409, "stale-base", "Dữ liệu đã đổi", "Changed meanwhile"),
    layers_errors.FeatureExistsError: _kind(409, "feature-exists", "Đối tượng đã có", "Feature exists"),
    layers_errors.UnknownChangesetError: _kind(
        404, "unknown-changeset", "Không có phiên bản thay đổi này", "Unknown changeset"
    ),
    layers_errors.UnknownTileError: _kind(404, "unknown-tile", "Không có ô bản đồ này", "Unknown tile"),
    layers_errors.UnknownJobError: _kind(404, NO_SUCH_JOB, "Không có công việc này", "No such job"),
    layers_errors.NotAllowedError: _kind(403, "not-allowed", "Không có quyền", "Not allowed"),
    layers_errors.UnknownPersonError: _kind(404, "unknown-person", "Không có người này", "Unknown person"),
    layers_errors.PersonExistsError: _kind(409, "person-exists", "Tên đã có", "Name taken"),
    layers_errors.UnknownTokenError: _kind(404, "unknown-token", "Không có khoá này", "Unknown token"),
    layers_errors.HiddenValueError: _kind(409, "hidden-value", "Vướng thông tin hạn chế", "Hidden value in the way"),
    layers_errors.UnknownPackageError: _kind(404, "unknown-package", "Không có gói này", "Unknown package"),
    layers_errors.UnknownProposalError: _kind(404, "unknown-proposal", "Không có đề xuất này", "Unknown proposal"),
    layers_errors.UnknownCommentError: _kind(404, "unknown-comment", "Không có ý kiến này", "Unknown comment"),
    layers_errors.TransitionError: _kind(409, "transition", "Không chuyển được trạng thái", "Transition not allowed"),
    layers_errors.ProposalLockedError: _kind(409, "proposal-locked", "Đề xuất đã khoá", "Proposal is locked"),
    layers_errors.ProposalConflictError: _kind(409, "proposal-conflict", "Đề xuất có xung đột", "Proposal in conflict"),
    layers_errors.MergeConflictsError: _kind(409, "merge-conflicts", "Có xung đột", "Conflicts are open"),
    layers_errors.SignatureError: _kind(422, "bad-signature", "Chữ ký không đúng", "Bad signature"),
    layers_errors.CoverageTooLargeError: _kind(413, "coverage-too-large", "Vùng quá lớn", "Too many cells"),
    layers_errors.CrsError: _kind(422, "wrong-crs", "Sai hệ toạ độ", "Wrong CRS"),
    layers_errors.ValueOutOfRangeError: _kind(400, "value-out-of-range", "Giá trị không hợp lệ", "Value out of range"),
    layers_errors.StoreError: _kind(500, "store-failed", "Kho dữ liệu báo lỗi", "Store failed"),
    layers_errors.QueryTimeError: _kind(503, "query-too-long", "Truy vấn quá lâu", "Query too long"),
    layers_errors.StoreUnreachableError: _kind(
        503, "store-unreachable", "Không kết nối được kho dữ liệu", "Store unreachable"
    ),
    layers_errors.InvalidFeaturesError: _kind(422, "invalid-features", "Đối tượng không hợp lệ", "Invalid features"),
    gis_errors.GisError: _kind(422, "not-computable", "Không tính được", "Not computable"),
    api_errors.ApiError: _kind(400, "bad-request", "Yêu cầu không hợp lệ", "Bad request"),
    api_errors.BadParameterError: _kind(400, "bad-parameter", "Tham số không hợp lệ", "Bad parameter"),
    api_errors.UnknownParameterError: _kind(400, "unknown-parameter", "Không có tham số này", "Unknown parameter"),
    api_errors.UnknownPathError: _kind(404, "unknown-path", "Không có địa chỉ này", "Unknown path"),
    api_errors.MethodNotAllowedError: _kind(
        405, "method-not-allowed", "Phương thức không được nhận", "Method not allowed"
    ),
    api_errors.UnknownProcessError: _kind(404, NO_SUCH_PROCESS, "Không có quy trình này", "No such process"),
    api_errors.BadBodyError: _kind(400, "bad-body", "Nội dung không đọc được", "Unreadable body"),
    api_errors.BodyTooLargeError: _kind(413, "body-too-large", "Nội dung quá dài", "Body too large"),
    api_errors.UnsupportedMediaTypeError: _kind(
        415, "unsupported-media-type", "Kiểu nội dung không nhận", "Unsupported media type"
    ),
    api_errors.InvalidInputError: _kind(422, "invalid-input", "Đầu vào không hợp lệ", "Invalid input"),
    api_errors.ImportsOffError: _kind(403, "imports-off", "Không nhận tệp", "No files are taken"),
    api_errors.ForeignPageError: _kind(403, "foreign-page", "Trang lạ", "Foreign page"),
    api_errors.NotSignedInError: _kind(401, "not-signed-in", "Chưa đăng nhập", "Not signed in"),
    api_errors.BadCredentialsError: _kind(401, "bad-credentials", "Không nhận ra người dùng", "Bad credentials"),
    api_errors.TooManyRequestsError: _kind(429, "too-many-requests", "Quá nhiều yêu cầu", "Too many requests"),
    api_errors.ProviderError: _kind(403, "provider-failed", "Đăng nhập không thành", "Sign-in failed"),
    api_errors.FormExpiredError: _kind(403, "form-expired", "Biểu mẫu hết hạn", "Form expired"),
    api_errors.PreconditionRequiredError: _kind(
        428, "precondition-required", "Thiếu điều kiện", "Precondition required"
    ),
    api_errors.PreconditionFailedError: _kind(412, "precondition-failed", "Trạng thái đã khác", "Precondition failed"),
    api_errors.StalledError: _kind(408, "stalled", "Nội dung ngừng gửi", "Body stalled"),
    api_errors.SealedError: _kind(409, "sealed", "Không dừng được nữa", "Cannot be stopped"),
    api_errors.BusyError: _kind(503, "busy", "Đang bận", "Busy"),
    api_errors.NotReadyError: _kind(404, RESULT_NOT_READY, "Chưa có kết quả", "No result yet"),
    api_errors.InternalError: _kind(500, "internal-error", "Lỗi máy chủ", "Internal error"),
}
_OTHER: Final = _kind(500, "error", "Lỗi", "Error")


def kind_of(error: ParkplanError) -> ProblemKind:
    """Return how an error is answered.

    Parameters
    ----------
    error : ParkplanError
        Any error of ours.

    Returns
    -------
    ProblemKind
        Its own kind, else that of its nearest parent in `KINDS`.
    """
    return next((KINDS[cause] for cause in type(error).__mro__ if cause in KINDS), _OTHER)


def problem(error: ParkplanError, *, language: Language, instance: str) -> JsonObject:
    """Return an error as a problem details document.

    Parameters
    ----------
    error : ParkplanError
        The error.
    language : {"vi", "en"}
        The reader's language.
    instance : str
        Path and query of the request.

    Returns
    -------
    dict
        `type`, `title`, `status`, `detail`, `instance`, `seen`, `wanted`, `where`; for invalid features also `issues`,
        for a filter that cannot be read `position`, its first character that does not fit, from 1.
    """
    kind = kind_of(error)
    document: JsonObject = {
        "type": kind.type,
        "title": kind.title.say(language),
        "status": kind.status,
        "detail": error.message(language),
        "instance": instance,
        "seen": _plain(error.seen, language),
        "wanted": _plain(error.wanted, language),
        "where": error.where,
    }
    if isinstance(error, FilterError) and error.position is not None:
        document["position"] = error.position
    if isinstance(error, InvalidFeaturesError):
        document["issues"] = [issue.message(language) for issue in error.issues[:ISSUES_SHOWN]]
    return document


def _plain(value: object, language: Language) -> str | int | float:
    if isinstance(value, Text):
        return value.say(language)
    return value if isinstance(value, str | int | float) else str(value)
