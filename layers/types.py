"""The words every module shares: languages, bilingual text, bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["LANGUAGES", "Bounds", "Language", "Text"]

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

#: (minx, miny, maxx, maxy) in the units of the CRS that is named beside it.
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages of the house.

    Parameters
    ----------
    vi : str
        Vietnamese.
    en : str
        English.

    Examples
    --------
    >>> Text(vi="Đường", en="Roads").say("vi")
    'Đường'
    """

    vi: str
    en: str

    def say(self, language: Language) -> str:
        """Return the text in one language.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            The text.
        """
        return self.vi if language == "vi" else self.en
