"""What GDAL, the library behind QGIS, reads from a running server."""

from __future__ import annotations

import re
import subprocess

import pyogrio
import pytest


def ogrinfo(*arguments: str) -> str:
    done = subprocess.run(["ogrinfo", "-ro", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return done.stdout


def test_gdal_lists_every_layer(server: str) -> None:
    listed = ogrinfo(f"OAPIF:{server}")
    assert "using driver `OAPIF' successful" in listed
    for layer in ("parks", "admin_units", "rules", "plots"):
        assert f": {layer} (title: " in listed


def test_gdal_walks_every_page(server: str) -> None:
    summary = ogrinfo("-so", "-oo", "PAGE_SIZE=7", f"OAPIF:{server}", "parks")
    assert "Feature Count: 29" in summary
    assert 'ID["EPSG",4326]' in summary
    full = ogrinfo("-q", "-oo", "PAGE_SIZE=7", f"OAPIF:{server}", "parks")
    assert full.count("OGRFeature(parks)") == 29
    assert "name_vi (String) = KCN Phú Nghĩa" in full


def test_gdal_filters_by_place(server: str) -> None:
    near = ogrinfo("-q", "-spat", "105.5", "20.8", "105.7", "21.0", f"OAPIF:{server}", "parks")
    everything = ogrinfo("-q", f"OAPIF:{server}", "parks")
    assert 0 < near.count("OGRFeature(parks)") < everything.count("OGRFeature(parks)")


def test_pyogrio_reads_a_page_as_geojson(server: str) -> None:
    read = pyogrio.read_dataframe(f"{server}/collections/parks/items?limit=1000&f=json")
    assert len(read) == 29
    assert read.crs == "EPSG:4326"
    assert read.loc[read["id"] == "phu-nghia", "name_vi"].tolist() == ["KCN Phú Nghĩa"]


@pytest.mark.parametrize("layer", ["rules", "land_use_codes"])
def test_gdal_reads_layers_of_attributes_only(server: str, layer: str) -> None:
    count = int(re.findall(r"Feature Count: (\d+)", ogrinfo("-so", f"OAPIF:{server}", layer))[0])
    full = ogrinfo("-q", "-oo", "PAGE_SIZE=1000", f"OAPIF:{server}", layer)
    assert full.count(f"OGRFeature({layer})") == count > 10


def test_gdal_reads_the_tiles_of_a_layer(server: str) -> None:
    layers = pyogrio.list_layers(f"OGCAPI:{server}/collections/parks")
    assert ["Zoom level 0", "Unknown"] in layers.tolist()
    read = pyogrio.read_dataframe(f"OGCAPI:{server}/collections/parks", API="TILES", layer="Zoom level 0")
    assert len(read) == 24  # five parks have no place
    assert "KCN Phú Nghĩa" in set(read["name_vi"])
    assert read.crs.to_authority() == ("OGC", "CRS84")
