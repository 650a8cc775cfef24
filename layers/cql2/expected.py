"""What the reader of CQL2 text expected, in words: the library names the rules of its grammar."""

from __future__ import annotations

import re
from typing import Final

from layers.types import Text

__all__ = ["expectations"]

_RULES: Final = re.compile(r"expected (.+)", re.DOTALL)

#: Words for sets of rules; a set is named when one of its rules was expected.
_WORDS: Final[tuple[tuple[frozenset[str], Text], ...]] = (
    (frozenset({"Expr", "Identifier"}), Text(vi="tên trường hoặc hàm", en="the name of a field or function")),
    (frozenset({"Expr", "SingleQuotedString"}), Text(vi="văn bản trong dấu '…'", en="a text in '…'")),
    (frozenset({"Expr", "DECIMAL", "Double", "Unsigned"}), Text(vi="số", en="a number")),
    (frozenset({"ExpressionInParentheses"}), Text(vi="biểu thức trong ngoặc", en="an expression in parentheses")),
    (frozenset({"GEOMETRY"}), Text(vi="hình học như POINT(105.8 21.0)", en="a geometry such as POINT(105.8 21.0)")),
    (
        frozenset({"Eq", "Gt", "GtEq", "Lt", "LtEq", "NotEq", "NotFlag", "IsNullPostfix"}),
        Text(vi="=, <>, <, >, LIKE, BETWEEN, IN hoặc IS NULL", en="=, <>, <, >, LIKE, BETWEEN, IN or IS NULL"),
    ),
    (frozenset({"And", "Or"}), Text(vi="AND hoặc OR", en="AND or OR")),
    (frozenset({"Add", "Subtract", "Multiply", "Divide"}), Text(vi="phép tính", en="an arithmetic operator")),
    (frozenset({"EOI"}), Text(vi="hết bộ lọc", en="the end of the filter")),
)
_OTHER: Final = Text(
    vi="một biểu thức CQL2 đóng đủ ngoặc và dấu '", en="a CQL2 expression with all parentheses and quotes closed"
)


def expectations(message: str) -> Text:
    """Return what was expected.

    Parameters
    ----------
    message : str
        As the library puts it.

    Returns
    -------
    Text
        In words.

    Examples
    --------
    >>> expectations("= expected And, or Or").en
    'AND or OR'
    """
    found = _RULES.search(message)
    named = set(re.findall(r"\w+", found[1])) - {"or"} if found else set()
    known = [words for rules, words in _WORDS if rules & named]
    if not known:
        return _OTHER
    return Text(vi=" / ".join(words.vi for words in known), en=" / ".join(words.en for words in known))
