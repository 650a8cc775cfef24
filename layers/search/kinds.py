"""Kinds that names begin with: ``KCN``, ``khu công nghiệp``, ``xã``, which people leave out or write in another way."""

from __future__ import annotations

from typing import Final

__all__ = ["without_kind", "writings"]

#: Search keys of kinds; those in one line say the same.
_KINDS: Final = (
    ("kcn", "khu cong nghiep"),
    ("ccn", "cum cong nghiep"),
    ("kcnc", "khu cong nghe cao"),
    ("kcx", "khu che xuat"),
    ("tp", "thanh pho"),
    ("tt", "thi tran"),
    ("tx", "thi xa"),
    ("xa",),
    ("phuong",),
    ("quan",),
    ("huyen",),
    ("tinh",),
    ("ql", "quoc lo"),
    ("tl", "tinh lo"),
    ("duong",),
    ("pho",),
    ("song",),
    ("lo", "lo dat", "o dat"),
    ("cong ty tnhh", "cty tnhh", "cong ty trach nhiem huu han"),
    ("ctcp", "cong ty cp", "cty cp", "cong ty co phan"),
)
_BY_FIRST_WORD: Final[dict[str, list[tuple[str, tuple[str, ...]]]]] = {}
for _same in _KINDS:
    for _kind in _same:
        # The longest first: "thi xa" before "thi".
        _BY_FIRST_WORD.setdefault(_kind.partition(" ")[0], []).append((f"{_kind} ", _same))
for _entries in _BY_FIRST_WORD.values():
    _entries.sort(key=lambda entry: -len(entry[0]))


def _parted(key: str) -> tuple[str, tuple[str, ...], str] | None:
    """Return kind, all that say the same, and the rest of a key; None where it begins with no kind, or is no more."""
    for kind, same in _BY_FIRST_WORD.get(key.partition(" ")[0], ()):
        if key.startswith(kind):
            return kind, same, key[len(kind) :]
    return None


def without_kind(key: str) -> str:
    """Return a name without the kind that it begins with.

    Parameters
    ----------
    key : str
        Search key.

    Returns
    -------
    str
        The rest; all of it where it begins with no kind.

    Examples
    --------
    >>> without_kind("khu cong nghiep phu nghia"), without_kind("phu nghia")
    ('phu nghia', 'phu nghia')
    """
    parted = _parted(key)
    return key if parted is None else parted[2]


def writings(key: str) -> list[str]:
    """Return the other ways in which a name is written.

    Parameters
    ----------
    key : str
        Search key of the name.

    Returns
    -------
    list of str
        Without its kind, and with the kind in other words; none where it begins with no kind.

    Examples
    --------
    >>> writings("kcn phu nghia")
    ['phu nghia', 'khu cong nghiep phu nghia']
    """
    parted = _parted(key)
    if parted is None:
        return []
    kind, same, rest = parted
    return [rest, *(f"{other} {rest}" for other in same if f"{other} " != kind)]
