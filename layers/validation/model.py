"""What a rule finds: one issue, with its exact place, what was put right and by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.geometry.base import BaseGeometry

from layers.definitions import STORE_CRS
from layers.types import Language, Text
from layers.validation.rules import RULES, Severity

__all__ = ["Found", "Issue", "Mask", "Repair", "Rows", "errors_of", "issues_frame", "shown"]

Mask = npt.NDArray[np.bool_]

#: Longest part of a value that a message shows.
SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Repair:
    """What was put right in a feature, without guessing.

    Parameters
    ----------
    done : Text
        What was done.
    moved_m2 : float
        Area between the geometry before and after, square metres.
    """

    done: Text
    moved_m2: float = 0.0


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with one feature, or with a whole column, layer or file.

    Parameters
    ----------
    rule : str
        A key of `RULES`.
    layer : str
        The layer's id, or the name of the file's layer.
    row : int or None
        Position of the feature in the frame, from 0 (a message counts from 1); None for the whole frame.
    feature_id : str or None
        The feature's id, as far as it has one.
    field : str or None
        The field; None where the rule is about the feature.
    seen : object
        The value met; a `Text` is said in the reader's language.
    wanted : Text or str
        What would have been right.
    severity : {"error", "warning"}
        An error keeps features out of the store.
    other : str or None
        The other feature, where two are at odds.
    place : geometry or None
        Where exactly, EPSG:4326: the overlap, the gap, the vertex; None where there is no place.
    measured : float or None
        How much, in `unit`: the area of an overlap, the distance of a loose end.
    unit : str or None
        Unit of `measured`: m2, m, ha or %.
    repair : Repair or None
        What was done about it; None if it stands as it was.
    """

    rule: str
    layer: str
    row: int | None
    feature_id: str | None
    field: str | None
    seen: object
    wanted: Text | str
    severity: Severity = "error"
    other: str | None = None
    place: BaseGeometry | None = None
    measured: float | None = None
    unit: str | None = None
    repair: Repair | None = None

    def where(self, language: Language = "en") -> str:
        """Return the place in words.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            Layer, row, feature and field, as far as known.
        """
        row, feature, field = ("dòng", "đối tượng", "trường") if language == "vi" else ("row", "feature", "field")
        place = [self.layer]
        if self.row is not None:
            place.append(f"{row} {self.row + 1}")
        if self.feature_id is not None:
            place.append(f"{feature} {shown(self.feature_id)}")
        if self.field is not None:
            place.append(f"{field} {self.field}")
        return ", ".join(place)

    def said(self, language: Language = "en") -> tuple[str, str]:
        """Return what was seen and what was wanted.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        seen, wanted : str
            Plain text; long values are cut.
        """
        seen = self.seen.say(language) if isinstance(self.seen, Text) else shown(self.seen)
        wanted = self.wanted.say(language) if isinstance(self.wanted, Text) else self.wanted
        return seen, wanted

    def message(self, language: Language = "en") -> str:
        """Return the issue as one sentence.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            Place, what is wrong, what was seen and what was wanted, and what was done about it.
        """
        seen, wanted = self.said(language)
        verbs = ("gặp", "cần") if language == "vi" else ("saw", "wanted")
        said = (
            f"{self.where(language)}: {RULES[self.rule].title.say(language)}; {verbs[0]} {seen}, {verbs[1]} {wanted}."
        )
        if self.repair is None:
            return said
        done, moved = self.repair.done.say(language), self.repair.moved_m2
        mended = (
            f"Đã sửa: {done} (đổi {moved:.2f} m²)." if language == "vi" else f"Mended: {done} ({moved:.2f} m² moved)."
        )
        return f"{said} {mended}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found, and what it could not look at.

    Parameters
    ----------
    issues : tuple of Issue
        What is wrong.
    unchecked : tuple of Text
        What was not checked, and why: one sentence each. Silence would read as praise.
    """

    issues: tuple[Issue, ...] = ()
    unchecked: tuple[Text, ...] = ()


def errors_of(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Return the issues that keep features out of the store.

    Parameters
    ----------
    issues : sequence of Issue
        What was found.

    Returns
    -------
    tuple of Issue
        Those of severity error that were not put right, in the same order.
    """
    return tuple(issue for issue in issues if issue.severity == "error" and issue.repair is None)


def issues_frame(issues: Sequence[Issue], *, language: Language = "en") -> gpd.GeoDataFrame:
    """Return issues as features, for a map or a file.

    Parameters
    ----------
    issues : sequence of Issue
        What was found.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    GeoDataFrame
        One row an issue, EPSG:4326, geometry None where an issue has no place.
    """
    said = [issue.said(language) for issue in issues]
    columns: dict[str, Any] = {
        "rule": [issue.rule for issue in issues],
        "severity": [issue.severity for issue in issues],
        "fixer": [RULES[issue.rule].fixer for issue in issues],
        "layer": [issue.layer for issue in issues],
        "row": pd.array([None if issue.row is None else issue.row + 1 for issue in issues], dtype="Int64"),
        "feature_id": [issue.feature_id for issue in issues],
        "field": [issue.field for issue in issues],
        "other": [issue.other for issue in issues],
        "title": [RULES[issue.rule].title.say(language) for issue in issues],
        "seen": [seen for seen, _ in said],
        "wanted": [wanted for _, wanted in said],
        "fix": [RULES[issue.rule].fix.say(language) for issue in issues],
        "measured": pd.array([issue.measured for issue in issues], dtype="Float64"),
        "unit": [issue.unit for issue in issues],
        "repaired": [issue.repair is not None for issue in issues],
        "moved_m2": pd.array(
            [None if issue.repair is None else issue.repair.moved_m2 for issue in issues], dtype="Float64"
        ),
    }
    for name in (
        "rule",
        "severity",
        "fixer",
        "layer",
        "feature_id",
        "field",
        "other",
        "title",
        "seen",
        "wanted",
        "fix",
        "unit",
    ):
        columns[name] = pd.array(columns[name], dtype="str")
    places = gpd.GeoSeries([issue.place for issue in issues], crs=STORE_CRS)
    return gpd.GeoDataFrame(columns, geometry=places)


def shown(value: object) -> str:
    """Write a value into a message.

    Parameters
    ----------
    value : object
        Any.

    Returns
    -------
    str
        As Python writes it; long ones are cut.
    """
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


class Rows:
    """Makes one issue per marked row of a frame.

    Parameters
    ----------
    layer : str
        The layer's id, or the name of the file's layer.
    index : Index
        Ids of the features.
    """

    def __init__(self, layer: str, index: pd.Index) -> None:
        self._layer = layer
        self._ids = index

    def name(self, row: int) -> str | None:
        """Return the id of a feature.

        Parameters
        ----------
        row : int
            Its position.

        Returns
        -------
        str or None
            None where it has no id of text.
        """
        name = self._ids[row]
        return name if isinstance(name, str) else None

    def issues(
        self,
        marked: Mask,
        rule: str,
        *,
        seen: Callable[[int], object],
        wanted: Text | str,
        field: str | None = None,
        severity: Severity | None = None,
        place: Callable[[int], BaseGeometry | None] | None = None,
        measured: Callable[[int], float] | None = None,
        unit: str | None = None,
    ) -> Iterator[Issue]:
        """Yield an issue for each marked row.

        Parameters
        ----------
        marked : ndarray of bool, shape (rows,)
            Where the rule strikes.
        rule : str
            A key of `RULES`.
        seen : callable
            Position to the value met.
        wanted : Text or str
            What would have been right.
        field : str, optional
            The field.
        severity : {"error", "warning"}, optional
            That of the rule without it.
        place, measured : callable, optional
            Position to the exact place (EPSG:4326), and to how much, in `unit`.
        unit : str, optional
            One of m2, m, ha, %.

        Yields
        ------
        Issue
            In row order.
        """
        # The one loop over rows: an issue is a text for a person, and only marked rows have one.
        for row in np.flatnonzero(marked).tolist():
            yield Issue(
                rule,
                self._layer,
                row,
                self.name(row),
                field,
                seen(row),
                wanted,
                RULES[rule].severity if severity is None else severity,
                place=None if place is None else place(row),
                measured=None if measured is None else measured(row),
                unit=unit,
            )
