"""A real QGIS, run as a program of its own, against a real server on both stores."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from layers.people import Grant, Role, open_people
from tests.support.server import serve

HERE: Final = Path(__file__).parent
#: Run by QGIS' own Python, which has libraries that the tests have not.
collect_ignore = ["inside.py"]
LIMIT_S: Final = 120

Json = dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out where no QGIS is given: it is 2 GB that the other tests do without."""
    if os.environ.get("PARKPLAN_QGIS_ROOT"):
        return
    reason = "Needs a real QGIS, which `make qgis` fetches, and sets PARKPLAN_QGIS_ROOT."
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Told:
    """What QGIS told of the steps of one run."""

    version: str
    results: list[Any]
    said: list[str]


@dataclass(frozen=True)
class Qgis:
    """A QGIS in a root folder of its own, or the one of this machine in "/"."""

    root: Path
    folder: Path

    def inside(self, path: Path) -> str:
        """Return what a file in the shared folder is called for QGIS."""
        return str(Path("/") / path.relative_to(self.root))

    def run(self, *steps: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Told:
        """Let a new QGIS do steps, and return what it tells."""
        program, job = self.folder / "inside.py", self.folder / f"{uuid4().hex}.json"
        shutil.copy(HERE / "inside.py", program)
        job.write_text(json.dumps({"headers": headers or {}, "steps": steps}), encoding="utf-8")
        command = ["env", "QT_QPA_PLATFORM=offscreen", f"HOME={self.inside(self.folder)}", "LANG=C.UTF-8"]
        command += ["/usr/bin/python3", self.inside(program), self.inside(job)]
        prefix = [] if self.root == Path("/") else ["chroot", str(self.root)]
        done = subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        result = job.with_suffix(".result")
        # It may fall over while it ends, which a user does not see.
        assert result.exists(), done.stdout + done.stderr
        return Told(**json.loads(result.read_text(encoding="utf-8")))


@pytest.fixture
def qgis() -> Iterator[Qgis]:
    """Give a QGIS with an empty profile and a folder that it can read and write."""
    root = Path(os.environ["PARKPLAN_QGIS_ROOT"]).resolve()
    folder = root / "tmp" / f"parkplan-{uuid4().hex}"
    folder.mkdir()
    yield Qgis(root, folder)
    shutil.rmtree(folder)


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a server for one person over the shipped layers, once for each engine."""
    with serve(store_url, log=tmp_path / "server.log") as address:
        yield address


@pytest.fixture
def signed(store_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a server on which people sign in, once for each engine."""
    with serve(store_url, log=tmp_path / "server.log", settings={"PARKPLAN_SIGN_IN": "on"}) as address:
        yield address


def token(url: str, person: str, role: Role) -> dict[str, str]:
    """Make a person with a role, and return the headers that QGIS is to send for him."""
    with open_people(url) as people:
        people.accounts.add(person, person.title())
        people.accounts.grant(Grant(role), person=person)
        _, text = people.tokens.make(person, "QGIS", scopes=("read", "propose", "edit"), days=1)
    return {"Authorization": f"Bearer {text}", "If-Match": "*"}
