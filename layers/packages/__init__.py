"""Exchange packages: layers handed to an institute as one file, and its changes taken back against the same state."""

from __future__ import annotations

from layers.packages.area import park_area, read_area, shape_area
from layers.packages.changes import LayerChanges, PackageChanges
from layers.packages.creating import create_package
from layers.packages.manifest import Manifest
from layers.packages.merging import PackageMerge, commit_merge, merge_package
from layers.packages.reading import changes_of_package
from layers.packages.register import (
    EXCHANGE_TITLES,
    Exchange,
    ExchangeKind,
    get_exchange,
    hand_out,
    list_exchanges,
    note_return,
)
from layers.packages.signing import (
    Signature,
    fingerprint,
    make_keys,
    read_private_key,
    read_public_key,
    sign_package,
    verify_package,
)

__all__ = [
    "EXCHANGE_TITLES",
    "Exchange",
    "ExchangeKind",
    "LayerChanges",
    "Manifest",
    "PackageChanges",
    "PackageMerge",
    "Signature",
    "changes_of_package",
    "commit_merge",
    "create_package",
    "fingerprint",
    "get_exchange",
    "hand_out",
    "list_exchanges",
    "make_keys",
    "merge_package",
    "note_return",
    "park_area",
    "read_area",
    "read_private_key",
    "read_public_key",
    "shape_area",
    "sign_package",
    "verify_package",
]
