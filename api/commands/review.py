"""`parkplan review`: every park against the rules at a horizon; the same numbers as the page and the process."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.commands.options import AsOfOption, LangOption, ProposalOption, StoreOption, choose, open_existing, record_time
from api.errors import BadParameterError
from api.terminal import print_table, say, spoken_language, write_result
from layers.types import Language, Text

if TYPE_CHECKING:
    from gis.review import Review

__all__ = ["review"]

_FORMATS: Final = ("table", "json", "csv", "geojson")


def review(
    *,
    horizon: Annotated[str, typer.Option(metavar="YEAR", help="Year; the state on its 31 December.")],
    format_: Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="Of the result.")] = "table",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the result there.")] = None,
    as_of: AsOfOption = None,
    proposal: ProposalOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Review every park against the rules at a horizon."""
    language = spoken_language(lang)
    choose(format_, _FORMATS, option="--format")
    if out is not None and format_ == "table":
        raise BadParameterError(seen="table", wanted="json, csv, geojson", where="--format")
    year = _year(horizon)
    recorded = record_time(as_of)
    with open_existing(store) as opened:
        from gis.review import review_plan  # noqa: PLC0415

        read = functools.partial(opened.read, as_of=recorded, proposal=proposal)
        reviewed = review_plan(read, horizon=year, definitions=opened.layers())
    if format_ == "table":
        _show(reviewed, language)
        return
    write_result(_encoded(reviewed, format_, language, for_file=out is not None), out=out)
    if out is not None:
        written = Text(vi=f"Đã ghi {out}", en=f"Wrote {out}")
        say(written.say(language), error=True)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        wanted = Text(vi="một năm như 2030", en="a year such as 2030")
        raise BadParameterError(seen=text, wanted=wanted, where="--horizon")
    return int(text)


def _encoded(reviewed: Review, format_: str, language: Language, *, for_file: bool) -> bytes:
    import pandas as pd  # noqa: PLC0415

    from layers.geojson import to_json  # noqa: PLC0415

    document = reviewed.document(language)
    if format_ == "json":
        return to_json(document) + b"\n"
    if format_ == "geojson":
        return to_json(document["findings"]) + b"\n"
    rows = [{"finding_id": entry["id"], **entry["properties"]} for entry in document["findings"]["features"]]
    # A spreadsheet knows Vietnamese text in a file by the mark in front.
    return pd.DataFrame(rows).to_csv(index=False).encode("utf-8-sig" if for_file else "utf-8")


def _show(reviewed: Review, language: Language) -> None:
    from gis.review import OUTCOME_TITLES, OUTCOMES  # noqa: PLC0415

    findings, parks = reviewed.findings, reviewed.parks
    names = parks["name_en" if language == "en" else "name_vi"].fillna(parks["name_vi"])
    rows: list[list[object]] = [
        [park, name, *counts]
        for park, name, *counts in zip(parks.index, names, *(parks[outcome] for outcome in OUTCOMES), strict=True)
    ]
    title = Text(vi=f"Rà soát tại mốc {reviewed.horizon}", en=f"Review at the horizon {reviewed.horizon}")
    park_title = Text(vi="khu", en="park")
    headings = ["id", park_title.say(language), *(OUTCOME_TITLES[outcome].say(language) for outcome in OUTCOMES)]
    print_table(title.say(language), headings, rows, numbers=len(OUTCOMES))
    counts = reviewed.summary()
    summed = ", ".join(f"{OUTCOME_TITLES[outcome].say(language)} {counts[outcome]}" for outcome in OUTCOMES)
    all_of_them = Text(vi="Tổng cộng", en="In all").say(language)
    say(f"{all_of_them}: {summed}.")
    for outcome in ("fail", "warning"):
        for message in findings.loc[findings["outcome"] == outcome, f"message_{language}"]:
            say(f"- {OUTCOME_TITLES[outcome].say(language)}: {message}")
