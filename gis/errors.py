"""What can go wrong in an analysis, each cause by name and in both languages."""

from __future__ import annotations

from layers.errors import ParkplanError
from layers.types import Text

__all__ = ["GisError", "OverlayError", "RuleError", "RuleReferenceError"]


class GisError(ParkplanError):
    """Base of what `gis` raises."""


class OverlayError(GisError):
    """Geometries that cannot be measured or overlaid as they are."""

    template = Text(
        vi="Không chồng xếp được {where}: gặp {seen}, cần {wanted}.",
        en="{where} cannot be overlaid: saw {seen}, wanted {wanted}.",
    )


class RuleError(GisError):
    """A rule that does not say clearly what to check."""

    template = Text(
        vi="Quy tắc {where} không dùng được: gặp {seen}, cần {wanted}.",
        en="The rule {where} cannot be used: saw {seen}, wanted {wanted}.",
    )


class RuleReferenceError(RuleError):
    """A rule that names a layer or a field that is not there, or not seen."""
