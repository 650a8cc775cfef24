"""Signing packages with Ed25519: who made this, and whether it is as it was then."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from layers.errors import FileUnreadableError, MissingFileError, SignatureError
from layers.formats.archives import private_folder, unpack_zip
from layers.packages.manifest import checksum
from layers.types import Text

__all__ = [
    "SIGNATURE",
    "PrivateKey",
    "PublicKey",
    "Signature",
    "fingerprint",
    "make_keys",
    "read_private_key",
    "read_public_key",
    "sign_folder",
    "sign_package",
    "signature_of",
    "verify_package",
]

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey
SIGNATURE: Final = "signature.json"
_FORMAT: Final = "parkplan-signature"
_MOST_BYTES: Final = 4 * 1024**2
_KEYS: Final = frozenset({"format", "version", "algorithm", "by", "time", "public_key", "files", "signature"})


@dataclass(frozen=True, slots=True)
class Signature:
    """What the signature of a package says, which was itself found to be whole.

    Parameters
    ----------
    by : str
        Who says to have signed.
    key : str
        Fingerprint of the public key.
    time : str
        When, as stated.
    changed, added, missing : tuple of str
        Files that are not as they were signed.
    """

    by: str
    key: str
    time: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every file is as it was signed."""
        return not (self.changed or self.added or self.missing)

    def message(self) -> Text:
        """Return the signature in a sentence.

        Returns
        -------
        Text
            Who, with which key, and what is not as it was.
        """
        if self.whole:
            return Text(
                vi=f"Chữ ký của {self.by or '?'} (khoá {self.key}) còn nguyên.",
                en=f"The signature of {self.by or '?'} (key {self.key}) holds.",
            )
        files = ", ".join((*self.changed, *self.added, *self.missing))
        return Text(
            vi=f"Gói do {self.by or '?'} ký (khoá {self.key}) đã đổi sau khi ký: {files}.",
            en=f"The package signed by {self.by or '?'} (key {self.key}) was changed since: {files}.",
        )


def make_keys(folder: str | Path, name: str) -> tuple[Path, Path]:
    """Make a pair of keys.

    Parameters
    ----------
    folder : str or Path
        Where to.
    name : str
        The files are called NAME.key, which only its owner can read, and NAME.pub.

    Returns
    -------
    private, public : Path
        The files.

    Raises
    ------
    FileUnreadableError
        If one of them is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    private, public = Path(folder) / f"{name}.key", Path(folder) / f"{name}.pub"
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none)
    open_ = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        for path, content, mode in ((private, secret, 0o600), (public, open_, 0o644)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    except OSError as error:
        wanted = Text(vi="tên chưa dùng trong thư mục ghi được", en="an unused name in a folder that can be written to")
        raise FileUnreadableError(seen=error.strerror or error, wanted=wanted, where=str(error.filename)) from error
    return private, public


def read_private_key(path: str | Path) -> PrivateKey:
    """Read a private key.

    Parameters
    ----------
    path : str or Path
        A PEM file.

    Returns
    -------
    Ed25519PrivateKey
        The key.

    Raises
    ------
    MissingFileError, FileUnreadableError
        If there is no such file, or no such key in it.
    """
    wanted = Text(vi="khoá riêng Ed25519 (PEM)", en="a private Ed25519 key (PEM)")
    try:
        key = serialization.load_pem_private_key(_content(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileUnreadableError(seen=type(error).__name__, wanted=wanted, where=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FileUnreadableError(seen=type(key).__name__, wanted=wanted, where=str(path))
    return key


def read_public_key(path: str | Path) -> PublicKey:
    """Read a public key.

    Parameters
    ----------
    path : str or Path
        A PEM file.

    Returns
    -------
    Ed25519PublicKey
        The key.

    Raises
    ------
    MissingFileError, FileUnreadableError
        If there is no such file, or no such key in it.
    """
    wanted = Text(vi="khoá công khai Ed25519 (PEM)", en="a public Ed25519 key (PEM)")
    try:
        key = serialization.load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FileUnreadableError(seen=type(error).__name__, wanted=wanted, where=str(path)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise FileUnreadableError(seen=type(key).__name__, wanted=wanted, where=str(path))
    return key


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(seen=path) from error
    except OSError as error:
        wanted = Text(vi="tệp khoá", en="a key file")
        raise FileUnreadableError(seen=error.strerror or error, wanted=wanted, where=str(path)) from error


def fingerprint(key: PublicKey) -> str:
    """Return what people compare keys by.

    Parameters
    ----------
    key : Ed25519PublicKey
        The key.

    Returns
    -------
    str
        The first 16 hexadecimal digits of its SHA-256.
    """
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def sign_folder(folder: Path, key: PrivateKey, *, by: str) -> None:
    """Sign the files of a package that is not zipped yet; an older signature is replaced.

    Parameters
    ----------
    folder : Path
        The files.
    key : Ed25519PrivateKey
        The key.
    by : str
        Who signs.
    """
    (folder / SIGNATURE).unlink(missing_ok=True)
    told: dict[str, Any] = {
        "format": _FORMAT,
        "version": 1,
        "algorithm": "Ed25519",
        "by": by,
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        "files": _files(folder),
    }
    signature = base64.b64encode(key.sign(_canonical(told))).decode()
    content = orjson.dumps({**told, "signature": signature}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    (folder / SIGNATURE).write_bytes(content + b"\n")


def sign_package(path: str | Path, key: PrivateKey, *, by: str) -> None:
    """Sign a package file, in place and in one step.

    Parameters
    ----------
    path : str or Path
        The zip.
    key : Ed25519PrivateKey
        The key.
    by : str
        Who signs.

    Raises
    ------
    MissingFileError, FileUnreadableError
        If it is no zip that can be read.
    """
    path = Path(path)
    with ExitStack() as stack:
        folder = _unpacked(path, stack)
        sign_folder(folder, key, by=by)
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".parkplan-", dir=path.absolute().parent)))
        with zipfile.ZipFile(work / "signed.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            for name in (*sorted(_files(folder)), SIGNATURE):
                packed.write(folder / name, name)
        shutil.copymode(path, work / "signed.zip")
        (work / "signed.zip").replace(path)


def verify_package(path: str | Path, *, key: PublicKey | None = None) -> Signature:
    """Make sure that a package is as it was signed.

    Parameters
    ----------
    path : str or Path
        The zip.
    key : Ed25519PublicKey, optional
        The key it has to be signed with; without it any key will do, and who holds it is for the reader to know.

    Returns
    -------
    Signature
        Whole.

    Raises
    ------
    SignatureError
        If it is not signed, was changed since, or was signed with another key.
    MissingFileError, FileUnreadableError
        If it is no zip that can be read.
    """
    with ExitStack() as stack:
        found = signature_of(_unpacked(Path(path), stack), where=str(path), key=key)
    if found is None:
        seen = Text(vi="không có signature.json", en="there is no signature.json")
        raise SignatureError(seen=seen, wanted=Text(vi="gói đã ký", en="a signed package"), where=str(path))
    if not found.whole:
        wanted = Text(vi="gói như khi ký", en="the package as it was signed")
        raise SignatureError(seen=found.message(), wanted=wanted, where=str(path))
    return found


def signature_of(folder: Path, *, where: str, key: PublicKey | None = None) -> Signature | None:
    """Read the signature of an unpacked package, and hold the files against it.

    Parameters
    ----------
    folder : Path
        The files.
    where : str
        What to call the package in an error.
    key : Ed25519PublicKey, optional
        The key it has to be signed with.

    Returns
    -------
    Signature or None
        With the files that were changed since; None if there is none.

    Raises
    ------
    SignatureError
        If the signature itself is wrong, or of another key.
    """
    place = folder / SIGNATURE
    if not place.is_file():
        return None
    told, signed, public = _read(place, where)
    try:
        public.verify(signed, _canonical(told))
    except InvalidSignature as error:
        seen = Text(vi="chữ ký sai", en="it is wrong")
        raise SignatureError(seen=seen, wanted=Text(vi="chữ ký đúng", en="a right one"), where=where) from error
    if key is not None and key.public_bytes_raw() != public.public_bytes_raw():
        raise SignatureError(seen=fingerprint(public), wanted=fingerprint(key), where=where)
    then, now = told["files"], _files(folder)
    return Signature(
        by=told["by"],
        key=fingerprint(public),
        time=told["time"],
        changed=tuple(sorted(name for name in then.keys() & now.keys() if then[name] != now[name])),
        added=tuple(sorted(now.keys() - then.keys())),
        missing=tuple(sorted(then.keys() - now.keys())),
    )


def _read(place: Path, where: str) -> tuple[dict[str, Any], bytes, PublicKey]:
    """Read a signature file; it is hostile input."""
    wanted = Text(vi="signature.json của Parkplan", en="a signature.json of Parkplan")
    if place.stat().st_size > _MOST_BYTES:
        raise SignatureError(seen=f"{place.stat().st_size} byte", wanted=wanted, where=where)
    try:
        told = orjson.loads(place.read_bytes())
        if not isinstance(told, dict) or set(told) != _KEYS or told["format"] != _FORMAT:
            raise SignatureError(seen=Text(vi="nội dung lạ", en="strange content"), wanted=wanted, where=where)
        signature = base64.b64decode(told.pop("signature"), validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(told["public_key"], validate=True))
    except (ValueError, TypeError) as error:
        raise SignatureError(seen=error, wanted=wanted, where=where) from error
    texts = (told["by"], told["time"])
    files = told["files"]
    if not all(isinstance(text, str) for text in texts) or not isinstance(files, dict):
        raise SignatureError(seen=Text(vi="nội dung lạ", en="strange content"), wanted=wanted, where=where)
    return told, signature, public


def _canonical(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _files(folder: Path) -> dict[str, str]:
    """Return the checksum of every file but the signature."""
    places = [place for place in sorted(folder.rglob("*")) if place.is_file() and place != folder / SIGNATURE]
    return {place.relative_to(folder).as_posix(): checksum(place).sha256 for place in places}


def _unpacked(path: Path, stack: ExitStack) -> Path:
    if not path.exists():
        raise MissingFileError(seen=path)
    folder = private_folder(stack)
    unpack_zip(path, folder)
    return folder
