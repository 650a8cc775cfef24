"""`parkplan init`: a store that holds the shipped Hanoi layers."""

from __future__ import annotations

from pathlib import Path

from api.commands.options import LangOption, StoreOption, named_store
from api.errors import OutputError
from api.terminal import say, spoken_language
from layers.types import Text

__all__ = ["init"]


def init(store: StoreOption = None, lang: LangOption = None) -> None:
    """Make a store and load the shipped Hanoi layers; what is there already stays."""
    language = spoken_language(lang)
    name = named_store(store)
    _make_folder(name)

    from layers import hanoi  # noqa: PLC0415
    from layers.store import open_store  # noqa: PLC0415

    with open_store(name) as opened:
        before = opened.latest()
        hanoi.seed(opened)
        after = opened.latest()
        count = len(opened.layers())
        features = sum(opened.extent(layer).features for layer in opened.layers())
        done = (
            Text(
                vi=f"Đã nạp dữ liệu Hà Nội vào {opened.url}: {count} lớp, {features} đối tượng.",
                en=f"Loaded the Hanoi data into {opened.url}: {count} layers, {features} features.",
            )
            if after > before
            else Text(
                vi=f"{opened.url} đã có dữ liệu Hà Nội: {count} lớp, {features} đối tượng; không thay đổi gì.",
                en=f"{opened.url} already holds the Hanoi data: {count} layers, {features} features; nothing changed.",
            )
        )
    say(done.say(language))


def _make_folder(store: str) -> None:
    from api.settings import is_server_store  # noqa: PLC0415

    if is_server_store(store):
        return
    folder = Path(store).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        wanted = Text(vi="một thư mục ghi được", en="a folder that can be written to")
        raise OutputError(seen=error.strerror, wanted=wanted, where=store) from error
