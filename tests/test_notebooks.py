"""The notebooks run as an analyst runs them, and give the numbers of the server and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks") / "hanoi.gpkg"


def executed(path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, extra: str = "") -> Any:
    """Run a notebook from its own folder, with one more cell at its end."""
    monkeypatch.setenv("PARKPLAN_STORE", str(store))
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells.append(nbformat.v4.new_code_cell(extra))  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def test_the_review_notebook_gives_the_numbers_of_every_other_way(
    store_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = executed(
        ROOT / "notebooks" / "01_first_review.ipynb",
        store_path,
        monkeypatch,
        "import json; print(json.dumps(review.document('en'), sort_keys=True))",
    )
    document = json.loads(notebook.cells[-1].outputs[0].text)
    command = [
        str(Path(sys.executable).parent / "parkplan"),
        "review",
        "--horizon",
        "2030",
        "--format",
        "json",
        "--lang",
        "en",
    ]
    said = subprocess.run([*command, "--store", str(store_path)], check=True, capture_output=True, cwd=ROOT)
    assert json.loads(said.stdout) == document
    answer = httpx.post(
        f"{server}/processes/planning-review/execution",
        json={"inputs": {"horizon": 2030, "language": "en"}},
        timeout=60,
    )
    assert answer.json() == document
    assert len(document["parks"]) == 29
    assert sum(document["summary"].values()) == len(document["findings"]["features"])
    maps = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "text/html" in output.get("data", {})
    ]
    assert any("leaflet" in output["data"]["text/html"] for output in maps)
    assert not any("https://cdn" in output["data"]["text/html"] for output in maps)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert cells
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


def test_the_notebook_on_receiving_a_file_asks_refuses_and_takes_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = "store.read('plots', ids=['L1', 'L2', 'L3', 'L4']).index.tolist()"
    extra = f"import json; print(json.dumps([receipt.state, part.state, part.refused, {taken}]))"
    notebook = executed(ROOT / "notebooks" / "02_receive_a_file.ipynb", tmp_path / "unused.gpkg", monkeypatch, extra)
    assert json.loads(notebook.cells[-1].outputs[0]["text"]) == ["refused", "partly_accepted", 3, ["L4"]]
    text = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    for rule in ("crs-undecided", "topology-overlap", "field-maximum", "EPSG:3405"):
        assert rule in text, rule
