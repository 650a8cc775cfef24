"""Read and check every file of a folder of real data, and write what came of it to docs/files.md."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from layers.errors import LayersError
from layers.examining import validate_file
from layers.formats import inspect
from layers.rasters import RASTERS, inspect_raster
from layers.receipts import Receipt
from layers.types import Text

__all__ = ["KNOWN", "PAGE", "Checked", "Known", "check_folder", "data_files", "found", "main", "page"]

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "files.md"
#: Parts of a file that has several, and what the first part is called.
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg", ".cst", ".qpj"),
    ".tab": (".dat", ".map", ".id"),
    ".dbf": (".cpg", ".cst"),
}
#: What GDAL and QGIS write beside files that they open.
_LEFT_BEHIND: Final = (".gfs", ".aux.xml", ".qmd")
#: How many files are looked at at once.
_PROCESSES: Final = 2
#: Longest reason that is shown.
_LONGEST: Final = 110


@dataclass(frozen=True)
class Checked:
    """What came of one layer of a file, or of the whole file.

    Parameters
    ----------
    file : str
        Path below the folder.
    parts : tuple of str
        Endings of the files that belong to it; only with its first layer.
    layer : str
        Of a file with several.
    read : str
        Driver; empty where it was not read.
    features : int or None
        How many it holds.
    coordinates : str
        As what they were read.
    issues : mapping of str to int
        Count by rule.
    mended : int
        How many of them were put right.
    reason : str
        Why it was refused.
    """

    file: str
    parts: tuple[str, ...] = ()
    layer: str = ""
    read: str = ""
    features: int | None = None
    coordinates: str = ""
    issues: Mapping[str, int] = field(default_factory=dict)
    mended: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A fault that whoever collected the files measured with other tools.

    Parameters
    ----------
    file : str
        Path below the folder.
    fault : str
        In words, with the published count.
    rules : tuple of str
        The rules of which one has to find it: what is narrow is a sliver.
    least, most : int
        How many issues of that rule there have to be; the same where both count one thing.
    """

    file: str
    fault: str
    rules: tuple[str, ...]
    least: int = 1
    most: int = sys.maxsize


#: What the folder's own list of faults says, as far as it is in the scope of the checks.
KNOWN: Final = (
    Known("admin/hanoi_units_2026.gpkg", "published areas 0.91 to 1.23 times the outlines", ("attribute-area",), 12),
    Known("bachunghai/gates.shp", "empty columns of coordinates beside a geometry", ("attribute-coordinates",)),
    Known("bachunghai/land_use.shp", "10 invalid rings", ("geometry-invalid", "geometry-self-touch"), 10, 10),
    Known("bachunghai/land_use.shp", "areas stale: 144 differ by more than 10 %", ("attribute-area",), 142),
    Known("bachunghai/land_use.shp", "23 duplicated geometries", ("topology-duplicate",), 23),
    Known(
        "bachunghai/land_use.shp",
        "119 overlapping pairs above 1 m², the duplicates and those of invalid rings among them",
        ("topology-overlap", "topology-sliver", "topology-duplicate"),
        90,
    ),
    Known("cadastre/duynghia_parcels_sheets_1_6.gpkg", "2 ring self-intersections", ("geometry-invalid",), 2, 2),
    Known("cadastre/duynghia_parcels_sheets_1_6.gpkg", "areas computed in EPSG:5899", ("attribute-projection",)),
    Known("expected/overlay_nybb/polydf.shp", "areas and lengths in US survey feet", ("attribute-unit",), 2, 2),
    Known("expected/zonal_slope/points_noproj.shp", "no CRS", ("crs-unknown",), 1, 1),
    Known("formats/dxf/urbam_big_grid_mm_nocrs.dxf", "millimetres without a CRS", ("crs-unknown",), 1, 1),
    Known("formats/mapinfo_tab_latin1/ZONE_URBA_41003.TAB", "1 invalid", ("geometry-invalid",), 1, 1),
    Known("industrial/shtp_lots_pixel_coords.geojson", "2 rings are not closed", ("file-unclosed-ring",), 2, 2),
    Known("industrial/shtp_lots_pixel_coords.geojson", "coordinates are pixels of an image", ("crs-unknown",), 1, 1),
    Known("planning/hanoi_redriver_planning_sketch.geojson", "1 invalid", ("geometry-invalid",), 1, 1),
    Known("planning/hanoi_redriver_planning_sketch.geojson", "crude outlines, areas as free text", ("attribute-area",)),
    Known("vientiane/glup2030_cdudcp_v1.shp", "one overlap of 16 m²", ("topology-overlap", "topology-sliver")),
    Known("zoning/fr_gml/PRESCRIPTION_SURF.gml", "1 invalid", ("geometry-invalid",), 1, 1),
    Known(
        "zoning/fr_plu_41175/ZONE_URBA.shp",
        "131 overlapping pairs above 1 m²",
        ("topology-overlap", "topology-sliver"),
        131,
    ),
    Known("zoning/fr_plu_41175/ZONE_URBA.shp", "236 holes in the union", ("topology-gap", "topology-sliver"), 236),
)


def data_files(folder: Path) -> list[Path]:
    """Return every file of a folder.

    Parameters
    ----------
    folder : Path
        With folders below.

    Returns
    -------
    list of Path
        In order, without what programs leave beside the files that they read.
    """
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(_LEFT_BEHIND))


def check_folder(folder: Path) -> list[Checked]:
    """Read and check every file of a folder.

    Parameters
    ----------
    folder : Path
        With folders below.

    Returns
    -------
    list of Checked
        In order of the paths; several for a file with several layers.
    """
    files = data_files(folder)
    belongs = {part: main for main in files for part in _parts(main)}
    mains = [path for path in files if path not in belongs]
    # The files do not know of each other, and GDAL's settings of one process stay out of the other.
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        return [one for several in pool.map(_all_checked, mains, [folder] * len(mains)) for one in several]


def _all_checked(path: Path, folder: Path) -> list[Checked]:
    parts = tuple(part.suffix for part in _parts(path))
    return list(_checked(path, path.relative_to(folder).as_posix(), parts))


def _parts(main: Path) -> list[Path]:
    """Return the files that are parts of another."""
    endings = _PARTS.get(main.suffix.lower(), ())
    if main.suffix.lower() == ".dbf" and any(main.with_suffix(one).exists() for one in (".shp", ".SHP")):
        return []
    names = [main.with_suffix(ending) for one in endings for ending in (one, one.upper())]
    return sorted(path for path in names if path.exists())


def _checked(path: Path, name: str, parts: tuple[str, ...]) -> Iterator[Checked]:
    try:
        if path.suffix.lower() in RASTERS:
            yield _raster(path, name)
            return
        layers = [layer.name for layer in inspect(path).layers]
    except LayersError:
        yield _from_receipt(validate_file(path), name, parts, "")
        return
    for number, layer in enumerate(layers):
        receipt = validate_file(path, source_layer=layer)
        yield _from_receipt(receipt, name, parts if number == 0 else (), layer if len(layers) > 1 else "")


def _raster(path: Path, name: str) -> Checked:
    info = inspect_raster(path)
    bands, rows, columns = info.shape
    size = f"{columns} × {rows} cells, {bands} band{'s' if bands > 1 else ''}"
    crs = (info.crs or "not stated") if len(info.crs or "") < 20 else "WKT"
    oblong = ", oblong cells" if info.oblong else ""
    return Checked(name, read=f"{info.driver}: {size}", coordinates=f"{crs}{oblong}")


def _from_receipt(receipt: Receipt, name: str, parts: tuple[str, ...], layer: str) -> Checked:
    return Checked(
        name,
        parts,
        layer,
        ", ".join(part for part in (receipt.file.driver, receipt.file.encoding) if part),
        receipt.read if receipt.file.driver else None,
        _coordinates(receipt),
        dict(sorted(Counter(issue.rule for issue in receipt.issues).items())),
        sum(issue.repair is not None for issue in receipt.issues),
        "" if receipt.error is None else _reason(receipt.error),
    )


def _coordinates(receipt: Receipt) -> str:
    if receipt.record is None:
        if receipt.diagnosis is None:
            return ""
        choices = ", ".join(one.key for one in receipt.diagnosis.choices[:3])
        return f"doctor: {receipt.diagnosis.verdict}{f' ({choices})' if choices else ''}"
    source = receipt.record.transformation.source
    corrected = "".join(f" + {one}" for one in receipt.record.corrections)
    verdict = "" if receipt.diagnosis is None else f"; doctor: {receipt.diagnosis.verdict}"
    return f"{source}{corrected}{verdict}"


def _reason(error: LayersError) -> str:
    """Return why a file was refused, without what stands in it."""
    said = error.seen.say("en") if isinstance(error.seen, Text) else str(error.seen)
    said = re.sub(r"'[^']*'|-?\d+\.\d+|/\S+/", "…", said.partition(" but the coordinates")[0])
    wanted = error.wanted.say("en") if isinstance(error.wanted, Text) else str(error.wanted)
    wanted = re.split(r"[.;:(]", wanted)[0]
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    return f"{said} (wanted {wanted[:_LONGEST].strip()})"


def page(checked: Sequence[Checked]) -> str:
    """Return the page.

    Parameters
    ----------
    checked : sequence of Checked
        Every file.

    Returns
    -------
    str
        Markdown: names, counts and rule ids, nothing of what stands in the files.
    """
    files = {one.file for one in checked}
    parts = sum(len(one.parts) for one in checked)
    read = {one.file for one in checked if one.read}
    counted = (
        f"{len(files) + parts} files: {len(files)}, and {parts} that are parts of them. {len(read)} were read, "
        f"{len(files - read)} refused as a whole."
    )
    lines = [
        "# Every file of the test data",
        "",
        counted,
        "Each layer was checked for itself, as `parkplan validate` does without a layer. `make files` writes this page",
        "anew, and a test compares it with the files. Rules stand in [checks](checks.md), how coordinates are judged",
        "in [validation](validation.md). The target area is Hanoi: data from elsewhere have",
        "`crs-outside`, and the doctor's verdict is `none`.",
        "",
        "## Known faults",
        "",
        "What the list that comes with the data tells, measured there with other tools.",
        "",
        "| file | fault | rule | issues found |",
        "|---|---|---|---|",
        *(f"| `{one.file}` | {one.fault} | {_rules(one)} | {found(one, checked)} |" for one in KNOWN),
        "",
        "## Files",
        "",
        "| file | with | layer | read as, or refused because | features | coordinates | issues |",
        "|---|---|---|---|---|---|---|",
        *(_line(one) for one in checked),
        "",
    ]
    return "\n".join(lines)


def found(known: Known, checked: Sequence[Checked]) -> int:
    """Return how many issues of a known fault's rules its file has.

    Parameters
    ----------
    known : Known
        The fault.
    checked : sequence of Checked
        Every file.

    Returns
    -------
    int
        Over all layers of the file.
    """
    return sum(one.issues.get(rule, 0) for one in checked if one.file == known.file for rule in known.rules)


def _rules(known: Known) -> str:
    return ", ".join(f"`{rule}`" for rule in known.rules)


def _line(one: Checked) -> str:
    issues = ", ".join(f"`{rule}` {count}" for rule, count in one.issues.items())
    mended = f" ({one.mended} put right)" if one.mended else ""
    read = (
        " — refused: ".join(part for part in (one.read, one.reason) if part) if one.read else f"refused: {one.reason}"
    )
    cells = (
        f"`{one.file}`",
        " ".join(one.parts),
        one.layer,
        read,
        "" if one.features is None else str(one.features),
        one.coordinates,
        issues + mended,
    )
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page.

    Parameters
    ----------
    arguments : sequence of str, optional
        The folder of the data.

    Returns
    -------
    int
        0.
    """
    (folder,) = sys.argv[1:] if arguments is None else arguments
    PAGE.write_text(page(check_folder(Path(folder))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
