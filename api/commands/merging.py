"""`parkplan merge`: what an institute changed, merged into the state of the store as it is now."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.commands.packages import BaseOption, CompleteOption, CrsOption, LayerOption, say_changes
from api.terminal import say, spoken_language, write_result
from layers.types import Language, Text

if TYPE_CHECKING:
    from layers.merge import Conflicts, Resolution, Side
    from layers.packages import PackageMerge

__all__ = ["merge"]

_SIDES: Final = ("ours", "theirs", "base")
#: Conflicts that are told one by one.
_TOLD: Final = 20


def merge(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A returned package, or a file with feature ids.")],
    *,
    layer: LayerOption = None,
    base: BaseOption = None,
    area: Annotated[str | None, typer.Option(metavar="W,S,E,N|FILE", help="Where a bare file is complete.")] = None,
    complete: CompleteOption = False,
    crs: CrsOption = None,
    tolerance: Annotated[
        float, typer.Option(metavar="METRES", min=0.0, help="How far a vertex may move without being a change.")
    ] = 0.02,
    resolve: Annotated[
        str | None, typer.Option(metavar="|".join(_SIDES), help="Resolve every conflict for this side.")
    ] = None,
    resolutions: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="What was decided, conflict by conflict.")
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Reason of --resolve, for the record.")] = "",
    conflicts: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the conflicts there, to be filled in.")
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.html", help="Write a map of the conflicts.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who merges; you, without it.")] = None,
    message: Annotated[str | None, typer.Option(help="Why; the name of the file, without it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Merge, and write nothing to the store.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Merge a returned package three ways into the current state, as one changeset or not at all."""
    language = spoken_language(lang)
    if resolve is not None:
        choose(resolve, _SIDES, option="--resolve")
    person = author or getpass.getuser()

    from layers.packages import changes_of_package, commit_merge, merge_package, read_area  # noqa: PLC0415

    rules = _rules(resolve, resolutions, by=person, why=why)
    shape = None if area is None else read_area(area)
    with open_existing(store) as opened:
        changes = changes_of_package(
            opened, file, layer=layer, base=base, area=shape, complete=complete, crs=crs, tolerance_m=tolerance
        )
        say_changes(changes, language=language)
        merged = merge_package(opened, changes, rules=rules, tolerance_m=tolerance)
        _tell(merged, conflicts, map_, language)
        if dry_run:
            count = len(merged.merge.conflicts.open)
            told = Text(
                vi=f"Chạy thử, không ghi gì; {count} xung đột chưa xử lý.",
                en=f"A dry run, nothing was written; {count} conflicts are open.",
            )
            say(told.say(language))
            return
        reason = message or Text(vi=f"Hợp nhất {file.name}", en=f"Merge {file.name}").say(language)
        changeset = commit_merge(opened, merged, author=person, message=reason, language=language)
    if changeset is None:
        told = Text(vi="Không có gì khác với hiện trạng; không ghi gì.", en="Nothing differs; nothing was written.")
    else:
        told = Text(
            vi=f"Phiên bản thay đổi {changeset.id}: {changeset.features} đối tượng.",
            en=f"Changeset {changeset.id}: {changeset.features} features.",
        )
    say(told.say(language))


def _rules(resolve: str | None, file: Path | None, *, by: str, why: str) -> list[Resolution]:
    """Return the rule first, so that what was decided one by one counts more."""
    from layers.merge import Resolution, read_resolutions  # noqa: PLC0415

    rules = [] if resolve is None else [Resolution(cast("Side", resolve), by=by, why=why)]
    return rules if file is None else [*rules, *read_resolutions(file, by=by)]


def _tell(merged: PackageMerge, conflicts: Path | None, map_: Path | None, language: Language) -> None:
    """Say, write and draw the conflicts."""
    found = merged.merge.conflicts
    if len(found):
        _say(found, language)
    if conflicts is not None:
        from layers.geojson import to_json  # noqa: PLC0415

        write_result(to_json(found.document(language)) + b"\n", out=conflicts)
    if map_ is not None:
        from api.assets import inline  # noqa: PLC0415
        from gis.maps import conflict_layers, park_map  # noqa: PLC0415

        drawn = park_map(conflict_layers(found, language=language), language=language, assets=inline(), height="100vh")
        write_result(drawn.get_root().render().encode(), out=map_)


def _say(found: Conflicts, language: Language) -> None:
    open_ = found.open
    head = Text(
        vi=f"{len(found)} xung đột, {len(open_)} chưa xử lý:", en=f"{len(found)} conflicts, {len(open_)} of them open:"
    )
    say(head.say(language))
    for line in open_.messages(language)[:_TOLD]:
        say(f"  {line}")
    if (more := len(open_) - _TOLD) > 0:
        say(Text(vi=f"  … và {more} xung đột khác.", en=f"  … and {more} more.").say(language))
    for line in found.record(language).splitlines():
        say(f"  {line}")
