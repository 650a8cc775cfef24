"""One job in a process of its own, within limits: what a hostile or a hopeless file does here harms nobody else.

Started as ``python -m api.worker``; the order comes as JSON on standard input. The system limits time, memory and the
length of files, and ends the process where one is broken: whoever started it tells why. The environment is empty but
for what Python needs. Where the kernel can (`api.confining`), the process reads nothing but programs, the upload and
the store, and calls nobody but the database. The commit is one transaction, so that nothing is ever half-written.
"""

from __future__ import annotations

import ctypes
import json
import mimetypes
import os
import resource
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from api.confining import confine
from api.tasks import Task, perform, starved
from layers.jobs import jobs_file, open_jobs
from layers.store.reaching import hold_files, server_port

__all__ = ["OUT_OF_MEMORY", "Limits", "Order", "environment", "main"]

#: What the process returns that could not have the memory it wanted.
OUT_OF_MEMORY: Final = 3
_MIB: Final = 1 << 20
_FILES: Final = 256
#: How long the store may be in somebody else's hands, seconds.
_PATIENCE_S: Final = 60.0
#: What is passed on from the server's environment.
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "PGPASSFILE", "PGSSLROOTCERT")
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
    "PYTHONDONTWRITEBYTECODE": "1",
}
#: What Python and its libraries read beside themselves.
_SYSTEM: Final = (
    *(
        "/usr",
        "/lib",
        "/lib64",
        "/opt",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/ssl",
        "/proc/self",
        "/proc/cpuinfo",
    ),
    *("/proc/meminfo", "/sys/devices/system", "/dev/urandom", "/dev/random", "/dev/null", "/etc/timezone"),
    *mimetypes.knownfiles,
)
#: What finding and calling a database takes.
_NAMES: Final = (
    *("/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/services"),
    "/etc/passwd",
)
#: `PR_SET_PDEATHSIG`: a worker never outlives the server that watches it.
_DIE_WITH_PARENT: Final = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Parameters
    ----------
    time_s : int
        Seconds, on the clock and of the processor each.
    memory_mib : int
        Address space, MiB.
    file_mib : int
        The longest file it may write, MiB; that of an embedded store may grow by so much.
    """

    time_s: int
    memory_mib: int
    file_mib: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker has to do, and with what.

    Parameters
    ----------
    task : Task
        The job.
    folder : str
        What it may read and write beside the store: the folder of an uploaded file, or of the package that it makes.
    scratch : str
        A folder in that one for whatever is made on the way.
    limits : Limits
        What it may use.
    readable : tuple of str
        Files that it may read besides.
    """

    task: Task
    folder: str
    scratch: str
    limits: Limits
    readable: tuple[str, ...] = ()

    def packed(self) -> bytes:
        """Return the order as a worker reads it.

        Returns
        -------
        bytes
            JSON.
        """
        return json.dumps(asdict(self), ensure_ascii=False).encode()


def environment(scratch: str) -> dict[str, str]:
    """Return the environment that a worker gets.

    Parameters
    ----------
    scratch : str
        Folder for whatever it makes on the way.

    Returns
    -------
    dict of str to str
        No settings, no passwords but those that the database's own files hold.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **_OFF, "HOME": scratch, "TMPDIR": scratch}


def main() -> int:
    """Carry out the order on standard input.

    Returns
    -------
    int
        0 if the job has its result.
    """
    given = json.loads(sys.stdin.buffer.read())
    order = Order(**{**given, "task": Task(**given["task"]), "limits": Limits(**given["limits"])})
    _limit(order)
    try:
        with ExitStack() as stack:
            _shut_in(order, _hold(order.task.store, stack))
            perform(order.task, stack.enter_context(open_jobs(order.task.store)))
    except Exception as error:
        if starved(error):
            return OUT_OF_MEMORY
        raise
    return 0


def _limit(order: Order) -> None:
    """Let the system end this process where it takes more than it may."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, int(signal.SIGKILL), 0, 0, 0)
    limits = order.limits
    store = order.task.store
    grown = 0 if "://" in store else Path(store).stat().st_size
    for kind, most, last in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, _FILES, 0),
        # At the first of both the system says why it ends a process, at the second it does not.
        (resource.RLIMIT_CPU, limits.time_s, 1),
        (resource.RLIMIT_AS, limits.memory_mib * _MIB, 0),
        (resource.RLIMIT_FSIZE, grown + limits.file_mib * _MIB, 0),
    ):
        allowed = resource.getrlimit(kind)[1]
        ends = most + last if allowed == resource.RLIM_INFINITY else min(most + last, allowed)
        resource.setrlimit(kind, (min(most, ends), ends))
    # Python would ignore it, and libraries go on with half a file.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.alarm(limits.time_s)


def _hold(store: str, stack: ExitStack) -> list[str]:
    """Keep the files of an embedded store and of its jobs, and return their names."""
    if "://" in store:
        return []
    return hold_files([store, jobs_file(store)], stack, patience_s=_PATIENCE_S)


def _shut_in(order: Order, files: list[str]) -> None:
    """Leave this process what it needs: programs, its folder, the store."""
    programs = [sys.prefix, sys.base_prefix, *(place for place in sys.path if place), *_roots()]
    readable, writable, ports = [*_SYSTEM, *programs, *order.readable], [order.folder, *files], []
    if (port := server_port(order.task.store)) is not None:
        keys = [os.environ[name] for name in ("PGPASSFILE", "PGSSLROOTCERT") if name in os.environ]
        readable += [*_NAMES, *keys]
        ports.append(port)
    confine(readable=map(Path, readable), writable=map(Path, (*writable, "/dev/null")), ports=ports)


def _roots() -> list[str]:
    """Return where Parkplan itself lies, which need not be on Python's path."""
    import layers  # noqa: PLC0415 - only its place

    return [str(Path(__file__).parent), *layers.__path__]


if __name__ == "__main__":
    sys.exit(main())
