"""`parkplan package`: layers handed to an institute as one file, and what came back."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import LangOption, StoreOption, open_existing
from api.terminal import say, spoken_language, write_result
from layers.types import Language, Text

if TYPE_CHECKING:
    from layers.packages import PackageChanges, Signature

__all__ = [
    "BaseOption",
    "CompleteOption",
    "CrsOption",
    "LayerOption",
    "PackageArgument",
    "package",
    "say_changes",
]

package = typer.Typer(help="Hand layers to an institute as one file, and read what came back.", no_args_is_help=False)

PackageArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The package, a .zip.")]
LayerOption = Annotated[
    str | None, typer.Option(metavar="LAYER", help="Only this layer; for a bare file, the layer it is for.")
]
BaseOption = Annotated[int | None, typer.Option(metavar="N", help="Changeset that a bare file began with; the newest.")]
CompleteOption = Annotated[
    bool, typer.Option("--complete", help="A bare file is complete: what is missing in it is deleted.")
]
CrsOption = Annotated[str | None, typer.Option(metavar="EPSG:CODE", help="CRS of a file that states none.")]


@package.command()
def create(
    *,
    layers: Annotated[str, typer.Option(metavar="LAYER,LAYER", help="Which layers.")],
    for_: Annotated[str, typer.Option("--for", metavar="INSTITUTE", help="For whom.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.zip", help="Where to; replaced if there.")],
    area: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N|FILE", help="Only features that reach into it; everywhere without it."),
    ] = None,
    park: Annotated[str | None, typer.Option(metavar="ID", help="The ground of this park, in place of --area.")] = None,
    margin: Annotated[float, typer.Option(metavar="METRES", help="So far around the park as well.")] = 0.0,
    as_of: Annotated[int | None, typer.Option(metavar="N", help="The state after this changeset; the newest.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE.key", help="Sign with this key.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who hands it out and signs; you, without it.")] = None,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Restricted fields too; left out without it.")
    ] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Write layers into one package, in the language of the institute, and note that it was handed out."""
    language = spoken_language(lang)
    if area is not None and park is not None:
        raise typer.BadParameter("--area, --park")

    from layers.packages import hand_out, park_area, read_area, read_private_key  # noqa: PLC0415
    from layers.store.viewing import Sight, StoreView  # noqa: PLC0415

    secret = None if key is None else read_private_key(key)
    shape = None if area is None else read_area(area)
    who = by or getpass.getuser()
    with open_existing(store) as opened:
        if park is not None:
            shape = park_area(opened, park, margin_m=margin, as_of=as_of)
        manifest, noted = hand_out(
            opened,
            out,
            seen=opened if restricted else StoreView(opened, Sight(restricted=frozenset())),
            who=who,
            layers=[name.strip() for name in layers.split(",") if name.strip()],
            institute=for_,
            area=shape,
            as_of=as_of,
            language=language,
            key=secret,
            signed_by=who,
        )
    counts = ", ".join(f"{layer} {entry.features}" for layer, entry in manifest.layers.items())
    base = manifest.store.changeset
    told = Text(
        vi=f"Đã ghi {out}: {counts}; trạng thái gốc: phiên bản thay đổi {base}; số {noted.number} trong sổ giao nhận.",
        en=f"Wrote {out}: {counts}; base: changeset {base}; number {noted.number} of the record.",
    )
    say(told.say(language))


@package.command("list")
def list_(
    *,
    institute: Annotated[str | None, typer.Option(metavar="NAME", help="Only what concerns this institute.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Write the record there as JSON.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """List which packages were handed out and came back, the newest first."""
    language = spoken_language(lang)

    from layers.geojson import to_json  # noqa: PLC0415
    from layers.packages import EXCHANGE_TITLES, list_exchanges  # noqa: PLC0415

    with open_existing(store) as opened:
        found = list_exchanges(opened, institutes=None if institute is None else [institute])
    if out is not None:
        write_result(to_json([one.document(language) for one in found]) + b"\n", out=out)
    for one in found:
        counts = ", ".join(f"{layer} {features}" for layer, features in one.layers.items())
        after = Text(
            vi=("" if one.answers is None else f" · trả lời số {one.answers}")
            + ("" if one.proposal is None else f" · đề xuất {one.proposal}"),
            en=("" if one.answers is None else f" · answers {one.answers}")
            + ("" if one.proposal is None else f" · proposal {one.proposal}"),
        ).say(language)
        say(
            f"{one.number}. {EXCHANGE_TITLES[one.kind].say(language)} · {one.time:%Y-%m-%d %H:%M} UTC · "
            f"{one.institute or '-'} · {one.who} · {one.name} · #{one.base}: {counts}{after}"
        )


@package.command()
def read(
    file: PackageArgument,
    *,
    layer: LayerOption = None,
    base: BaseOption = None,
    area: Annotated[str | None, typer.Option(metavar="W,S,E,N|FILE", help="Where a bare file is complete.")] = None,
    complete: CompleteOption = False,
    crs: CrsOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Write changes and receipts there.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Tell what an institute changed in a package or a file with ids, and write nothing."""
    language = spoken_language(lang)

    from layers.geojson import to_json  # noqa: PLC0415
    from layers.packages import changes_of_package, read_area  # noqa: PLC0415

    shape = None if area is None else read_area(area)
    with open_existing(store) as opened:
        changes = changes_of_package(opened, file, layer=layer, base=base, area=shape, complete=complete, crs=crs)
    if out is not None:
        write_result(to_json(changes.document(language)) + b"\n", out=out)
    say_changes(changes, language=language)
    changes.check()


@package.command()
def propose(
    file: PackageArgument,
    *,
    title: Annotated[str, typer.Option(metavar="TEXT", help="What it is about; names the package, without it.")] = "",
    message: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    author: Annotated[str, typer.Option(metavar="NAME", help="Who offers it; the institute, without it.")] = "",
    layer: LayerOption = None,
    base: BaseOption = None,
    complete: CompleteOption = False,
    crs: CrsOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Make a proposal of what an institute changed, on the state that the package was made of."""
    language = spoken_language(lang)

    from layers.proposals import propose_package  # noqa: PLC0415

    with open_existing(store) as opened:
        proposal, changes = propose_package(
            opened,
            file,
            title=title,
            author=author,
            message=message,
            layer=layer,
            base=base,
            complete=complete,
            crs=crs,
        )
    say_changes(changes, language=language)
    if proposal is None:
        told = Text(vi="Không có thay đổi nào; không lập đề xuất.", en="Nothing was changed; no proposal was made.")
    else:
        told = Text(
            vi=f"Đã lập đề xuất {proposal.id} “{proposal.title}” trên phiên bản thay đổi {proposal.base}.",
            en=f"Made the proposal {proposal.id} “{proposal.title}” on changeset {proposal.base}.",
        )
    say(told.say(language))


@package.command()
def keygen(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The files are NAME.key and NAME.pub.")],
    *,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to.")] = Path(),
    lang: LangOption = None,
) -> None:
    """Make a pair of Ed25519 keys to sign packages with."""
    language = spoken_language(lang)

    from layers.packages import fingerprint, make_keys, read_public_key  # noqa: PLC0415

    private, public = make_keys(folder, name)
    key = fingerprint(read_public_key(public))
    told = Text(
        vi=f"Đã tạo {private} (giữ kín) và {public} (gửi cho đơn vị nhận); khoá {key}.",
        en=f"Made {private} (keep it secret) and {public} (give it to others); key {key}.",
    )
    say(told.say(language))


@package.command()
def sign(
    file: PackageArgument,
    *,
    key: Annotated[Path, typer.Option(metavar="FILE.key", help="The private key.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who signs; you, without it.")] = None,
    lang: LangOption = None,
) -> None:
    """Sign a package as it is; an older signature is replaced."""
    language = spoken_language(lang)

    from layers.packages import read_private_key, sign_package, verify_package  # noqa: PLC0415

    sign_package(file, read_private_key(key), by=by or getpass.getuser())
    _say_signature(verify_package(file), language)


@package.command()
def verify(
    file: PackageArgument,
    *,
    key: Annotated[Path | None, typer.Option(metavar="FILE.pub", help="It has to be signed with this key.")] = None,
    lang: LangOption = None,
) -> None:
    """Make sure that a package is as it was signed."""
    language = spoken_language(lang)

    from layers.packages import read_public_key, verify_package  # noqa: PLC0415

    _say_signature(verify_package(file, key=None if key is None else read_public_key(key)), language)


def _say_signature(signature: Signature, language: Language) -> None:
    say(signature.message().say(language))


def say_changes(changes: PackageChanges, *, language: Language) -> None:
    """Say what an institute changed.

    Parameters
    ----------
    changes : PackageChanges
        Against the base.
    language : {"vi", "en"}
        The reader's language.
    """
    who = f" ({changes.institute})" if changes.institute else ""
    head = Text(
        vi=f"{changes.path.name}{who}, so với phiên bản thay đổi {changes.base}:",
        en=f"{changes.path.name}{who}, against changeset {changes.base}:",
    )
    say(head.say(language))
    for note in changes.notes:
        say(note.say(language))
    for layer, one in changes.layers.items():
        told = Text(
            vi=f"{layer}: {len(one.inserted)} thêm, {len(one.updated)} sửa, {len(one.deleted)} xoá",
            en=f"{layer}: {len(one.inserted)} added, {len(one.updated)} changed, {len(one.deleted)} removed",
        )
        say(told.say(language))
        if one.receipt is not None and (len(one) or one.receipt.issues):
            # Columns that are called like their fields, as in every package, need no line.
            renamed = {name: column for name, column in (one.receipt.columns or {}).items() if name != column}
            for line in replace(one.receipt, columns=renamed).messages(language):
                say(f"  {line}")
