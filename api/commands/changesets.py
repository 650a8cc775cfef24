"""`parkplan changesets`: who changed what, when, why and by which decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.commands.options import LangOption, StoreOption, open_existing
from api.terminal import print_table, spoken_language
from layers.types import Text

if TYPE_CHECKING:
    from layers.store import Decision

__all__ = ["changesets"]


def changesets(store: StoreOption = None, lang: LangOption = None) -> None:
    """List every changeset of the store, oldest first."""
    language = spoken_language(lang)
    with open_existing(store) as opened:
        recorded = opened.changesets()
    headings = (
        Text(vi="phiên bản", en="changeset"),
        Text(vi="thời điểm (UTC)", en="time (UTC)"),
        Text(vi="người thực hiện", en="author"),
        Text(vi="nội dung", en="message"),
        Text(vi="quyết định", en="decision"),
        Text(vi="số đối tượng", en="features"),
    )
    rows = [
        (
            entry.id,
            f"{entry.time:%Y-%m-%d %H:%M:%S}",
            entry.author,
            entry.message,
            _decision(entry.decision),
            entry.features,
        )
        for entry in recorded
    ]
    title = Text(vi="Lịch sử thay đổi", en="Record of changes")
    print_table(title.say(language), [heading.say(language) for heading in headings], rows, numbers=1)


def _decision(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return decision.number if decision.date is None else f"{decision.number} ({decision.date})"
