"""Online backup of a store: one file with everything, checked as it is written, and checked again as it is restored."""

from __future__ import annotations

from layers.backups.archive import Backup, Part, read_backup
from layers.backups.making import restore_backup, write_backup

__all__ = ["Backup", "Part", "read_backup", "restore_backup", "write_backup"]
