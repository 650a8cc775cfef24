"""An index of names: the search keys of all values of a layer in one text, looked through by the machine's own search.

A few megabytes are looked through in a millisecond or two: that needs no list of words, no tree, and no memory beyond
the names.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from layers.search.kinds import writings
from layers.text import search_keys_of_lines

__all__ = ["Match", "NameIndex", "name_index"]

#: Hits of one word that are looked at in one search; a word that stands in more names tells nothing.
_LOOKED_AT: Final = 2_000


class Match(NamedTuple):
    """A feature that was found.

    Attributes
    ----------
    rank : int
        0 for a value that is just this, 1 for one that begins with it, 2 for one that has it in it, 3 where all words
        stand somewhere in the values.
    length : int
        Of the value, letters: the shorter, the closer.
    feature_id : str
        The feature.
    """

    rank: int
    length: int
    feature_id: str


@dataclass(frozen=True, eq=False)
class NameIndex:
    """Names of the features of a layer.

    Attributes
    ----------
    ids : sequence of str
        Feature ids.
    values : _Lines
        Each value by itself.
    joined : _Lines
        All values of a feature together.
    """

    ids: Sequence[str]
    values: _Lines
    joined: _Lines

    def find(self, key: str, *, limit: int) -> list[Match]:
        """Return the features that are called so.

        Parameters
        ----------
        key : str
            Search key of what was typed; its words are beginnings of words.
        limit : int
            Features at most.

        Returns
        -------
        list of Match
            The closest first.

        Examples
        --------
        >>> index = name_index(["a", "b"], [["Phú Nghĩa"], ["Nghĩa Phú"]])
        >>> [(match.feature_id, match.rank) for match in index.find("phu nghia", limit=9)]
        [('a', 0), ('b', 3)]
        """
        words = key.split()
        found: dict[int, Match] = {}
        if not words:
            return []
        for rank, hits in enumerate(
            (
                self.values.having(f"\n {key}\n"),
                self.values.having(f"\n {key}"),
                self.values.having(f" {key}"),
                self.joined.having_all(words),
            )
        ):
            for owner, length in hits:
                known = found.get(owner)
                if known is None or (known.rank == rank and length < known.length):
                    found[owner] = Match(rank, length, self.ids[owner])
            if len(found) >= limit:
                break
        return sorted(found.values())[:limit]


@dataclass(frozen=True, eq=False)
class _Lines:
    """Texts one below the other, and whose each is; every one begins with a space, so that words do."""

    text: str
    starts: array[int] = field(repr=False)
    owners: array[int] = field(repr=False)

    def having(self, part: str) -> Iterator[tuple[int, int]]:
        """Give owner and length of the lines that have a part, each once."""
        place, text = self.text.find(part), self.text
        looked_at = 0
        while place >= 0 and looked_at < _LOOKED_AT:
            line = bisect_right(self.starts, place) - 1
            end = text.index("\n", place + len(part) - (1 if part.endswith("\n") else 0))
            yield self.owners[line], end - self.starts[line] - 2
            looked_at += 1
            place = text.find(part, end)

    def having_all(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Give owner and length of the lines in which each word begins a word."""
        rarest, *others = sorted((f" {word}" for word in words), key=len, reverse=True)
        place, text = self.text.find(rarest), self.text
        looked_at = 0
        while place >= 0 and looked_at < _LOOKED_AT:
            line = bisect_right(self.starts, place) - 1
            start, end = self.starts[line], text.index("\n", place)
            if all(text.find(word, start, end) >= 0 for word in others):
                yield self.owners[line], end - start - 2
            looked_at += 1
            place = text.find(rarest, end)


def name_index(
    ids: Sequence[str], names: Sequence[Sequence[str | None]], places: Sequence[Sequence[str | None]] = ()
) -> NameIndex:
    """Make the index of a layer.

    Parameters
    ----------
    ids : sequence of str
        Feature ids.
    names : sequence of sequence of str or None
        What each feature is called, in any number of ways; a name is also known without the kind that it begins with.
    places : sequence of sequence of str or None, optional
        What each feature lies in: it is found by it too, but after all that are called so.

    Returns
    -------
    NameIndex
        Of those that are called anything.
    """
    single: list[tuple[int, str]] = []
    whole: dict[int, list[str]] = {}
    for owner, key in _keys(names):
        known = whole.setdefault(owner, [])
        if key in known:
            continue
        known.append(key)
        single.append((owner, key))
        single += [(owner, other) for other in writings(key)]
    for owner, key in _keys(places):
        whole.setdefault(owner, []).append(key)
    return NameIndex(ids, _lines(single), _lines([(owner, " ".join(parts)) for owner, parts in whole.items()]))


def _keys(values: Sequence[Sequence[str | None]]) -> Iterator[tuple[int, str]]:
    """Give the search key of each value that has one, with its feature's place, all worked out at once."""
    flat = [(owner, value) for owner, entry in enumerate(values) for value in entry if value]
    keys = search_keys_of_lines("\n".join([value.replace("\n", " ") for _, value in flat])).split("\n")
    return ((owner, key) for (owner, _), key in zip(flat, keys, strict=bool(flat)) if key)


def _lines(entries: Sequence[tuple[int, str]]) -> _Lines:
    lengths = np.fromiter((len(key) + 2 for _, key in entries), dtype="q", count=len(entries))
    starts = array("q", (np.cumsum(lengths) - lengths).tobytes())
    return _Lines(
        "".join([f"\n {key}" for _, key in entries]) + "\n", starts, array("q", [owner for owner, _ in entries])
    )
