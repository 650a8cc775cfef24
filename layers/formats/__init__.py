"""Files in and out: every format that institutes send, read for what it is, and what each can hold."""

from layers.formats.model import Inspection, Loss, SourceFeatures, SourceLayer, WriteResult
from layers.formats.reading import BATCH_ROWS, SUFFIXES, WANTED_FILE, inspect, read_batches, read_features
from layers.formats.writing import FORMATS, write_features

__all__ = [
    "BATCH_ROWS",
    "FORMATS",
    "SUFFIXES",
    "WANTED_FILE",
    "Inspection",
    "Loss",
    "SourceFeatures",
    "SourceLayer",
    "WriteResult",
    "inspect",
    "read_batches",
    "read_features",
    "write_features",
]
