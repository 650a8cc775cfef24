"""The command line: `parkplan serve`, `init`, `review`, `import`, `validate`, `export`, `inspect`, `raster` and more.

Bad input ends with exit code 2 and one message on standard error in the reader's language, never with a traceback.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final

import typer

from api.commands.backup import backup, restore_backup
from api.commands.changesets import changesets
from api.commands.exporting import export
from api.commands.history import blame, diff, log, restore
from api.commands.importing import import_
from api.commands.init import init
from api.commands.inspecting import inspect
from api.commands.layers import layers
from api.commands.merging import merge
from api.commands.packages import package
from api.commands.people import people
from api.commands.raster import raster
from api.commands.rebasing import proposal
from api.commands.review import review
from api.commands.serve import serve
from api.commands.tiles import tiles
from api.commands.validating import validate
from api.errors import UsageError
from api.terminal import BAD_INPUT, environment_language, named_language, say
from layers.errors import ParkplanError
from layers.types import Text

__all__ = ["app", "main"]

#: What typer says, as far as a reader can bring it about.
_IN_VIETNAMESE: Final = {
    "No such option:": "không có tuỳ chọn",
    "No such command": "không có lệnh",
    "Missing command": "thiếu lệnh",
    "Got unexpected extra arguments": "thừa đối số",
    "Got unexpected extra argument(s)": "thừa đối số",
    "Got unexpected extra argument": "thừa đối số",
    "requires an argument": "cần một giá trị",
    "does not take a value": "không nhận giá trị",
    "Option ": "tuỳ chọn ",
    "Possible options": "có thể là",
    "Did you mean": "ý bạn là",
}

app = typer.Typer(
    name="parkplan",
    help="Hanoi's industrial parks reviewed against the plans.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it by position
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        say(f"parkplan {version('parkplan')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Take what belongs to no command."""


app.command()(serve)
app.command()(init)
app.command()(review)
app.command(name="import")(import_)
app.command()(validate)
app.command()(export)
app.command()(inspect)
app.command()(raster)
app.command()(changesets)
app.command()(log)
app.command()(diff)
app.command()(blame)
app.command()(restore)
app.command()(backup)
app.command(name="restore-backup")(restore_backup)
app.command()(merge)
app.add_typer(layers, name="layers")
app.add_typer(tiles, name="tiles")
app.add_typer(people, name="people")
app.add_typer(package, name="package")
app.add_typer(proposal, name="proposal")


def main() -> int:
    """Run the command line.

    Returns
    -------
    int
        Exit code: 0 for done, 2 for input that cannot be used.
    """
    arguments = sys.argv[1:] or ["--help"]
    try:
        ended = app(arguments, prog_name="parkplan", standalone_mode=False)
    except ParkplanError as error:
        return _refuse(error)
    except typer.TyperException as error:
        return _refuse(_usage_error(error))
    return ended if isinstance(ended, int) else 0


def _refuse(error: ParkplanError) -> int:
    language = named_language(sys.argv[1:]) or environment_language(os.environ)
    say(error.message(language), error=True)
    return BAD_INPUT


def _usage_error(error: typer.TyperException) -> UsageError:
    """Say in both languages what typer found wrong with a command line."""
    parameter = getattr(error, "param", None)
    if isinstance(error, typer.BadParameter) and parameter is not None and not error.message:
        name = parameter.get_error_hint()
        return UsageError(seen=Text(vi=f"thiếu {name}", en=f"{name} is missing"))
    english = error.format_message().rstrip(".")
    vietnamese = english
    for phrase, translated in _IN_VIETNAMESE.items():
        vietnamese = vietnamese.replace(phrase, translated)
    return UsageError(seen=Text(vi=vietnamese, en=english))
