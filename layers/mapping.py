"""Which column of a file becomes which field of a layer: by name, or by a mapping file.

A mapping file is TOML: the layer, the feature id, a source column (or a template of columns) for each field, codes for
source values, constants, and the columns that are left out on purpose. What is mapped, translated and left behind is
all told.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from layers.coercion import as_texts
from layers.declared import first_mistake
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import DefinitionError, MissingFileError
from layers.text import search_key
from layers.types import Text

__all__ = ["ColumnMapping", "Mapped", "Translation", "map_by_name", "parse_mapping", "read_mapping", "shipped_mappings"]

#: The feature numbers of a file, for templates.
FID: Final = "fid"
_PLACE: Final = re.compile(r"\{([^{}]+)\}")

#: Key, what was seen, what was wanted.
_Mistake = tuple[str, object, object]
Value = str | bool | int | float | dt.date


class Translation(NamedTuple):
    """One source value that a mapping turned into another.

    Attributes
    ----------
    field : str
        The field.
    seen : str
        The value in the file.
    value : str
        The value in the layer; empty where it is left unknown.
    features : int
        In how many features.
    """

    field: str
    seen: str
    value: str
    features: int


@dataclass(frozen=True, slots=True)
class Mapped:
    """Features under the names of a layer's fields, not yet typed or checked.

    Parameters
    ----------
    features : GeoDataFrame
        Index `feature_id`; one column a mapped field, and the geometry.
    columns : mapping of str to str
        What each field was taken from: a column, a template, or a constant in quotation marks.
    left_out : tuple of str
        Columns of the file that nothing was taken from and that were not skipped on purpose.
    skipped : tuple of str
        Columns skipped on purpose.
    filtered : int
        Features left out by `only`.
    rows : ndarray of int
        Row of the file of each feature, from 0.
    translations : tuple of Translation
        Values that were turned into others.
    """

    features: gpd.GeoDataFrame
    columns: Mapping[str, str]
    left_out: tuple[str, ...]
    skipped: tuple[str, ...]
    filtered: int
    rows: npt.NDArray[np.intp]
    translations: tuple[Translation, ...]


class ColumnMapping(BaseModel):
    """From the columns of a file to the fields of a layer.

    Attributes
    ----------
    layer : str
        The layer's id.
    id : str or None
        Where feature ids come from: a column, or a template such as ``2025-{code}``; ``{fid}`` is the feature's number
        in the file. None: no id is known.
    source_layer : str or None
        The layer of the file.
    fields : dict of str to str
        Field: source column, or template; a template is missing where one of its columns is.
    values : dict of str to dict
        Field: source value (as text): value of the layer; ``""`` leaves it unknown. Other values pass as they are.
    constants : dict of str to value
        Field: one value for every feature.
    only : dict of str to tuple of str
        Source column: values (as text) whose features are taken.
    skip : tuple of str
        Source columns that are left out on purpose.
    where : str
        What the mapping is called in an error, a file as a rule.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    id: str | None = None
    source_layer: str | None = None
    fields: dict[str, str] = {}
    values: dict[str, dict[str, Value]] = {}
    constants: dict[str, Value] = {}
    only: dict[str, tuple[str, ...]] = {}
    skip: tuple[str, ...] = ()
    where: str = "mapping"

    def check(self, definition: LayerDefinition, columns: Iterable[str]) -> None:
        """Make sure that the mapping fits a layer and a file.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.
        columns : iterable of str
            Columns of the file, without its geometry.

        Raises
        ------
        DefinitionError
            If it is for another layer, or names a field, column or value table that is not there.
        """
        there = [FID, *columns]
        for key, seen, wanted in (*self._wrong_fields(definition), *self._wrong_columns(there)):
            raise DefinitionError(seen=seen, wanted=wanted, where=f"{self.where}: {key}")

    def _wrong_fields(self, definition: LayerDefinition) -> Iterator[_Mistake]:
        if self.layer != definition.id:
            yield "layer", self.layer, definition.id
        known = [field.name for field in definition.all_fields]
        for key, names in (("fields", self.fields), ("constants", self.constants)):
            yield from ((f"{key}.{name}", name, ", ".join(known)) for name in names if name not in known)
        both = Text(vi="cột hoặc hằng số, không cả hai", en="a column or a constant, not both")
        yield from ((f"constants.{name}", self.fields[name], both) for name in self.constants if name in self.fields)
        yield from ((f"values.{name}", name, ", ".join(self.fields)) for name in self.values if name not in self.fields)

    def _wrong_columns(self, there: Sequence[str]) -> Iterator[_Mistake]:
        specs = {"id": self.id, **{f"fields.{name}": spec for name, spec in self.fields.items()}}
        asked = [(key, column) for key, spec in specs.items() for column in _columns_of(spec, there)]
        asked += [(f"only.{column}", column) for column in self.only]
        yield from ((key, column, ", ".join(there)) for key, column in asked if column not in there)

    def apply(self, definition: LayerDefinition, source: gpd.GeoDataFrame) -> Mapped:
        """Bring features of a file under the names of a layer.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.
        source : GeoDataFrame
            Features under the file's own column names, index `fid`.

        Returns
        -------
        Mapped
            Features by field, and what became of every column.

        Raises
        ------
        DefinitionError
            If the mapping does not fit the layer or the file, or there is nothing to make ids from.
        """
        geometry = source.geometry.name
        columns = [str(name) for name in source.columns if name != geometry]
        self.check(definition, columns)
        if self.id is None:
            wanted = Text(
                vi='cột feature_id hoặc id, hoặc tệp ánh xạ có id = "{cột}" ("{fid}" là số thứ tự trong tệp)',
                en='a column feature_id or id, or a mapping file with id = "{column}" ("{fid}": number in the file)',
            )
            raise DefinitionError(seen=", ".join(columns), wanted=wanted, where=f"{self.where}: id")
        rows = np.flatnonzero(self._kept(source))
        kept = source if len(rows) == len(source) else source.iloc[rows]
        ids = self._ids(kept)
        taken: dict[str, Any] = {}
        translations: list[Translation] = []
        for field, spec in self.fields.items():
            column = _column(kept, spec)
            if field in self.values:
                column, found = _translated(column, field, self.values[field])
                translations += found
            taken[field] = column.set_axis(ids)
        constants = {field: pd.Series([value] * len(ids), index=ids) for field, value in self.constants.items()}
        shapes = gpd.GeoSeries(kept.geometry.to_numpy(), index=ids, crs=source.crs)
        used = {name for spec in (self.id, *self.fields.values()) for name in _columns_of(spec, columns)}
        return Mapped(
            features=gpd.GeoDataFrame({**taken, **constants}, geometry=shapes, index=ids),
            columns={**self.fields, **{field: f'"{value}"' for field, value in self.constants.items()}},
            left_out=tuple(name for name in columns if name not in used.union(self.skip)),
            skipped=tuple(name for name in columns if name in self.skip and name not in used),
            filtered=len(source) - len(kept),
            rows=rows,
            translations=tuple(translations),
        )

    def _kept(self, source: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
        keep: npt.NDArray[np.bool_] = np.ones(len(source), dtype=bool)
        for column, values in self.only.items():
            keep &= as_texts(source[column])[0].isin(values).to_numpy(dtype=bool)
        return keep

    def _ids(self, source: gpd.GeoDataFrame) -> pd.Index[Any]:
        texts, _ = as_texts(_column(source, str(self.id)))
        ids: pd.Index[Any] = pd.Index(texts, name=ID_FIELD)
        return ids


_KEYS: Final = ", ".join(name for name in ColumnMapping.model_fields if name != "where")


def map_by_name(definition: LayerDefinition, columns: Sequence[str], *, where: str = "mapping") -> ColumnMapping:
    """Map columns to the fields that have their name.

    A column fits a field if it is called like it, or like one of its titles; tone marks, case and punctuation do not
    count. The id is taken from a column `feature_id` or `id`.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    columns : sequence of str
        Columns of the file, without its geometry.
    where : str
        What to call the mapping in an error, the file as a rule.

    Returns
    -------
    ColumnMapping
        Columns that fit no field are left out.

    Raises
    ------
    DefinitionError
        If two columns fit one field.
    """
    fields: dict[str, str] = {}
    free = [column for column in columns if column.lower() not in (ID_FIELD, "id")]
    ids = [column for name in (ID_FIELD, "id") for column in columns if column.lower() == name]
    for field in definition.all_fields:
        if field.name in free:
            fields[field.name] = field.name
            continue
        keys = {search_key(name) for name in (field.name, field.title.vi, field.title.en)}
        fitting = [column for column in free if search_key(column) in keys and column not in fields.values()]
        if len(fitting) > 1:
            wanted = Text(vi="một cột cho mỗi trường, hoặc tệp ánh xạ", en="one column a field, or a mapping file")
            raise DefinitionError(seen=", ".join(fitting), wanted=wanted, where=f"{where}: {field.name}")
        if fitting:
            fields[field.name] = fitting[0]
    return ColumnMapping(layer=definition.id, id=ids[0] if ids else None, fields=fields, where=where)


def parse_mapping(text: str, *, where: str) -> ColumnMapping:
    """Read a mapping from TOML.

    Parameters
    ----------
    text : str
        The TOML document.
    where : str
        What to call it in an error, a file name as a rule.

    Returns
    -------
    ColumnMapping
        The mapping; whether it fits a layer and a file shows when it is applied.

    Raises
    ------
    DefinitionError
        If the text is no TOML or breaks a rule; names the key, what was seen and what was wanted.
    """
    try:
        document = tomllib.loads(text)
        if "where" in document:
            raise DefinitionError(seen="where", wanted=_KEYS, where=where)
        return ColumnMapping.model_validate({**document, "where": where})
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(seen=error, wanted="TOML", where=where) from error
    except ValidationError as error:
        place, seen, wanted, _ = first_mistake(error, keys=_KEYS.split(", "))
        raise DefinitionError(seen=seen, wanted=wanted, where=f"{where}: {place}") from error


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mapping files that Parkplan ships.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    entries = (files("layers") / "mappings").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


def read_mapping(name: str | Path) -> ColumnMapping:
    """Read a shipped mapping by its name, or a mapping file by its path.

    Parameters
    ----------
    name : str or Path
        A name of `shipped_mappings`, or the path of a TOML file in UTF-8.

    Returns
    -------
    ColumnMapping
        The mapping.

    Raises
    ------
    MissingFileError
        If there is neither a shipped mapping nor a file of that name.
    DefinitionError
        If it breaks a rule.
    """
    if str(name) in shipped_mappings():
        entry = files("layers") / "mappings" / f"{name}.toml"
        return parse_mapping(entry.read_text(encoding="utf-8"), where=str(name))
    path = Path(name)
    try:
        return parse_mapping(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError as error:
        raise MissingFileError(seen=f"{name} ({', '.join(shipped_mappings())})") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(seen=error, wanted="UTF-8", where=str(path)) from error


def _is_template(spec: str, columns: Iterable[str]) -> bool:
    return spec not in columns and _PLACE.search(spec) is not None


def _columns_of(spec: str | None, columns: Sequence[str]) -> list[str]:
    """Return the columns that a column name or a template takes from."""
    if spec is None:
        return []
    return _PLACE.findall(spec) if _is_template(spec, columns) else [spec]


def _column(source: gpd.GeoDataFrame, spec: str) -> pd.Series[Any]:
    """Return a column, or the texts that a template makes of several."""
    if not _is_template(spec, source.columns):
        return _source_column(source, spec)
    parts = _PLACE.split(spec)  # text, column, text, column, ..., text
    made = pd.Series([parts[0]] * len(source), index=source.index, dtype="str")
    for column, text in zip(parts[1::2], parts[2::2], strict=True):
        made = made + as_texts(_source_column(source, column))[0] + text
    return made


def _source_column(source: gpd.GeoDataFrame, name: str) -> pd.Series[Any]:
    if name == FID and FID not in source.columns:
        return pd.Series(source.index, index=source.index)
    column: pd.Series[Any] = source[name]
    return column


def _translated(
    column: pd.Series[Any], field: str, table: Mapping[str, Value]
) -> tuple[pd.Series[Any], list[Translation]]:
    texts, _ = as_texts(column)
    values = {seen: None if value == "" else value for seen, value in table.items()}
    hit = texts.isin(list(values))
    made = column.astype(object).where(~hit, texts.map(values).astype(object))
    counts = texts[hit].value_counts(sort=False)
    found = [
        Translation(field, str(seen), str(table[str(seen)]), int(count))
        for seen, count in counts.items()
        if str(seen) != str(table[str(seen)])
    ]
    return made, found
