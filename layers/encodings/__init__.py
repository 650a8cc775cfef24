"""The text doctor: which old encoding Vietnamese text is in, how to read it, and what that loses.

`detect` ranks the encodings a column may be in, `convert` reads it, `encode` writes it, `repair` decides for the
columns of a table and leaves doubtful ones to the user, `decode_bytes` starts from bytes, and `canonical` is the form
to compare names in.
"""

from layers.encodings.canonical import Likeness, canonical, canonicals, likeness
from layers.encodings.conversion import LOSSES, Converted, Loss, Lost, convert, encode
from layers.encodings.detection import CERTAIN, Candidate, detect
from layers.encodings.raw import DecodedBytes, decode_bytes
from layers.encodings.repairing import ColumnRepair, Repair, State, repair
from layers.encodings.schemes import SCHEMES, Scheme
from layers.encodings.syllables import is_syllable

__all__ = [
    "CERTAIN",
    "LOSSES",
    "SCHEMES",
    "Candidate",
    "ColumnRepair",
    "Converted",
    "DecodedBytes",
    "Likeness",
    "Loss",
    "Lost",
    "Repair",
    "Scheme",
    "State",
    "canonical",
    "canonicals",
    "convert",
    "decode_bytes",
    "detect",
    "encode",
    "is_syllable",
    "likeness",
    "repair",
]
