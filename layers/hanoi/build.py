"""Make the shipped Hanoi data from the reference facts and the reviewed input tables.

Run from the root of the repository, with the folder of the reference::

    python -m layers.hanoi.build ../shared/reference

Running it twice gives the same bytes: one CSV file a layer, the columns that hold anything in the order of the layer's
definition, geometry as WKT with seven decimals.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from layers.catalogue import shipped_definitions
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import LayersError
from layers.hanoi.parks import ParkInputs, fact_rows, park_rows
from layers.hanoi.sources import INPUTS, Row, Translations, read_rows
from layers.hanoi.tables import indicator_rows, land_use_rows, place_rows, relation_rows, rule_rows, unit_rows

__all__ = ["DATA", "build", "main", "shipped_text"]

#: Where the shipped files stand.
DATA: Final = Path(__file__).parent / "data"
#: Layers whose rows come from one reviewed table each.
_PLACES: Final = (
    "coverage", "plans", "plots", "railways", "rivers", "roads", "substations", "wastewater_plants", "water_plants",
)  # fmt: skip
_USAGE: Final = "python -m layers.hanoi.build FOLDER_OF_THE_REFERENCE"


def build(reference: Path) -> dict[str, str]:
    """Make the shipped files.

    Parameters
    ----------
    reference : Path
        Folder with parks.csv, regulations.csv, landuse_codes.csv and indicators.csv.

    Returns
    -------
    dict of str to str
        Content of the CSV file by layer.

    Raises
    ------
    MissingFileError
        If a file of the reference is not there.
    FileUnreadableError
        If a file is no CSV in UTF-8.
    DefinitionError
        If an input table does not fit the reference.
    """
    definitions = shipped_definitions()
    translations = Translations.read(INPUTS / "translations.csv")
    inputs = ParkInputs(read_rows(INPUTS / "park_details.csv"), read_rows(INPUTS / "fact_sources.csv"), translations)
    park_reference = read_rows(reference / "parks.csv")
    parks = park_rows(park_reference, inputs)
    by_id = {row[ID_FIELD]: row for row in parks}
    reference_by_id = {row["park_id"]: row for row in park_reference}
    rules = read_rows(reference / "regulations.csv") + read_rows(INPUTS / "house_rules.csv")
    units = unit_rows(read_rows(INPUTS / "units.csv"), by_id, translations)
    layers = {
        "parks": parks,
        "facts": fact_rows(parks, inputs, definitions["parks"]),
        "rules": rule_rows(rules, read_rows(INPUTS / "rule_checks.csv"), translations),
        "land_use_codes": land_use_rows(read_rows(reference / "landuse_codes.csv"), definitions["plots"], translations),
        "indicators": indicator_rows(read_rows(reference / "indicators.csv"), translations),
        "admin_units": units,
        "unit_relations": relation_rows(parks, units),
    }
    for layer in _PLACES:
        rows = read_rows(INPUTS / "layers" / f"{layer}.csv")
        layers[layer] = place_rows(rows, by_id, reference_by_id, translations)
    return {layer: shipped_text(rows, definitions[layer]) for layer, rows in sorted(layers.items())}


def shipped_text(rows: Sequence[Row], definition: LayerDefinition) -> str:
    """Return a layer as the text of its CSV file.

    Parameters
    ----------
    rows : sequence of dict
        Text by field, with `feature_id` and geometry as WKT; names that are no field are left out.
    definition : LayerDefinition
        The layer.

    Returns
    -------
    str
        Header and rows, ended by a line feed; only columns that hold anything.
    """
    wanted = [ID_FIELD, *(field.name for field in definition.all_fields), "geometry"]
    if not definition.spatial:
        wanted.remove("position")
    names = [name for name in wanted if any(row.get(name) for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return text.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Write the shipped files.

    Parameters
    ----------
    arguments : sequence of str
        The folder of the reference.

    Returns
    -------
    int
        0, or 2 for bad input.
    """
    if len(arguments) != 1:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    try:
        files = build(Path(arguments[0]))
    except LayersError as error:
        sys.stderr.write(f"{error.message('vi')}\n{error.message('en')}\n")
        return 2
    DATA.mkdir(exist_ok=True)
    for layer, content in files.items():
        (DATA / f"{layer}.csv").write_text(content, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{layer}: {content.count(chr(10)) - 1}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
