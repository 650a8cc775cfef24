"""Analyses: which are offered, and what each takes.

Each is one typed function; its process, its inputs and their JSON Schema are read off the signature.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from api.errors import InvalidInputError
from layers.store import Store
from layers.time import HORIZONS, parse_as_of
from layers.types import LANGUAGES, Language, Text

__all__ = ["PROCESSES", "Process", "Progress", "land_change", "layer_check", "planning_review", "read_inputs"]

JsonObject = dict[str, Any]
#: Is told what is being done, and which share of the whole is done.
Progress = Callable[[Text, float], object]

_YEAR: Final = Field(ge=1900, le=2200, examples=list(HORIZONS))
_Language = Annotated[Language, Text(vi="Ngôn ngữ của kết quả", en="Language of the result")]


def _silent(_message: Text, _share: float) -> None:
    """Tell nobody."""


def planning_review(
    store: Store,
    progress: Progress = _silent,
    *,
    horizon: Annotated[
        int, _YEAR, Text(vi="Mốc quy hoạch: năm, tính đến ngày 31 tháng 12", en="Horizon: a year, at its 31 December")
    ],
    proposal: Annotated[
        str, Text(vi="Xem quy hoạch qua đề xuất số", en="Number of a proposal that the plan is seen through")
    ] = "",
    as_of: Annotated[
        str,
        Text(
            vi="Trạng thái đã ghi nhận: số phiên bản thay đổi, ngày hoặc thời điểm RFC 3339",
            en="The state on record: number of a changeset, a day, or an RFC 3339 date-time",
        ),
    ] = "",
    language: _Language = "vi",
) -> JsonObject:
    """Review every park of the store at a horizon.

    Parameters
    ----------
    store : Store
        Holds parks, plans, constraint areas and rules.
    progress : callable
        Is told which rule is put.
    horizon : int
        Year; the state on its 31 December.
    proposal : str
        A proposal's number; the plan is reviewed as it would make it.
    as_of : str
        A changeset, a day (its end) or a moment; the plan is reviewed as it was on record then.
    language : {"vi", "en"}
        Of titles and messages.

    Returns
    -------
    dict
        The review as a JSON document: summary, findings, ledger, rules.
    """
    # Loaded at the first review, so that a server starts without it.
    from gis.review import review_plan  # noqa: PLC0415
    from layers.proposals import ProposalStore  # noqa: PLC0415

    def rule(title: Text, share: float) -> None:
        progress(Text(vi=f"Rà soát: {title.vi}", en=f"Reviewing: {title.en}"), share)

    seen = ProposalStore(store, proposal) if proposal else store
    read = functools.partial(seen.read, as_of=parse_as_of(as_of, where="inputs.as_of")) if as_of else seen.read
    review = review_plan(read, horizon=horizon, definitions=store.layers(), partial=store.core.narrow, progress=rule)
    document: JsonObject = review.document(language)
    return document


def land_change(
    store: Store,
    progress: Progress = _silent,
    *,
    before: Annotated[int, _YEAR, Text(vi="Từ mốc (năm)", en="From the horizon (year)")],
    after: Annotated[int, _YEAR, Text(vi="Đến mốc (năm)", en="To the horizon (year)")],
    layer: Annotated[
        Literal["planning_zones", "constraint_areas"], Text(vi="Lớp được cân đối", en="Layer that is accounted for")
    ] = "planning_zones",
    language: _Language = "vi",
) -> JsonObject:
    """Account for the land of every park between two horizons, to the square metre.

    Parameters
    ----------
    store : Store
        Holds parks and the layer.
    progress : callable
        Is told what is read.
    before, after : int
        Years; the states on their 31 December.
    layer : {"planning_zones", "constraint_areas"}
        What is accounted for.
    language : {"vi", "en"}
        Of the names of zones.

    Returns
    -------
    dict
        `rows` as of `gis.ledger.ledger_change`, in hectares, with the titles of kinds, and the `totals` of each change.
    """
    from gis.review import LEDGER_LAYERS, zone_change  # noqa: PLC0415

    progress(Text(vi="Cân đối đất đai", en="Accounting for land"), 0.0)
    definition = store.definition(layer)
    table = zone_change(store.read, before=before, after=after, layer=layer, metric_crs=definition.metric_crs)
    titles = {code.value: code.title.say(language) for code in definition.field(LEDGER_LAYERS[layer]).codes}
    rows = json.loads(table.to_json(orient="records", double_precision=15))
    for row in rows:
        for side in ("before", "after"):
            row[f"{side}_title"] = " + ".join(titles.get(kind, kind) for kind in row[side].split("+"))
    kept = table[~table["sliver"].astype(bool)]
    return {
        "before": before,
        "after": after,
        "layer": layer,
        "title": definition.title.say(language),
        "unit": "ha",
        "rows": rows,
        "totals": {str(change): float(area) for change, area in kept.groupby("change")["area_ha"].sum().items()},
        "slivers_ha": float(table.loc[table["sliver"].astype(bool), "area_ha"].sum()),
    }


def layer_check(
    store: Store,
    progress: Progress = _silent,
    *,
    layer: Annotated[str, Text(vi="Mã lớp", en="Id of the layer"), Field(examples=["plots", "roads"])],
    language: _Language = "vi",
) -> JsonObject:
    """Check a layer as it is stored: schema, references, geometry, topology, attributes against geometry.

    Parameters
    ----------
    store : Store
        Holds the layer.
    progress : callable
        Is told what is read.
    layer : str
        The layer's id.
    language : {"vi", "en"}
        Of titles and messages.

    Returns
    -------
    dict
        A GeoJSON FeatureCollection of issues, their place as geometry, with the number of features checked and of
        issues by rule.
    """
    from layers.checking import check_features  # noqa: PLC0415
    from layers.importing import StoreSurroundings  # noqa: PLC0415
    from layers.validation import issues_frame  # noqa: PLC0415

    definition = store.definition(layer)
    progress(Text(vi="Đọc lớp", en="Reading the layer"), 0.0)
    features = store.read(layer)
    progress(Text(vi="Kiểm tra", en="Checking"), 0.2)
    found = check_features(features, definition, name=layer, surroundings=StoreSurroundings(store))
    frame = issues_frame(found.issues, language=language)
    collection: JsonObject = json.loads(frame.to_json(drop_id=True))
    return {
        **collection,
        "layer": layer,
        "title": definition.title.say(language),
        "checked": len(features),
        "notes": [note.say(language) for note in found.notes],
        "rules": {str(rule): int(count) for rule, count in frame["rule"].value_counts().sort_index().items()},
    }


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
        Takes the store, whom to tell how far it is, and the inputs as keywords; returns a JSON document.
    """

    id: str
    version: str
    title: Text
    description: Text
    output: str
    function: Callable[..., JsonObject]

    def run(self, store: Store, inputs: JsonObject, *, progress: Progress = _silent) -> JsonObject:
        """Run the process.

        Parameters
        ----------
        store : Store
            What it is about.
        inputs : dict
            As `read_inputs` gives them.
        progress : callable
            Is told how far it is.

        Returns
        -------
        dict
            The output.
        """
        return self.function(store, progress, **inputs)

    def shaped(self, result: JsonObject, response: Literal["raw", "document"]) -> JsonObject:
        """Return the output as it was asked for.

        Parameters
        ----------
        result : dict
            The output.
        response : {"raw", "document"}
            The output itself, or an object that holds it by its name.

        Returns
        -------
        dict
            The body of an answer.
        """
        return result if response == "raw" else {self.output: result}

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
        Process(
            id="land-change",
            version="1.0.0",
            title=Text(vi="Cân đối đất giữa hai mốc", en="Land between two horizons"),
            description=Text(
                vi="Diện tích (ha) được giữ, chuyển mục đích, bỏ ra và thêm vào trong từng khu giữa hai mốc, "
                "khớp đến mét vuông; các dải sai lệch do vẽ lại ranh giới tính riêng.",
                en="Hectares kept, re-zoned, dropped and added in each park between two horizons, closing to the "
                "square metre; slivers of redrawn borders apart.",
            ),
            output="ledger",
            function=land_change,
        ),
        Process(
            id="layer-check",
            version="1.0.0",
            title=Text(vi="Kiểm tra lớp", en="Check of a layer"),
            description=Text(
                vi="Kiểm tra lớp như đang lưu: thuộc tính, tham chiếu, hình học, quan hệ không gian (chồng lấn, "
                "khe hở, đầu mút hở), thuộc tính so với hình học; mỗi vấn đề có vị trí, quy tắc và cách sửa.",
                en="Checks a layer as it is stored: schema, references, geometry, topology (overlaps, gaps, loose "
                "ends), attributes against geometry; each issue with its place, rule and fix.",
            ),
            output="issues",
            function=layer_check,
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
