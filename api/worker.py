"""One import in a process of its own, within limits: what a hostile or a hopeless file does here harms nobody else.

Started as ``python -m api.worker``; the order comes as JSON on standard input. Time and memory are limited by the
system, the environment is empty but for what Python needs, and nothing is fetched from a network. The commit is one
transaction, so that a worker that is stopped leaves nothing half-written.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from layers.jobs import Jobs, open_jobs
from layers.types import LANGUAGES, Text

__all__ = ["Limits", "Order", "environment", "main", "out_of_memory", "out_of_time"]

_MIB: Final = 1 << 20
#: How often a worker says that it is alive, seconds.
_HEARTBEAT_S: Final = 5.0
_FILES: Final = 256
#: What is passed on from the server's environment.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PGPASSFILE", "PGSSLROOTCERT")
#: Nothing is fetched, and GDAL reads no file that it was not given.
_OFF: Final = {
    "PROJ_NETWORK": "OFF",
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "CPL_CURL_VERBOSE": "NO",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_SKIP": "VRT,WMS,WMTS,WFS,OAPIF,HTTP,CSW,STACTA,STACIT,PLMosaic,Elasticsearch,Carto,AmigoCloud,GTI,GDALG",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Parameters
    ----------
    time_s : int
        Seconds, on the clock and of the processor each.
    memory_mib : int
        Address space, MiB.
    """

    time_s: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker has to do.

    Parameters
    ----------
    store : str
        The store.
    job : str
        Id of the job.
    file : str
        The uploaded file.
    layer : str
        The layer that takes it.
    options : dict
        Options of `layers.importing.receive_file`, plain values.
    limits : Limits
        What it may use.
    """

    store: str
    job: str
    file: str
    layer: str
    options: dict[str, Any]
    limits: Limits

    def packed(self) -> bytes:
        """Return the order as a worker reads it.

        Returns
        -------
        bytes
            JSON.
        """
        return json.dumps(asdict(self), ensure_ascii=False).encode()


class _TimeIsUpError(Exception):
    """The clock ran out."""


def environment() -> dict[str, str]:
    """Return the environment that a worker gets.

    Returns
    -------
    dict of str to str
        No settings, no passwords but those that the database's own files hold.
    """
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **_OFF}


def main() -> int:
    """Carry out the order on standard input.

    Returns
    -------
    int
        0 if the job has its result.
    """
    given = json.loads(sys.stdin.buffer.read())
    order = Order(**{**given, "limits": Limits(**given["limits"])})
    _limit(order.limits)
    with open_jobs(order.store) as jobs:
        try:
            result = _carry_out(order, jobs)
        except _TimeIsUpError:
            jobs.end(order.job, "failed", message=out_of_time(order.limits))
            return 1
        except MemoryError:
            jobs.end(order.job, "failed", message=out_of_memory(order.limits))
            return 1
        jobs.end(order.job, "successful", message=Text(vi="Xong.", en="Done."), result=result)
    return 0


def out_of_time(limits: Limits) -> Text:
    """Say that time ran out.

    Parameters
    ----------
    limits : Limits
        What was allowed.

    Returns
    -------
    Text
        Names the setting.
    """
    return Text(
        vi=f"Quá {limits.time_s} giây (PARKPLAN_IMPORT_TIME_S); đã dừng, không ghi gì.",
        en=f"It took more than {limits.time_s} seconds (PARKPLAN_IMPORT_TIME_S) and was stopped; nothing was written.",
    )


def out_of_memory(limits: Limits) -> Text:
    """Say that memory ran out.

    Parameters
    ----------
    limits : Limits
        What was allowed.

    Returns
    -------
    Text
        Names the setting.
    """
    return Text(
        vi=f"Cần hơn {limits.memory_mib} MiB bộ nhớ (PARKPLAN_IMPORT_MEMORY_MIB); đã dừng, không ghi gì.",
        en=f"It needed more than {limits.memory_mib} MiB of memory (PARKPLAN_IMPORT_MEMORY_MIB) and was stopped; "
        "nothing was written.",
    )


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.time_s, limits.time_s + 5))
    space = limits.memory_mib * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    for number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, _time_is_up)
    signal.alarm(limits.time_s)


def _time_is_up(_number: int, _frame: FrameType | None) -> None:
    raise _TimeIsUpError


def _carry_out(order: Order, jobs: Jobs) -> dict[str, Any]:
    """Receive the file, and return its receipt in every language."""
    from layers.importing import receive_file  # noqa: PLC0415 - loaded within the limits
    from layers.store import Decision, open_store  # noqa: PLC0415

    told = _Told(order.job, jobs)
    options = dict(order.options)
    number, date = options.pop("decision", None), options.pop("decided", None)
    if number is not None:
        options["decision"] = Decision(number, None if date is None else dt.date.fromisoformat(date))
    with told, open_store(order.store) as store:
        receipt = receive_file(store, Path(order.file), order.layer, progress=told.progress, **options)
    issues = {language: receipt.issues_frame(language).to_json(drop_id=True) for language in LANGUAGES}
    return {
        "state": receipt.state,
        "documents": {language: receipt.document(language) for language in LANGUAGES},
        "issues": {language: json.loads(text) for language, text in issues.items()},
    }


class _Told:
    """Says now and then that the worker is alive, and how far it is."""

    def __init__(self, job: str, jobs: Jobs) -> None:
        self._job = job
        self._jobs = jobs
        self._last = (0, Text(vi="Bắt đầu", en="Starting"))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._jobs.report(self._job, *self._last)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def progress(self, message: Text, share: float) -> None:
        self._last = (round(100 * share), message)
        if not self._jobs.report(self._job, *self._last):
            # It was dismissed: what has not been written never will be.
            sys.exit(0)

    def _beat(self) -> None:
        while not self._done.wait(_HEARTBEAT_S):
            self._jobs.report(self._job, *self._last)


if __name__ == "__main__":
    sys.exit(main())
