"""How long do diff and merge of two edited copies of a layer take, and what gets lost, against geodiff?"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pygeodiff
import pyogrio

from benchmarks.edits import Case, Loss, edited, lost
from benchmarks.results import Result, result_of
from benchmarks.timing import Prepare, measure
from layers.definitions import ID_FIELD
from layers.merge import LayerMerge, merge_layer
from layers.packages.geopackage import write_geopackage
from layers.schema import typed

__all__ = ["measure_merging"]

#: Of all features, on each side, apart from the contradictions.
SHARE: Final = 0.05
_STATES: Final = ("base", "ours", "theirs")
_TABLE: Final = "roads"


def measure_merging(folder: Path, *, count: int, rounds: int) -> Iterator[Result]:
    """Diff and merge the same edits with both.

    Parameters
    ----------
    folder : Path
        For files.
    count : int
        Features; a fiftieth of them is in contradiction, for each kind of it.
    rounds : int
        Rounds that count.
    """
    case = edited(count, share=SHARE, conflicts=count // 50)
    files = _files(case, folder)
    yield _diff(case, files, folder, rounds)
    yield _merge(case, files, folder, rounds)


def _files(case: Case, folder: Path) -> dict[str, Path]:
    """Write the three states as GeoPackages whose rows keep their keys, as copies of one file that were edited."""
    files = {state: folder / f"{state}.gpkg" for state in _STATES}
    write_geopackage(files["base"], {_TABLE: case.base}, {_TABLE: case.definition})
    with closing(sqlite3.connect(files["base"])) as database:
        # geodiff refuses views and triggers of its own making less than an index that it would have to keep.
        database.execute(f'DROP INDEX "{_TABLE}_{ID_FIELD}"')
        database.commit()
    for state in _STATES[1:]:
        shutil.copy(files["base"], files[state])
        _edit(files[state], case.base, case.ours if state == "ours" else case.theirs, folder)
    return files


def _edit(file: Path, base: gpd.GeoDataFrame, after: gpd.GeoDataFrame, folder: Path) -> None:
    """Bring a copy of the base to another state, row by row."""
    rows = pyogrio.read_dataframe(file, layer=_TABLE, columns=[ID_FIELD], read_geometry=False, fid_as_index=True)
    fid = pd.Series(rows.index, index=rows[ID_FIELD])
    gone = [int(fid[id_]) for id_ in base.index.difference(after.index)]
    work = folder / "edited.gpkg"
    work.unlink(missing_ok=True)
    definition = edited(600, share=SHARE, conflicts=1).definition
    write_geopackage(work, {_TABLE: after}, {_TABLE: definition})
    with closing(sqlite3.connect(file)) as database:
        for name, expected in (("ST_IsEmpty", 1), ("ST_MinX", 1), ("ST_MaxX", 1), ("ST_MinY", 1), ("ST_MaxY", 1)):
            database.create_function(name, expected, lambda _: 0)
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("ATTACH ? AS edited", (str(work),))
        columns = [row[1] for row in database.execute(f"PRAGMA main.table_info({_TABLE})") if row[1] != "fid"]
        listed = ", ".join(f'"{name}"' for name in columns)
        database.executemany(f"DELETE FROM main.{_TABLE} WHERE fid = ?", [(one,) for one in gone])
        database.execute(
            f"UPDATE main.{_TABLE} SET ({listed}) = (SELECT {listed} FROM edited.{_TABLE} AS e "
            f"WHERE e.{ID_FIELD} = main.{_TABLE}.{ID_FIELD})"
        )
        database.execute(
            f"INSERT INTO main.{_TABLE} ({listed}) SELECT {listed} FROM edited.{_TABLE} "
            f"WHERE {ID_FIELD} NOT IN (SELECT {ID_FIELD} FROM main.{_TABLE})"
        )
        database.commit()
    work.unlink()


def _read(case: Case, file: Path) -> gpd.GeoDataFrame:
    return typed(case.definition, pyogrio.read_dataframe(file, layer=_TABLE, use_arrow=True))


def _diff(case: Case, files: Mapping[str, Path], folder: Path, rounds: int) -> Result:
    """Tell what theirs changed against the base, from files."""
    ours, theirs = "Parkplan, both files read", f"geodiff {_geodiff().version()}, create_changeset"

    def parkplan() -> LayerMerge:
        base = _read(case, files["base"])
        return merge_layer(case.definition, base, base, _read(case, files["theirs"]))

    def rival() -> Path:
        target = folder / "theirs.diff"
        target.unlink(missing_ok=True)
        _geodiff().create_changeset(str(files["base"]), str(files["theirs"]), str(target))
        return target

    def check(_: int, answers: Mapping[str, Any]) -> None:
        changed = sum(
            len(edit.features) if hasattr(edit, "features") else len(edit.ids) for edit in answers[ours].edits()
        )
        assert changed == _geodiff().changes_count(str(answers[theirs])) > 0

    sides: dict[str, Prepare] = {ours: lambda _: parkplan, theirs: lambda _: rival}
    title = f"what one of two edited copies of {len(case.base):,} features changed"
    return result_of("layer_diff", title, "", measure(sides, rounds=rounds, check=check))


def _merge(case: Case, files: Mapping[str, Path], folder: Path, rounds: int) -> Result:
    """Merge both copies onto the base, from files to a file with a list of conflicts."""
    target, conflicts = folder / "merged.gpkg", folder / "conflicts.json"
    ours, theirs = "Parkplan", f"geodiff {_geodiff().version()}"
    losses: dict[str, Loss] = {}

    def parkplan() -> LayerMerge:
        merge = merge_layer(case.definition, *(_read(case, files[state]) for state in _STATES))
        target.unlink(missing_ok=True)
        write_geopackage(target, {_TABLE: merge.merged}, {_TABLE: case.definition})
        conflicts.write_text(json.dumps(merge.conflicts.document("en"), default=str), encoding="utf-8")
        return merge

    rebased, told = folder / "rebased.gpkg", folder / "geodiff.json"

    def ready(_: int) -> Any:
        shutil.copy(files["ours"], rebased)
        told.unlink(missing_ok=True)
        return lambda: _geodiff().rebase(str(files["base"]), str(files["theirs"]), str(rebased), str(told))

    def check(_: int, answers: Mapping[str, Any]) -> None:
        rows = answers[ours].conflicts.rows
        named = set(zip(rows["feature_id"], rows["field"], strict=True))
        losses[ours] = lost(case, _with_ids(_read(case, target)), named)
        losses[theirs] = lost(case, _with_ids(_raw(case, rebased)), _told_by_geodiff(told, files))
        assert losses[ours] == Loss(0, 0)
        assert answers[ours].conflicts.counts() == {kind: len(ids) for kind, ids in case.conflicts.items()}

    sides: dict[str, Prepare] = {ours: lambda _: parkplan, theirs: ready}
    timings = measure(sides, rounds=rounds, check=check)
    named = {f"{tool}: {_said(losses[tool])}": timing for tool, timing in timings.items()}
    each = len(case.conflicts["attribute"])
    title = (
        f"merge of two copies of {len(case.base):,} features, 5 % edited on each, {each} contradictions of each kind"
    )
    return result_of("layer_merge", title, "", named)


def _said(loss: Loss) -> str:
    return f"{loss.edits} edits lost without a word, {loss.contradictions} contradictions not told"


def _with_ids(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return features.reset_index() if features.index.name == ID_FIELD else features


def _raw(case: Case, file: Path) -> gpd.GeoDataFrame:
    """Read a result that may have an id twice."""
    return typed(case.definition, pyogrio.read_dataframe(file, layer=_TABLE, use_arrow=True))


def _geodiff() -> pygeodiff.GeoDiff:
    return pygeodiff.GeoDiff()


def _told_by_geodiff(told: Path, files: Mapping[str, Path]) -> set[tuple[str, str | None]]:
    """Read the conflicts that geodiff wrote, and give them ids and names of columns."""
    if not told.exists():
        return set()
    with closing(sqlite3.connect(files["ours"])) as database:
        ids = dict(database.execute(f"SELECT fid, {ID_FIELD} FROM {_TABLE}"))
        names = [row[1] for row in database.execute(f"PRAGMA table_info({_TABLE})")]
    found: set[tuple[str, str | None]] = set()
    for entry in json.loads(told.read_text(encoding="utf-8"))["geodiff"]:
        for change in entry["changes"]:
            name = names[change["column"]]
            found.add((str(ids[int(entry["fid"])]), "geometry" if name == "geom" else name))
    return found
