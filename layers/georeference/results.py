"""What a diagnosis says: hypotheses with their evidence, and a verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Literal

from layers.georeference.areas import ZoneFit
from layers.georeference.declared import Agreement, Declared
from layers.georeference.known import KnownFit
from layers.georeference.readings import Correction, Reading, face_value
from layers.georeference.target import TargetArea
from layers.georeference.weights import OPEN_NATS
from layers.types import Bounds, Language, Text

__all__ = ["MEETS", "OFFERED", "Diagnosis", "Evidence", "Hypothesis", "Kind", "Verdict"]

Kind = Literal["projected", "geographic", "web_mercator", "local", "pixel"]
Verdict = Literal["clear", "several", "none"]

#: Data meet the target if at least this share lies inside or near it.
MEETS: Final = 0.01
#: A choice is offered down to this score.
OFFERED: Final = 0.001


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against a reading.

    Parameters
    ----------
    inside, near, country : float
        Shares of the places that lie in the target area, within half a degree of it, and elsewhere in Vietnam.
    declaration : Agreement or None
        How the reading agrees with the .prj; None without one.
    known : KnownFit or None
        How it fits known features; None if there are none or the reading leads elsewhere.
    zone : ZoneFit or None
        The projection in which declared areas agree best; None without declared areas.
    own_ratio : float or None
        Median of the area of the coordinates as they stand to the declared area.
    nats : float
        Weight of the evidence without the .prj, natural logarithm.
    """

    inside: float = 0.0
    near: float = 0.0
    country: float = 0.0
    declaration: Agreement | None = None
    known: KnownFit | None = None
    zone: ZoneFit | None = None
    own_ratio: float | None = None
    nats: float = 0.0


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation of the coordinates.

    Parameters
    ----------
    kind : Kind
        What the numbers are.
    reading : Reading or None
        How to read them; None for local and pixel coordinates, which no CRS places.
    corrections : tuple of Correction
        What the reading puts right.
    title, reason : Text
        What it is, and why it may be so.
    score : float
        Share of all weight, 0 to 1.
    evidence : Evidence
        What speaks for and against it.
    offset_m : float or None
        How far from each other this reading and the first one put the data, metres (median).
    mistake_m : float or None
        How far off the data would be if the mistake that is supposed were overlooked; 0 without a mistake, None where
        it would lead nowhere.
    bounds : Bounds or None
        Extent of the sampled places on WGS 84.
    """

    kind: Kind
    reading: Reading | None
    corrections: tuple[Correction, ...]
    title: Text
    reason: Text
    score: float
    evidence: Evidence
    offset_m: float | None = None
    mistake_m: float | None = None
    bounds: Bounds | None = None

    @property
    def key(self) -> str:
        """Return the name by which a person chooses this hypothesis.

        Returns
        -------
        str
            Such as ``EPSG:5897+exchange_axes``; ``local`` and ``pixel`` cannot be chosen.
        """
        return self.kind if self.reading is None else self.reading.key

    @property
    def crs(self) -> str:
        """Return the EPSG code of the CRS that is read.

        Returns
        -------
        str
            Of the zone meant, where a mistake has made it a grid without a code; empty for none.
        """
        return "" if self.reading is None else face_value(self.reading).frame.code

    @property
    def meets_target(self) -> bool:
        """Whether some of the data come to lie in or near the target area.

        Returns
        -------
        bool
            False for local coordinates.
        """
        return self.evidence.inside + self.evidence.near >= MEETS

    def document(self, language: Language) -> dict[str, Any]:
        """Return the hypothesis for a receipt or an answer.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            Plain values, ready for JSON; distances in metres, bounds in degrees on WGS 84.
        """
        evidence = self.evidence
        zone = evidence.zone
        return {
            "key": self.key,
            "kind": self.kind,
            "crs": self.crs or None,
            "corrections": list(self.corrections),
            "title": self.title.say(language),
            "reason": self.reason.say(language),
            "score": round(self.score, 6),
            "offset_m": self.offset_m,
            "mistake_m": self.mistake_m,
            "bounds": None if self.bounds is None else list(self.bounds),
            "evidence": {
                "inside": evidence.inside,
                "near": evidence.near,
                "declaration": evidence.declaration,
                "known": None if evidence.known is None else dataclasses.asdict(evidence.known),
                "zone": None
                if zone is None
                else {"frame": zone.frame.key, "ratio": zone.ratio, "spread": zone.spread, "agrees": zone.agrees},
            },
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the coordinates may be.

    Parameters
    ----------
    verdict : Verdict
        ``"clear"``: one winner that may be used. ``"several"``: a person has to choose. ``"none"``: no reading leads to
        the target area.
    hypotheses : tuple of Hypothesis
        Likeliest first.
    declared : Declared or None
        What the file says.
    target : TargetArea
        Where the data were looked for.
    points : int
        Points looked at.
    message : Text
        The verdict in words, with what the evidence cannot tell apart.
    """

    verdict: Verdict
    hypotheses: tuple[Hypothesis, ...]
    declared: Declared | None
    target: TargetArea
    points: int
    message: Text

    @property
    def best(self) -> Hypothesis | None:
        """Return the likeliest hypothesis, whatever the verdict.

        Returns
        -------
        Hypothesis or None
            None for data without coordinates.
        """
        return self.hypotheses[0] if self.hypotheses else None

    @property
    def chosen(self) -> Hypothesis | None:
        """Return the one that may be used without asking.

        Returns
        -------
        Hypothesis or None
            None unless the verdict is clear.
        """
        return self.best if self.verdict == "clear" else None

    @property
    def choices(self) -> tuple[Hypothesis, ...]:
        """Return what a person can choose from.

        Returns
        -------
        tuple of Hypothesis
            Readings that meet the target area, down to a score of 0.001.
        """
        return tuple(one for one in self.hypotheses if one.meets_target and one.score >= OFFERED)

    @property
    def undecided(self) -> tuple[Hypothesis, ...]:
        """Return what the evidence cannot tell from the best: prior weight and the .prj alone speak against it.

        Returns
        -------
        tuple of Hypothesis
            Likeliest first, each with its distance from the best in `offset_m`; the best itself is left out.
        """
        if self.best is None or not self.best.meets_target:
            return ()
        least = self.best.evidence.nats - OPEN_NATS
        return tuple(one for one in self.hypotheses[1:] if one.meets_target and one.evidence.nats >= least)

    def document(self, language: Language) -> dict[str, Any]:
        """Return the diagnosis for a receipt or an answer.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            Plain values, ready for JSON: the verdict and every hypothesis that can be chosen, or the best one.
        """
        shown = self.choices or self.hypotheses[:1]
        return {
            "verdict": self.verdict,
            "message": self.message.say(language),
            "declared": None if self.declared is None else self.declared.label,
            "area": self.target.name.say(language),
            "points": self.points,
            "undecided": [one.key for one in self.undecided],
            "hypotheses": [one.document(language) for one in shown],
        }
