"""What a rule tells its check: the `params` of the layer `rules`, parsed and held to their vocabulary."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from gis.errors import RuleError
from layers.declared import first_mistake, refuse
from layers.types import LANGUAGES, Text

__all__ = ["Band", "CheckParams", "Duty", "Selection", "parse_params"]

Scalar = str | int | float | bool
Where = dict[str, tuple[Scalar, ...]]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _listed(where: object) -> object:
    """Let one value stand for a list of one."""
    if not isinstance(where, dict):
        return where
    return {name: value if isinstance(value, list | tuple) else (value,) for name, value in where.items()}


class Selection(_Strict):
    """Features of one layer that have the wanted values.

    Parameters
    ----------
    layer : str
        The layer's id.
    where : dict of str to tuple, default: {}
        Wanted values by field; one value may stand for a list of one.
    """

    layer: str
    where: Where = {}

    _where = field_validator("where", mode="before")(_listed)


class Band(_Strict):
    """Values of a field from `min`, inclusive, to `max`, exclusive.

    Parameters
    ----------
    field : str
        A field of numbers.
    min, max : float, optional
        The ends, in the unit of the field; one that is left out is open.
    """

    field: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is not None and self.max is not None and not self.min < self.max:
            raise refuse(f"min {self.min}, max {self.max}", Text(vi="min nhỏ hơn max", en="min below max"))
        return self


class Duty(_Strict):
    """What shows that a duty is met: a field that keeps a limit.

    Parameters
    ----------
    field : str
        A field of numbers of the subject.
    comparator : {">=", "<=", ">", "<", "="}, default: ">="
        How it is compared.
    value : float, default: 1.0
        With what, in the unit of the field.
    """

    field: str
    comparator: Literal[">=", "<=", ">", "<", "="] = ">="
    value: float = 1.0


class CheckParams(_Strict):
    """Parameters of a check.

    Attributes
    ----------
    subject : str
        Layer whose features are judged.
    where, band
        Which of them.
    other, other_where, others
        What they are measured against: one layer, or several that hold the same thing.
    field, of, codes, other_field : str, str, tuple of str, str
        Attributes that the check reads.
    per : {"park", "all"} or None
        Whether the answer is one per park or one for all subjects.
    duty : Duty or None
        What shows that a triggered duty is met.
    """

    subject: str = "parks"
    where: Where = {}
    band: Band | None = None
    other: str | None = None
    other_where: Where = {}
    others: tuple[Selection, ...] = ()
    field: str | None = None
    of: str | None = None
    codes: tuple[str, ...] = ()
    other_field: str | None = None
    per: Literal["park", "all"] | None = None
    duty: Duty | None = None

    _where = field_validator("where", "other_where", mode="before")(_listed)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.other is not None and self.others:
            raise refuse("other, others", Text(vi="một trong hai", en="one of them"))
        if self.other_where and self.other is None:
            raise refuse(
                "other_where", Text(vi="kèm lớp mà nó chọn: other", en="with the layer that it selects from: other")
            )
        return self

    @property
    def targets(self) -> tuple[Selection, ...]:
        """What the subjects are measured against, as a list."""
        return (Selection(layer=self.other, where=self.other_where),) if self.other is not None else self.others


def parse_params(text: str, *, rule: str) -> CheckParams:
    """Read the parameters of a rule.

    Parameters
    ----------
    text : str
        A JSON object, or nothing.
    rule : str
        The rule's id, for errors.

    Returns
    -------
    CheckParams
        The parameters.

    Raises
    ------
    RuleError
        If the text is no JSON object or has a name or value outside the vocabulary.

    Examples
    --------
    >>> parse_params('{"other": "plots", "field": "land_use", "codes": ["GT"]}', rule="IP-02").codes
    ('GT',)
    """
    try:
        return CheckParams.model_validate_json(text or "{}")
    except ValidationError as error:
        place, seen, wanted, _ = first_mistake(error, keys=CheckParams.model_fields)
        where = f"params.{place}" if place else "params"
        said = {lang: seen.say(lang) if isinstance(seen, Text) else seen for lang in LANGUAGES}
        shown = Text(vi=f"{where}: {said['vi']}", en=f"{where}: {said['en']}")
        raise RuleError(seen=shown, wanted=wanted, where=rule) from error
