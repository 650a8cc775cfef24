"""Check how the packages lean on each other: layers <- gis <- api, never upward and never in a circle.

Every import is read from the source, also one inside a function, one for a type alone and one by name through
``import_module``. Three things are wrong: an import of a package above, an import that the package has no business with
(`gis` knows no files, SQL, environment or web; `api` no SQL and no geometry algebra), and modules that need each other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

__all__ = ["FOREIGN", "PACKAGES", "Import", "circles", "foreign_imports", "main", "read_imports", "upward_imports"]

#: From the ground up.
PACKAGES: Final = ("layers", "gis", "api")

_WEB: Final = frozenset({"fastapi", "flask", "httpx", "jinja2", "requests", "starlette", "typer", "urllib", "uvicorn"})
_SQL: Final = frozenset({"alembic", "geoalchemy2", "psycopg", "sqlalchemy", "sqlite3"})
_FILES: Final = frozenset({"glob", "io", "os", "pathlib", "pyogrio", "shutil", "socket", "subprocess", "tempfile"})
_ALGEBRA: Final = frozenset({"shapely.affinity", "shapely.algorithms", "shapely.constructive", "shapely.ops"})

#: What a package must not import from outside, a module's name standing for all below it.
FOREIGN: Final[Mapping[str, frozenset[str]]] = {
    "layers": _WEB | {"branca", "folium"},
    "gis": _WEB | _SQL | _FILES,
    "api": _SQL | _ALGEBRA,
}


@dataclass(frozen=True, slots=True)
class Import:
    """One module that names another.

    Parameters
    ----------
    importer : str
        The dotted name of the module that imports.
    imported : str
        The dotted name of the module that is imported.
    place : str
        Path and line.
    """

    importer: str
    imported: str
    place: str


def read_imports(root: Path, packages: Sequence[str] = PACKAGES) -> tuple[Import, ...]:
    """Read every import of some packages.

    Parameters
    ----------
    root : Path
        The folder that holds the packages.
    packages : sequence of str
        Which to read.

    Returns
    -------
    tuple of Import
        In the order of the files; a name imported from a package counts as the module it is, or else as the package.
    """
    modules = {
        _module_name(path.relative_to(root)): path for name in packages for path in sorted(root.glob(f"{name}/**/*.py"))
    }
    return tuple(
        Import(module, target, f"{path.relative_to(root)}:{line}")
        for module, path in modules.items()
        for target, line in _targets(module, path, modules)
    )


def upward_imports(imports: Sequence[Import], packages: Sequence[str] = PACKAGES) -> tuple[Import, ...]:
    """Return the imports that lead to a package above the importer's own.

    Parameters
    ----------
    imports : sequence of Import
        All imports.
    packages : sequence of str
        From the ground up.

    Returns
    -------
    tuple of Import
        The wrong ones.
    """
    rank = {name: place for place, name in enumerate(packages)}
    return tuple(item for item in imports if rank.get(_top(item.imported), -1) > rank[_top(item.importer)])


def foreign_imports(imports: Sequence[Import], foreign: Mapping[str, frozenset[str]] = FOREIGN) -> tuple[Import, ...]:
    """Return the imports of libraries that the importer's package must not use.

    Parameters
    ----------
    imports : sequence of Import
        All imports.
    foreign : mapping
        Package to the dotted names it must not import.

    Returns
    -------
    tuple of Import
        The wrong ones.
    """
    return tuple(item for item in imports if foreign[_top(item.importer)].intersection(_parents(item.imported)))


def circles(imports: Sequence[Import]) -> tuple[tuple[str, ...], ...]:
    """Return modules that need each other.

    Parameters
    ----------
    imports : sequence of Import
        All imports.

    Returns
    -------
    tuple of tuple of str
        None or one circle, its first module again at the end; the next one shows when that is mended.
    """
    ours = {item.importer for item in imports}
    needs: dict[str, set[str]] = {}
    for item in imports:
        if item.imported in ours:
            needs.setdefault(item.importer, set()).add(item.imported)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return (tuple(error.args[1]),)
    return ()


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _targets(module: str, path: Path, modules: Mapping[str, Path]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        match node:
            case ast.Import():
                yield from ((alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = _base(node, module, is_package=path.name == "__init__.py")
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    # A library's submodule cannot be told from its names, so the full name is kept for those.
                    yield (full if full in modules or _top(base) not in _tops(modules) else base), node.lineno
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name, node.lineno


def _tops(modules: Mapping[str, Path]) -> set[str]:
    return {_top(name) for name in modules}


def _base(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def main() -> int:
    """Check this repository.

    Returns
    -------
    int
        The exit code: 1 if any import is wrong.
    """
    imports = read_imports(Path(__file__).resolve().parent.parent)
    faults = [
        *(f"{item.place}: {item.importer} imports {item.imported}, upward" for item in upward_imports(imports)),
        *(f"{item.place}: {_top(item.importer)} must not import {item.imported}" for item in foreign_imports(imports)),
        *(f"modules need each other: {' -> '.join(circle)}" for circle in circles(imports)),
    ]
    print("\n".join([*faults, f"import rule: {len(imports)} imports read, {len(faults)} wrong"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
