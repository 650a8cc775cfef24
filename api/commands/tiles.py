"""`parkplan tiles`: a map in one PMTiles file, and what makes tiles compiled ahead of the first one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import AsOfOption, LangOption, StoreOption, open_existing, record_time
from api.errors import BadParameterError
from api.terminal import say, spoken_language
from layers.types import Text

__all__ = ["tiles"]

tiles = typer.Typer(help="Vector tiles: export a map, compile ahead.", no_args_is_help=True)


@tiles.command(name="export")
def export_tiles(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to, a .pmtiles file; one that is there is replaced.")
    ],
    *,
    collections: Annotated[
        str | None, typer.Option(metavar="LAYER,LAYER", help="Layers of the map; all with geometries without it.")
    ] = None,
    min_zoom: Annotated[int, typer.Option(metavar="ZOOM", help="First zoom.")] = 0,
    max_zoom: Annotated[int, typer.Option(metavar="ZOOM", help="Last zoom; a browser enlarges its tiles.")] = 14,
    horizon: Annotated[int | None, typer.Option(metavar="YEAR", help="State at the end of a year.")] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Write a map into one PMTiles file, for places without a server."""
    language, recorded = spoken_language(lang), record_time(as_of)
    if not out.parent.is_dir():
        wanted = Text(vi="tệp trong một thư mục có sẵn", en="a file in a folder that is there")
        raise BadParameterError(seen=str(out), wanted=wanted, where="--out")
    with open_existing(store) as opened:
        from api.settings import load_settings  # noqa: PLC0415
        from api.tile_documents import tile_json  # noqa: PLC0415
        from layers.tiles import choose_folder  # noqa: PLC0415

        folder = choose_folder(load_settings(allow_remote=True).tiles_folder)
        from layers.tiles.archive import write_archive  # noqa: PLC0415
        from layers.tiles.asking import TileSelection  # noqa: PLC0415
        from layers.tiles.maker import TileMaker  # noqa: PLC0415
        from layers.time import horizon_interval  # noqa: PLC0415

        names = None if collections is None else collections.split(",")
        definitions = [
            definition
            for definition in ([opened.definition(name) for name in names] if names else opened.layers().values())
            if definition.spatial
        ]
        described = [(definition, opened.extent(definition.id)) for definition in definitions]
        document = tile_json(described, base="", one=False, language=language, query={})
        written = write_archive(
            TileMaker(folder / "snapshots"),
            opened,
            [definition.id for definition in definitions],
            out,
            bounds=tuple(document.get("bounds", (-180.0, -85.0, 180.0, 85.0))),
            zooms=(min_zoom, max_zoom),
            selection=TileSelection(None if horizon is None else horizon_interval(horizon), recorded),
            metadata={name: document[name] for name in ("name", "description", "vector_layers")},
        )
    told = Text(vi=f"{written.tiles} ô bản đồ, {written.size} byte", en=f"{written.tiles} tiles, {written.size} bytes")
    say(f"{out}: {told.say(language)}")


@tiles.command()
def prepare(*, lang: LangOption = None) -> None:
    """Compile what makes tiles, so that the first tile need not wait for it."""
    from api.settings import load_settings  # noqa: PLC0415
    from layers.tiles import choose_folder  # noqa: PLC0415

    language = spoken_language(lang)
    folder = choose_folder(load_settings(allow_remote=True).tiles_folder)
    from layers.tiles.preparing import prepare as compile_all  # noqa: PLC0415

    compile_all()
    say(Text(vi=f"Đã biên dịch vào {folder}", en=f"Compiled into {folder}").say(language))
