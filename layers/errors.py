"""What can go wrong below the web, each cause by name and in both languages.

Every error holds what was seen, what was wanted and where, so that a command line, a notebook and an HTTP answer can
say the same in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from layers.types import Language, Text

__all__ = [
    "BackupError",
    "ConflictingDefinitionError",
    "CoverageTooLargeError",
    "CrsError",
    "DefinitionError",
    "DiffConflictError",
    "FeatureExistsError",
    "FileUnreadableError",
    "FilterError",
    "HiddenValueError",
    "InvalidFeaturesError",
    "LayersError",
    "MergeConflictsError",
    "MissingFileError",
    "NotAllowedError",
    "ParkplanError",
    "PersonExistsError",
    "ProposalConflictError",
    "ProposalLockedError",
    "QueryTimeError",
    "SignatureError",
    "StaleBaseError",
    "StoreError",
    "StoreUnreachableError",
    "TransitionError",
    "UndecidedCrsError",
    "UnknownChangesetError",
    "UnknownCommentError",
    "UnknownFeatureError",
    "UnknownFieldError",
    "UnknownJobError",
    "UnknownLayerError",
    "UnknownPackageError",
    "UnknownPersonError",
    "UnknownProposalError",
    "UnknownTileError",
    "UnknownTokenError",
    "ValueOutOfRangeError",
]


class ParkplanError(Exception):
    """Something the user can mend, told with what was seen, what was wanted and where.

    Parameters
    ----------
    seen : object, optional
        The value met.
    wanted : object or Text, optional
        What would have been right; a `Text` is said in the reader's language.
    where : str, optional
        File, row, field or rule.
    """

    template: ClassVar[Text] = Text(
        vi="{where}: gặp {seen}, cần {wanted}.",
        en="{where}: saw {seen}, wanted {wanted}.",
    )

    def __init__(self, *, seen: object = "", wanted: object = "", where: str = "") -> None:
        self.seen = seen
        self.wanted = wanted
        self.where = where
        super().__init__(self.message("en"))

    def message(self, language: Language = "en") -> str:
        """Return the whole message.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            One sentence or more, plain text.
        """
        values = {
            name: value.say(language) if isinstance(value, Text) else value
            for name, value in (("seen", self.seen), ("wanted", self.wanted), ("where", self.where))
        }
        return self.template.say(language).format(**values)


class LayersError(ParkplanError):
    """Base of what `layers` raises."""


class MissingFileError(LayersError):
    """A named file is not there."""

    template = Text(vi="Không có tệp {seen}.", en="There is no file {seen}.")


class FileUnreadableError(LayersError):
    """A file is there but is not what its reader wants."""

    template = Text(
        vi="Không đọc được tệp {where}: {seen}. Cần {wanted}.",
        en="The file {where} cannot be read: {seen}. Wanted {wanted}.",
    )


class DefinitionError(LayersError):
    """A layer definition or a mapping file breaks its rules."""

    template = Text(
        vi="Định nghĩa {where} không hợp lệ: gặp {seen}, cần {wanted}.",
        en="The definition {where} is not valid: saw {seen}, wanted {wanted}.",
    )


class ConflictingDefinitionError(LayersError):
    """A layer is already there with another definition that holds data."""

    template = Text(
        vi="Lớp {where} đã có với định nghĩa khác: {seen}. Cần {wanted}.",
        en="The layer {where} is already there with another definition: {seen}. Wanted {wanted}.",
    )


class UnknownLayerError(LayersError):
    """A layer that the store does not hold."""

    template = Text(
        vi="Không có lớp {seen!r}. Các lớp hiện có: {wanted}.",
        en="There is no layer {seen!r}. The layers are: {wanted}.",
    )


class UnknownFieldError(LayersError):
    """A field that the layer does not define."""

    template = Text(
        vi="Lớp {where} không có trường {seen!r}. Các trường: {wanted}.",
        en="The layer {where} has no field {seen!r}. Its fields are: {wanted}.",
    )


class UnknownFeatureError(LayersError):
    """A feature id that the layer does not hold."""

    template = Text(
        vi="Lớp {where} không có đối tượng {seen!r}.",
        en="The layer {where} has no feature {seen!r}.",
    )


class FeatureExistsError(LayersError):
    """An insert of an id that is already there."""

    template = Text(
        vi="Lớp {where} đã có đối tượng {seen!r}; cần mã chưa dùng.",
        en="The layer {where} already has the feature {seen!r}; wanted an unused id.",
    )


class StaleBaseError(LayersError):
    """An edit made on a state since which others changed the same feature."""

    template = Text(
        vi="Đối tượng {seen!r} của lớp {where} đã được người khác thay đổi sau phiên bản {wanted}; "
        "cần đọc lại rồi sửa.",
        en="The feature {seen!r} of the layer {where} was changed by others after changeset {wanted}; "
        "read it again, then edit.",
    )


class DiffConflictError(LayersError):
    """A diff applied to another state than the one it starts from."""

    template = Text(
        vi="Đối tượng {seen!r} của lớp {where} khác với trạng thái mà bản khác biệt bắt đầu từ đó.",
        en="The feature {seen!r} of the layer {where} is not as it was in the state from which the diff starts.",
    )


class BackupError(LayersError):
    """A backup that cannot be written, is damaged, or does not fit where it should be restored."""

    template = Text(
        vi="Bản sao lưu {where}: gặp {seen}, cần {wanted}.", en="The backup {where}: saw {seen}, wanted {wanted}."
    )


class UnknownChangesetError(LayersError):
    """A changeset that the store has not recorded."""

    template = Text(
        vi="Không có phiên bản thay đổi {seen!r}; cần {wanted}.",
        en="There is no changeset {seen!r}; wanted {wanted}.",
    )


class UnknownJobError(LayersError):
    """A job that was never accepted, or was cleared away."""

    template = Text(
        vi="Không có công việc {seen!r}; có thể đã hết hạn lưu.",
        en="There is no job {seen!r}; it may have been cleared away.",
    )


class UnknownProposalError(LayersError):
    """A proposal that was never made."""

    template = Text(vi="Không có đề xuất {seen!r}.", en="There is no proposal {seen!r}.")


class UnknownCommentError(LayersError):
    """A comment that a proposal does not have."""

    template = Text(vi="Đề xuất {where} không có ý kiến {seen!r}.", en="The proposal {where} has no comment {seen!r}.")


class UnknownPackageError(LayersError):
    """A package of which the record of exchanges knows nothing."""

    template = Text(vi="Sổ giao nhận không có gói {seen!r}.", en="The record of exchanges has no package {seen!r}.")


class TransitionError(LayersError):
    """A state that a proposal cannot go to from where it is."""

    template = Text(
        vi="Đề xuất {where} {seen}; có thể chuyển sang: {wanted}.",
        en="The proposal {where} {seen}; possible: {wanted}.",
    )


class ProposalLockedError(LayersError):
    """Changes to a proposal that is no draft and was not returned."""

    template = Text(
        vi="Đề xuất {where} {seen}, không sửa được nội dung; cần {wanted}.",
        en="The proposal {where} is {seen} and its changes cannot be edited; wanted {wanted}.",
    )


class ProposalConflictError(LayersError):
    """A proposal that contradicts what was changed since its base, or that was changed while it was decided on."""

    template = Text(
        vi="Đề xuất {where}: {seen}. Cần {wanted}.",
        en="The proposal {where}: {seen}. Wanted {wanted}.",
    )


class MergeConflictsError(LayersError):
    """A merge with conflicts that nobody has resolved; nothing was written."""

    template = Text(
        vi="Hợp nhất: {seen} xung đột chưa xử lý, không ghi gì. {wanted}",
        en="Merge: {seen} conflicts are open, nothing was written. {wanted}",
    )


class SignatureError(LayersError):
    """A package that is not signed, was changed after signing, or was signed with another key."""

    template = Text(
        vi="Chữ ký của {where}: {seen}. Cần {wanted}.",
        en="The signature of {where}: {seen}. Wanted {wanted}.",
    )


class NotAllowedError(LayersError):
    """Something that a person's roles do not allow."""

    template = Text(
        vi="{where}: không có quyền với {seen}; cần {wanted}.",
        en="{where}: not allowed for {seen}; wanted {wanted}.",
    )


class UnknownPersonError(LayersError):
    """A person or an institute that is not in the register."""

    template = Text(vi="Không có người hoặc đơn vị {seen!r}.", en="There is no person or institute {seen!r}.")


class PersonExistsError(LayersError):
    """A name to sign in with that somebody has."""

    template = Text(vi="Tên đăng nhập {seen!r} đã có người dùng.", en="The name {seen!r} is taken.")


class UnknownTokenError(LayersError):
    """A token that was never made, or is somebody else's."""

    template = Text(vi="Không có khoá truy cập {seen!r}.", en="There is no token {seen!r}.")


class HiddenValueError(LayersError):
    """Values that the writer may not see and that stand in the way; they are not told."""

    template = Text(
        vi="Lớp {where}: thông tin mà bạn không được xem làm thay đổi này không hợp lệ; hãy nhờ người được xem.",
        en="Layer {where}: what you may not see makes this change invalid; please ask somebody who may see it.",
    )


class UnknownTileError(LayersError):
    """A tile, or a grid of tiles, that is not there."""

    template = Text(
        vi="Không có ô bản đồ này: {where} là {seen!r}, cần {wanted}.",
        en="There is no such tile: {where} is {seen!r}, wanted {wanted}.",
    )


class CrsError(LayersError):
    """A coordinate reference system that is missing, unknown or not the one wanted."""

    template = Text(
        vi="{where}: hệ toạ độ là {seen}, cần {wanted}.",
        en="{where}: the CRS is {seen}, wanted {wanted}.",
    )


class CoverageTooLargeError(ParkplanError):
    """More cells of a raster than one answer may hold."""

    template = Text(
        vi="{where}: vùng yêu cầu có {seen} ô, tối đa {wanted} ô mỗi lần. Hãy chọn bbox nhỏ hơn.",
        en="{where}: that is {seen} cells, at most {wanted} at once. Choose a smaller bbox.",
    )


class _Diagnosis(Protocol):
    @property
    def choices(self) -> Sequence[object]: ...
    def document(self, language: Language) -> dict[str, object]: ...


class UndecidedCrsError(CrsError):
    """Coordinates whose CRS a person has to choose, or that no CRS places.

    Parameters
    ----------
    diagnosis : diagnosis
        What the coordinates may be.
    seen, wanted, where : object
        As for every error.
    """

    template = Text(
        vi="{where}: hệ toạ độ khai báo: {seen}; cần người dùng chọn {wanted}",
        en="{where}: the stated CRS is {seen}; a choice is wanted: {wanted}",
    )

    def __init__(self, diagnosis: _Diagnosis, *, seen: object, wanted: object, where: str) -> None:
        self.diagnosis = diagnosis
        super().__init__(seen=seen, wanted=wanted, where=where)


class ValueOutOfRangeError(LayersError):
    """An argument outside what its meaning allows."""

    template = Text(vi="{where}: gặp {seen!r}, cần {wanted}.", en="{where}: saw {seen!r}, wanted {wanted}.")


class FilterError(LayersError):
    """A filter that cannot be read, or that asks a layer for what it has not.

    Parameters
    ----------
    seen, wanted : object
        As for every error.
    where : str, optional
        The parameter.
    position : int, optional
        The first character that does not fit, from 1.
    """

    template = Text(
        vi="Bộ lọc ({where}) không hợp lệ: gặp {seen}, cần {wanted}.",
        en="The filter ({where}) is not valid: saw {seen}, wanted {wanted}.",
    )

    def __init__(
        self, *, seen: object, wanted: object = "", where: str = "filter", position: int | None = None
    ) -> None:
        self.position = position
        super().__init__(seen=seen, wanted=wanted, where=where)


class StoreError(LayersError):
    """The database refused or failed."""

    template = Text(vi="Kho dữ liệu {where} báo lỗi: {seen}.", en="The store {where} failed: {seen}.")


class QueryTimeError(StoreError):
    """A question that kept the database busy for longer than it may."""

    template = Text(
        vi="Truy vấn quá lâu nên đã dừng ({seen}). Hãy thu hẹp vùng hoặc điều kiện.",
        en="The query took too long and was stopped ({seen}). Ask for a smaller area, or with other conditions.",
    )


class StoreUnreachableError(StoreError):
    """The database does not answer, or the file is no store."""

    template = Text(
        vi="Không mở được kho dữ liệu {where}: {seen}. Cần {wanted}.",
        en="The store {where} cannot be opened: {seen}. Wanted {wanted}.",
    )


class _Issue(Protocol):
    def message(self, language: Language) -> str: ...


class InvalidFeaturesError(LayersError):
    """Features that break the layer's definition; none of them was written.

    Parameters
    ----------
    layer : str
        The layer's id.
    issues : sequence of issue
        Every issue found, in row order.
    """

    template = Text(
        vi="Lớp {where}: {seen} lỗi, không ghi gì. {wanted}",
        en="Layer {where}: {seen} issues, nothing was written. {wanted}",
    )
    SHOWN: ClassVar[int] = 5

    def __init__(self, layer: str, issues: Sequence[_Issue]) -> None:
        self.issues = tuple(issues)
        first = {
            language: " ".join(issue.message(language) for issue in self.issues[: self.SHOWN])
            for language in ("vi", "en")
        }
        super().__init__(seen=len(self.issues), wanted=Text(vi=first["vi"], en=first["en"]), where=layer)
