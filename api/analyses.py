"""Analyses: which are offered, and what each takes.

Each is one typed function; its process, its inputs and their JSON Schema are read off the signature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from api.errors import InvalidInputError
from layers.store import Store
from layers.time import HORIZONS
from layers.types import LANGUAGES, Language, Text

__all__ = ["PROCESSES", "Process", "planning_review", "read_inputs"]

JsonObject = dict[str, Any]


def planning_review(
    store: Store,
    *,
    horizon: Annotated[
        int,
        Field(ge=1900, le=2200, examples=list(HORIZONS)),
        Text(vi="Mốc quy hoạch: năm, tính đến ngày 31 tháng 12", en="Horizon: a year, at its 31 December"),
    ],
    language: Annotated[Language, Text(vi="Ngôn ngữ của kết quả", en="Language of the result")] = "vi",
) -> JsonObject:
    """Review every park of the store at a horizon.

    Parameters
    ----------
    store : Store
        Holds parks, plans, constraint areas and rules.
    horizon : int
        Year; the state on its 31 December.
    language : {"vi", "en"}
        Of titles and messages.

    Returns
    -------
    dict
        The review as a JSON document: summary, findings, ledger, rules.
    """
    # Loaded at the first review, so that a server starts without it.
    from gis.review import review_plan  # noqa: PLC0415

    document: JsonObject = review_plan(store.read, horizon=horizon, definitions=store.layers()).document(language)
    return document


@dataclass(frozen=True)
class Process:
    """One analysis as an OGC API process.

    Parameters
    ----------
    id : str
        Stable name.
    version : str
        Of the analysis.
    title, description : Text
        For the reader.
    output : str
        Name of the one output.
    function : callable
        Takes the store and the inputs as keywords, returns a JSON document.
    """

    id: str
    version: str
    title: Text
    description: Text
    output: str
    function: Callable[..., JsonObject]

    @property
    def inputs(self) -> type[BaseModel]:
        """The inputs as a model, read off the signature."""
        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        return create_model(self.function.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)

    def input_title(self, name: str) -> Text:
        """Return what to call an input.

        Parameters
        ----------
        name : str
            One of the inputs.

        Returns
        -------
        Text
            The text in its annotation, else its name.
        """
        metadata = self.inputs.model_fields[name].metadata
        return next((entry for entry in metadata if isinstance(entry, Text)), Text(vi=name, en=name))

    def input_schemas(self) -> dict[str, JsonObject]:
        """Return the JSON Schema of each input.

        Returns
        -------
        dict of str to dict
            By name, in the order of the signature.
        """
        properties: dict[str, JsonObject] = self.inputs.model_json_schema()["properties"]
        return {
            name: {key: value for key, value in schema.items() if key != "title"} for name, schema in properties.items()
        }


#: Every analysis that is offered, by its id.
PROCESSES: Final[dict[str, Process]] = {
    process.id: process
    for process in (
        Process(
            id="planning-review",
            version="1.0.0",
            title=Text(vi="Rà soát quy hoạch", en="Planning review"),
            description=Text(
                vi="Rà soát mọi khu, cụm công nghiệp tại một mốc quy hoạch theo các quy tắc: đạt, không đạt, cảnh báo, "
                "không kiểm tra được (kèm lý do) hoặc chưa có dữ liệu; cùng bảng cân đối diện tích (ha).",
                en="Reviews every park at a horizon against the rules: pass, fail, warning, not checked (with the "
                "reason) or no data; with a ledger in hectares.",
            ),
            output="review",
            function=planning_review,
        ),
    )
}


def read_inputs(process: Process, given: JsonObject) -> JsonObject:
    """Return the inputs of a process, checked.

    Parameters
    ----------
    process : Process
        The process.
    given : dict
        Values by name.

    Returns
    -------
    dict
        Keywords for the process's function; what was not given is left to its defaults.

    Raises
    ------
    InvalidInputError
        If one is missing, unknown or not what its schema says.
    """
    try:
        return process.inputs.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        schemas = process.input_schemas()
        if name not in schemas:
            raise InvalidInputError(seen=name, wanted=", ".join(schemas), where="inputs") from error
        seen = given.get(name, Text(vi="không có", en="nothing"))
        raise InvalidInputError(
            seen=seen if isinstance(seen, Text) else repr(seen), wanted=_wanted(schemas[name]), where=f"inputs.{name}"
        ) from error


def _wanted(schema: JsonObject) -> object:
    """Say in words what a schema allows."""
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        return Text(vi=f"số nguyên từ {low} đến {high}", en=f"a whole number from {low} to {high}")
    return schema.get("type", Text(vi=f"một trong {LANGUAGES}", en=f"one of {LANGUAGES}"))
