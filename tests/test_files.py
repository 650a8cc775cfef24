"""Every file of real data comes out as docs/files.md says, and its known faults are among those found."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.files import KNOWN, PAGE, Checked, Known, check_folder, data_files, found, page

#: The linter has no message for this one either.
HARMLESS = {"excessive_precision_truncated"}


@pytest.fixture(scope="module")
def checked(shared_data: Path) -> list[Checked]:
    """Give what comes of every file; this takes most of a minute."""
    return check_folder(shared_data)


def test_the_page_says_what_comes_of_the_files_today(checked: list[Checked]) -> None:
    assert page(checked).splitlines() == PAGE.read_text(encoding="utf-8").splitlines()


def test_every_file_is_there(checked: list[Checked], shared_data: Path) -> None:
    there = {path.relative_to(shared_data).as_posix() for path in data_files(shared_data)}
    assert len(there) == 426
    told = {one.file for one in checked}
    parts = [Path(one.file).with_suffix(part).as_posix() for one in checked for part in one.parts]
    assert told | set(parts) == there
    assert len(told) + len(parts) == len(there)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.file}: {known.fault}")
def test_a_known_fault_is_found(checked: list[Checked], known: Known) -> None:
    assert known.least <= found(known, checked) <= known.most


def test_good_geojson_is_read_and_bad_geojson_is_told(checked: list[Checked]) -> None:
    good = [one for one in checked if one.file.startswith("formats/geojson_good/")]
    assert len(good) == 18
    assert [one.file for one in good if not one.read] == []
    bad = [one for one in checked if one.file.startswith("formats/geojson_bad/") and one.file.endswith(".geojson")]
    assert len(bad) == 22
    silent = {Path(one.file).stem for one in bad if not set(one.issues) - {"crs-outside"}}
    assert silent == HARMLESS


def test_what_holds_no_features_is_refused(checked: list[Checked]) -> None:
    refused = {one.file for one in checked if not one.read}
    assert {"README.md", "expected/mcda_cases.json", "expected/orlib_pmedian/pmed1.txt"} <= refused
    assert not {one.file for one in checked if one.read} & {
        one.file for one in checked if one.file.endswith(".expected_messages.json")
    }


def test_expected_results_of_others_are_read_in_full(checked: list[Checked]) -> None:
    features = {one.file: one.features for one in checked}
    assert features["expected/overlay_nybb/polydf.shp"] == 5
    assert features["expected/overlay_nybb/polydf2.shp"] == 11
    assert features["expected/overlay_nybb/qgis-intersection.shp"] == 15
    assert features["expected/accessibility_bho/travel_matrix.parquet"] == 748_437
    assert features["expected/sf_location/SF_demand_205_centroid_uniform_weight.csv"] == 205
