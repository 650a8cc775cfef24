"""Addresses below that of a feature: which of them are parts of it, and which are other features that are called so.

The id of a feature may have any sign in it. In an address its signs are escaped, so `a%2Fhistory` is a feature and
`a/history` what happened to the feature `a`. What a server decodes first is the same for both; so the address counts as
it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import Match

from api.browsing.route import Browsable

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["PartRoute", "asks_for_part"]

#: What a feature has below its address.
_PARTS: Final = (b"/history", b"/blame")


def asks_for_part(scope: Scope) -> bool:
    """Return whether a request is for a part of a feature, and not for a feature.

    Parameters
    ----------
    scope : dict
        As ASGI has it.

    Returns
    -------
    bool
        By the address as it was sent.
    """
    sent: bytes = scope.get("raw_path") or scope["path"].encode()
    return sent.partition(b"?")[0].endswith(_PARTS)


class PartRoute(Browsable):
    """A route for a part of a feature, which leaves features to the others that are called like one."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the route answers a request.

        Parameters
        ----------
        scope : dict
            As ASGI has it.

        Returns
        -------
        (Match, dict)
            As Starlette has it.
        """
        match, child = super().matches(scope)
        return (match, child) if match == Match.NONE or asks_for_part(scope) else (Match.NONE, {})
