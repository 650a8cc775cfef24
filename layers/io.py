"""Files in and out, for notebooks: the same functions as behind the command line and the server."""

from __future__ import annotations

from layers.examining import validate_file
from layers.formats import inspect, read_batches, read_features, write_features
from layers.importing import import_file, receive_file
from layers.receipts import Receipt

__all__ = [
    "Receipt",
    "import_file",
    "inspect",
    "read_batches",
    "read_features",
    "receive_file",
    "validate_file",
    "write_features",
]
