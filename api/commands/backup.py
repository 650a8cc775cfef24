"""`parkplan backup` and `restore-backup`: everything that a store holds in one file, and a store made from it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import LangOption, StoreOption, named_store
from api.errors import MissingStoreError
from api.terminal import say, spoken_language
from layers.types import Language, Text

if TYPE_CHECKING:
    from layers.backups import Backup

__all__ = ["backup", "restore_backup"]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a file that is there is replaced.")],
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Write everything that the store holds into one file, while others read and write."""
    language = spoken_language(lang)
    from api.settings import is_server_store  # noqa: PLC0415
    from layers.backups import write_backup  # noqa: PLC0415

    name = named_store(store)
    if not is_server_store(name) and not Path(name).exists():
        raise MissingStoreError(seen=name, wanted="parkplan init" + (f" --store {name}" if store else ""))
    done = write_backup(name, file)
    _say(done, language, Text(vi=f"Đã sao lưu vào {file} và đọc lại", en=f"Backed up to {file}, and read again"))


def restore_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `parkplan backup` wrote.")],
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Make a store from a backup, where there is none yet."""
    language = spoken_language(lang)
    from layers.backups import restore_backup as make_again  # noqa: PLC0415

    name = named_store(store)
    done = make_again(file, name)
    _say(done, language, Text(vi=f"Đã khôi phục {file} và so lại", en=f"Restored {file}, and compared"))


def _say(done: Backup, language: Language, what: Text) -> None:
    said = Text(
        vi=f"{what.vi}: {done.features} đối tượng, phiên bản thay đổi {done.changeset}.",
        en=f"{what.en}: {done.features} features, changeset {done.changeset}.",
    )
    say(said.say(language))
