"""The pattern of LIKE, taken apart: ``%`` is any text, ``_`` one sign, a backslash takes the next sign as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

__all__ = ["Wildcard", "glob", "pattern_parts", "pattern_text"]


class Wildcard(Enum):
    """What stands for other text."""

    ANY = "%"
    ONE = "_"


Part = str | Wildcard


def pattern_parts(pattern: str) -> tuple[Part, ...]:
    r"""Take a pattern apart.

    Parameters
    ----------
    pattern : str
        As CQL2 has it; a backslash at its end stands for itself.

    Returns
    -------
    tuple of str or Wildcard
        Runs of plain text, and wildcards.

    Examples
    --------
    >>> pattern_parts(r"100\% _")
    ('100% ', <Wildcard.ONE: '_'>)
    """
    parts: list[Part] = []
    signs = iter(pattern)
    for sign in signs:
        if sign in ("%", "_"):
            parts.append(Wildcard(sign))
            continue
        plain = next(signs, "\\") if sign == "\\" else sign
        last = parts.pop() if parts and isinstance(parts[-1], str) else ""
        parts.append(f"{last}{plain}")
    return tuple(parts)


def _written(parts: Iterable[Part], plain: Callable[[str], str], any_: str, one: str) -> str:
    return "".join(plain(part) if isinstance(part, str) else any_ if part is Wildcard.ANY else one for part in parts)


def pattern_text(parts: Iterable[Part]) -> str:
    """Put a pattern together again, with a backslash only where it is needed; the same for PostgreSQL's LIKE.

    Parameters
    ----------
    parts : iterable of str or Wildcard
        Of `pattern_parts`.

    Returns
    -------
    str
        A pattern of CQL2.
    """
    return _written(parts, _escaped, "%", "_")


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\%_" else sign for sign in text)


def glob(parts: Iterable[Part]) -> str:
    """Return a pattern as SQLite's GLOB has it, which minds case where its LIKE does not.

    Parameters
    ----------
    parts : iterable of str or Wildcard
        Of `pattern_parts`.

    Returns
    -------
    str
        A pattern of GLOB.

    Examples
    --------
    >>> glob(pattern_parts("a*_b%"))
    'a[*]?b*'
    """
    return _written(parts, lambda text: "".join(f"[{s}]" if s in "*?[" else s for s in text), "*", "?")
