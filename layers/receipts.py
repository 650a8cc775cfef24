"""The receipt: what became of a file, told so that a program and a planner can both act on it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import shapely

from layers.crs import Transformation
from layers.encodings import ColumnRepair
from layers.errors import LayersError
from layers.georeference import Diagnosis, Georeferenced
from layers.mapping import Translation
from layers.placing import source_coordinates
from layers.store.model import Changeset
from layers.summaries import PairCount, count_pairs, pair_messages
from layers.types import Language, Text
from layers.validation import RULES, Issue, errors_of, issues_frame

__all__ = ["Receipt", "SourceFile", "State"]

#: "checked": looked at only. "partly_accepted": rows with errors were left out, as the user chose.
State = Literal["checked", "accepted", "partly_accepted", "refused"]
#: Issues of one rule that are told one by one in a message.
_TOLD: Final = 3
_STATES: Final[dict[State, Text]] = {
    "checked": Text(vi="đã kiểm tra", en="checked"),
    "accepted": Text(vi="đã nhận", en="accepted"),
    "partly_accepted": Text(vi="nhận một phần", en="accepted in part"),
    "refused": Text(vi="từ chối", en="refused"),
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file that was received.

    Parameters
    ----------
    path : Path
        Where it lies.
    size : int
        Bytes.
    sha256 : str
        Checksum of its bytes, hexadecimal.
    driver : str
        What read it; empty where nothing could.
    layer : str
        Its layer.
    encoding : str
        Of its text.
    """

    path: Path
    size: int
    sha256: str
    driver: str = ""
    layer: str = ""
    encoding: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of a file.

    Parameters
    ----------
    file : SourceFile
        What was received.
    layer : str or None
        The layer it is for; None where it was looked at for itself.
    state : State
        What became of it.
    time : datetime
        When, UTC.
    read : int
        Features in the file.
    filtered : int
        Features that the mapping's `only` left out.
    written : int
        Features of the layer that are new or changed, or, in mode replace, removed; in a dry run, that would be.
    unchanged : int
        Features that are in the layer just so.
    refused : int
        Features that were left out because of errors, as the user chose.
    issues : tuple of Issue
        Everything found, whole file and columns first, then in row order. Rows count from 0 in the file.
    record : Georeferenced or None
        What was done to coordinates; None for a table of attributes, or where it was not decided.
    diagnosis : Diagnosis or None
        What the coordinates may be, as far as that was asked.
    columns : mapping of str to str
        What each field was taken from.
    left_out, skipped : tuple of str
        Columns nothing was taken from: because nothing fits, and on purpose.
    translations : tuple of Translation
        Values that the mapping turned into others.
    text : tuple of ColumnRepair
        Columns whose text was converted from a legacy encoding, or may have to be.
    notes : tuple of Text
        What else a planner should know.
    kinds : mapping of str to str
        What kind of thing features are that lie at odds with others, by id.
    changeset : Changeset or None
        None if nothing changed.
    dry_run : bool
        Whether nothing was to be written.
    error : LayersError or None
        What refused the file, for those who want to raise it.
    """

    file: SourceFile
    layer: str | None
    state: State
    time: dt.datetime
    read: int = 0
    filtered: int = 0
    written: int = 0
    unchanged: int = 0
    refused: int = 0
    issues: tuple[Issue, ...] = ()
    record: Georeferenced | None = None
    diagnosis: Diagnosis | None = None
    columns: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    translations: tuple[Translation, ...] = ()
    text: tuple[ColumnRepair, ...] = ()
    notes: tuple[Text, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    changeset: Changeset | None = None
    dry_run: bool = False
    error: LayersError | None = None

    @property
    def transformation(self) -> Transformation | None:
        """Return what was done to coordinates.

        Returns
        -------
        Transformation or None
            None for a table of attributes, or where it was not decided.
        """
        return None if self.record is None else self.record.transformation

    @cached_property
    def errors(self) -> tuple[Issue, ...]:
        """Return what keeps features out of the store.

        Returns
        -------
        tuple of Issue
            Those of severity error that were not put right.
        """
        return errors_of(self.issues)

    @cached_property
    def pairs(self) -> tuple[PairCount, ...]:
        """Return how often each rule struck between two features, by their kinds.

        Returns
        -------
        tuple of PairCount
            The most frequent first.
        """
        return count_pairs(self.issues, self.kinds)

    def messages(self, language: Language = "en") -> tuple[str, ...]:
        """Return the receipt for people, as lines.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        tuple of str
            One sentence or more each: counts, coordinates, columns, text, notes, issues.
        """
        said = [self._counts()]
        if self.record is not None:
            said.append(self.record.message())
        if self.columns:
            pairs = "; ".join(f"{field} ← {origin}" for field, origin in self.columns.items())
            said.append(Text(vi=f"Trường ← cột: {pairs}.", en=f"Field ← column: {pairs}."))
        if known := [entry for entry in self.translations if entry.value]:
            values = "; ".join(f"{entry.field}: {entry.seen} → {entry.value} ({entry.features})" for entry in known)
            said.append(Text(vi=f"Giá trị quy đổi: {values}.", en=f"Values translated: {values}."))
        if self.skipped:
            names = ", ".join(self.skipped)
            said.append(Text(vi=f"Cột chủ động bỏ qua: {names}.", en=f"Columns skipped on purpose: {names}."))
        repairs = [column.message(language) for column in self.text]
        lines = (*(text.say(language) for text in said), *repairs, *(text.say(language) for text in self.notes))
        by_kind = (text.say(language) for text in pair_messages(self.pairs)) if self.kinds else ()
        return (*lines, *_told(self.issues, language), *by_kind)

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the receipt as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            With every issue; rows count from 1.
        """
        file = self.file
        return {
            "state": self.state,
            "state_title": _STATES[self.state].say(language),
            "language": language,
            "time": self.time.isoformat(timespec="seconds"),
            "file": {
                "name": file.path.name,
                "size": file.size,
                "sha256": file.sha256,
                "driver": file.driver or None,
                "layer": file.layer or None,
                "encoding": file.encoding or None,
            },
            "layer": self.layer,
            "dry_run": self.dry_run,
            "changeset": None if self.changeset is None else self.changeset.id,
            "counts": {
                "read": self.read,
                "filtered": self.filtered,
                "refused": self.refused,
                "written": self.written,
                "unchanged": self.unchanged,
                "errors": len(self.errors),
                "warnings": sum(issue.severity == "warning" for issue in self.issues),
                "repaired": sum(issue.repair is not None for issue in self.issues),
            },
            "summary": self._counts().say(language),
            "coordinates": self._coordinates(language),
            "diagnosis": None if self.diagnosis is None else self.diagnosis.document(language),
            "columns": dict(self.columns or {}),
            "left_out": list(self.left_out),
            "skipped": list(self.skipped),
            "translations": [entry._asdict() for entry in self.translations],
            "text": [_column(column, language) for column in self.text],
            "notes": [note.say(language) for note in self.notes],
            "rules": _by_rule(self.issues, language),
            "pairs": [pair.document() for pair in self.pairs],
            "issues": self._issues(language),
        }

    def issues_frame(self, language: Language = "en") -> gpd.GeoDataFrame:
        """Return the issues as features, for a map or a file.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        GeoDataFrame
            One row an issue, EPSG:4326; geometry None where an issue has no place.
        """
        return issues_frame(self.issues, language=language)

    def _counts(self) -> Text:
        target = self.layer or self.file.layer
        vi = f"{self.file.path.name} → {target}: đọc {self.read} đối tượng"
        en = f"{self.file.path.name} → {target}: {self.read} features read"
        if self.filtered:
            vi += f", bộ lọc bỏ {self.filtered}"
            en += f", {self.filtered} filtered out"
        if self.refused:
            vi += f", {self.refused} bị loại vì có lỗi"
            en += f", {self.refused} left out because of errors"
        errors = len(self.errors)
        if self.state == "refused":
            return Text(
                vi=f"{vi}; từ chối vì {errors} lỗi, không ghi gì.",
                en=f"{en}; refused because of {errors} errors, nothing was written.",
            )
        if self.state == "checked":
            return Text(vi=f"{vi}, {errors} lỗi.", en=f"{en}, {errors} errors.")
        if self.dry_run:
            vi += f", sẽ ghi {self.written}, {self.unchanged} không đổi (chạy thử, không ghi gì)."
            en += f", {self.written} would be written, {self.unchanged} unchanged (dry run, nothing was written)."
            return Text(vi=vi, en=en)
        return Text(
            vi=f"{vi}, ghi {self.written}, {self.unchanged} không đổi.",
            en=f"{en}, {self.written} written, {self.unchanged} unchanged.",
        )

    def _coordinates(self, language: Language) -> dict[str, Any] | None:
        if self.record is None:
            return None
        done = self.record.transformation
        return {
            "key": self.record.key,
            "source": done.source,
            "target": done.target,
            "operation": done.operation or None,
            "accuracy_m": done.accuracy_m,
            "corrections": list(self.record.corrections),
            "message": self.record.message().say(language),
        }

    def _issues(self, language: Language) -> list[dict[str, Any]]:
        places = _points(self.issues)
        there = np.isfinite(places).all(axis=1)
        stand = np.full_like(places, np.nan)
        if self.record is not None and there.any():
            stand[there] = source_coordinates(places[there], self.record)
        return [
            _issue(issue, self.columns or {}, place, stands, language)
            for issue, place, stands in zip(self.issues, places.tolist(), stand.tolist(), strict=True)
        ]


def _points(issues: Sequence[Issue]) -> Any:
    """Return one point of each issue's place, NaN where there is none."""
    shapes = np.array([issue.place for issue in issues], dtype=object)
    places = np.full((len(issues), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) if len(issues) else np.zeros(0, dtype=bool)
    places[there] = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    return places


def _issue(
    issue: Issue, columns: Mapping[str, str], place: list[float], stands: list[float], language: Language
) -> dict[str, Any]:
    rule = RULES[issue.rule]
    seen, wanted = issue.said(language)
    repair = issue.repair
    return {
        "rule": issue.rule,
        "group": rule.group,
        "severity": issue.severity,
        "fixer": rule.fixer,
        "title": rule.title.say(language),
        "row": None if issue.row is None else issue.row + 1,
        "feature_id": issue.feature_id,
        "field": issue.field,
        "column": None if issue.field is None else columns.get(issue.field),
        "other": issue.other,
        "coordinate": place if np.isfinite(place).all() else None,
        "source_coordinate": stands if np.isfinite(stands).all() else None,
        "seen": seen,
        "wanted": wanted,
        "measured": issue.measured,
        "unit": issue.unit,
        "fix": rule.fix.say(language),
        "repaired": repair is not None,
        "repair": None if repair is None else repair.done.say(language),
        "moved_m2": None if repair is None else repair.moved_m2,
        "message": issue.message(language),
    }


def _by_rule(issues: Sequence[Issue], language: Language) -> list[dict[str, Any]]:
    """Return how often each rule struck, most grave first, in the order of the rules."""
    counts = Counter((issue.rule, issue.severity) for issue in issues)
    mended = Counter((issue.rule, issue.severity) for issue in issues if issue.repair is not None)
    order = {name: number for number, name in enumerate(RULES)}
    return [
        {
            "rule": name,
            "group": RULES[name].group,
            "severity": severity,
            "fixer": RULES[name].fixer,
            "title": RULES[name].title.say(language),
            "fix": RULES[name].fix.say(language),
            "issues": counts[name, severity],
            "repaired": mended[name, severity],
        }
        for name, severity in sorted(counts, key=lambda key: (key[1] != "error", order[key[0]]))
    ]


def _told(issues: Sequence[Issue], language: Language) -> list[str]:
    """Return the first issues of each rule in full, and how many more there are."""
    lines: list[str] = []
    for name, found in _grouped(issues).items():
        lines += [issue.message(language) for issue in found[:_TOLD]]
        if more := len(found) - _TOLD if len(found) > _TOLD else 0:
            title = RULES[name].title
            lines.append(
                Text(vi=f"… và {more} chỗ khác: {title.vi}.", en=f"… and {more} more: {title.en}.").say(language)
            )
    return lines


def _grouped(issues: Sequence[Issue]) -> dict[str, list[Issue]]:
    groups: dict[str, list[Issue]] = {}
    for issue in issues:
        groups.setdefault(issue.rule, []).append(issue)
    return groups


def _column(column: ColumnRepair, language: Language) -> dict[str, Any]:
    return {
        "column": column.column,
        "state": column.state,
        "encoding": column.encoding,
        "confidence": column.candidates[0].confidence if column.candidates else None,
        "choices": [
            {"encoding": one.encoding, "confidence": one.confidence, "why": one.why.say(language)}
            for one in column.candidates
        ],
        "rows": column.rows,
        "lost": len(column.lost),
        "damaged": column.damaged,
        "reversible": column.reversible,
        "message": column.message(language),
    }
