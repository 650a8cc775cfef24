"""How the outcome of a check looks: a colour, a shape and a mark, so that none has to be told by colour alone.

The colours keep their order of lightness and differ under the three common kinds of colour blindness; each has a
contrast of at least 4.5 with white paper and carries white marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gis.review.model import OUTCOME_TITLES, Outcome
from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = ["OUTCOME_SIGNS", "OutcomeSign", "outcome_sign"]


@dataclass(frozen=True, slots=True)
class OutcomeSign:
    """The sign of one outcome, on the map and in every table.

    Attributes
    ----------
    outcome : {"fail", "warning", "no_data", "not_checked", "pass"}
        Its code in the findings.
    title, meaning : Text
        Its name, and what it says about the feature.
    color : str
        ``#rrggbb``.
    shape, mark : str
        SVG path data in a 24 by 24 view box: the filled shape, and the mark stroked in white upon it.
    """

    outcome: Outcome
    title: Text
    meaning: Text
    color: str
    shape: str
    mark: str


def _title(outcome: Outcome) -> Text:
    """Return the name of an outcome as the beginning of a line."""
    title = OUTCOME_TITLES[outcome]
    return Text(vi=title.vi.capitalize(), en=title.en.capitalize())


#: In the order they are told in: what was concluded, the gravest first, then what was not.
OUTCOME_SIGNS: Final[tuple[OutcomeSign, ...]] = (
    OutcomeSign(
        "fail",
        _title("fail"),
        Text(vi="Trái với ngưỡng của quy định", en="Breaks the threshold of the rule"),
        "#b3341b",
        "M4 2h16a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2Z",
        "M8 8l8 8M16 8l-8 8",
    ),
    OutcomeSign(
        "warning",
        _title("warning"),
        Text(vi="Cần người lập quy hoạch xem lại", en="A planner should look at it"),
        "#8a5a00",
        "M12 1.5 23 21a1 1 0 0 1-.9 1.5H1.9A1 1 0 0 1 1 21Z",
        "M12 9v6M12 18.4v.2",
    ),
    OutcomeSign(
        "pass",
        _title("pass"),
        Text(vi="Đáp ứng ngưỡng của quy định", en="Meets the threshold of the rule"),
        "#007a5a",
        "M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21Z",
        "M7 12.5l3.5 3.5L17 9",
    ),
    OutcomeSign(
        "no_data",
        _title("no_data"),
        Text(
            vi="Lớp dữ liệu cần so sánh chưa phủ tới nơi này, nên không kết luận được",
            en="The layer to compare with does not cover the place, so nothing can be concluded",
        ),
        "#6a5d8c",
        "M7 2h10l5 10-5 10H7L2 12Z",
        "M9 9.6a3 3 0 1 1 4.2 2.7c-.9.4-1.2.9-1.2 1.9M12 17.6v.2",
    ),
    OutcomeSign(
        "not_checked",
        _title("not_checked"),
        Text(
            vi="Có quy định nhưng chưa kiểm tra được; lý do ghi ở từng kết quả",
            en="There is a rule but it could not be checked; each finding says why",
        ),
        "#55606e",
        "M12 1 23 12 12 23 1 12Z",
        "M8.5 12h7",
    ),
)
_BY_OUTCOME: Final[dict[str, OutcomeSign]] = {sign.outcome: sign for sign in OUTCOME_SIGNS}


def outcome_sign(outcome: str) -> OutcomeSign:
    """Return the sign of an outcome.

    Parameters
    ----------
    outcome : str
        One of ``fail``, ``warning``, ``not_checked``, ``no_data``, ``pass``.

    Returns
    -------
    OutcomeSign
        Its title, meaning, colour and shape.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such outcome.

    Examples
    --------
    >>> outcome_sign("fail").title.say("vi")
    'Không đạt'
    """
    try:
        return _BY_OUTCOME[outcome]
    except KeyError as error:
        raise ValueOutOfRangeError(seen=outcome, wanted=", ".join(_BY_OUTCOME), where="outcome") from error
