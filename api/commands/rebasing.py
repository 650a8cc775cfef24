"""`parkplan proposal rebase`: a proposal goes onto the newest state of the plan."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.commands.offering import proposal
from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.commands.proposal import AuthorOption, IdArgument, MessageOption
from api.terminal import say, spoken_language, write_result
from layers.types import Text

__all__ = ["proposal", "rebase"]

_SIDES: Final = ("ours", "theirs", "base")


@proposal.command()
def rebase(
    id_: IdArgument,
    *,
    resolve: Annotated[
        str | None, typer.Option(metavar="|".join(_SIDES), help="Resolve what is not resolved otherwise.")
    ] = None,
    resolutions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Resolutions, as --conflicts wrote them and you filled them in.")
    ] = None,
    conflicts: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the conflicts there as JSON.")] = None,
    author: AuthorOption = None,
    message: MessageOption = "",
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Move a draft or a returned proposal onto the newest state, merged with what others changed since."""
    language = spoken_language(lang)
    if resolve is not None:
        choose(resolve, _SIDES, option="--resolve")

    from layers.geojson import to_json  # noqa: PLC0415
    from layers.merge import Resolution, read_resolutions  # noqa: PLC0415
    from layers.proposals import rebase_proposal  # noqa: PLC0415

    who = author or getpass.getuser()
    side: Any = resolve
    rules = [] if resolve is None else [Resolution(side, by=who, why=message)]
    rules += [] if resolutions is None else read_resolutions(resolutions, by=who)
    with open_existing(store) as opened:
        merged = rebase_proposal(opened, id_, author=who, message=message, rules=rules)
    found, still = merged.proposal, merged.merge.conflicts.open
    if conflicts is not None:
        write_result(to_json(merged.merge.conflicts.document(language)) + b"\n", out=conflicts)
    if len(still):
        for line in still.messages(language):
            say(line)
        left = Text(
            vi=f"Còn {len(still)} xung đột; đề xuất {found.id} vẫn trên phiên bản thay đổi {found.base}.",
            en=f"{len(still)} conflicts are open; the proposal {found.id} stays on changeset {found.base}.",
        )
        say(left.say(language))
        raise typer.Exit(2)
    told = Text(
        vi=f"Đề xuất {found.id} trên phiên bản thay đổi {found.base}, phiên bản {found.version}.",
        en=f"The proposal {found.id} is on changeset {found.base}, version {found.version}.",
    )
    say(told.say(language))
