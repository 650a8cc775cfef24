"""Running jobs in workers: at most so many at once, each stopped when its time is up, and none left behind."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from api.settings import Settings
from api.worker import Limits, Order, environment, out_of_memory, out_of_time
from layers.jobs import Jobs
from layers.types import Text

__all__ = ["Runner", "clear_old", "scratch_folder"]

LOG: Final = logging.getLogger("parkplan")
#: After its own alarm a worker gets so long to say that time is up, seconds.
_GRACE_S: Final = 10
#: The end of what a worker wrote to standard error, which goes into the log.
_LOGGED: Final = 4_000


class Runner:
    """Starts a worker for each job, and stops it.

    Parameters
    ----------
    settings : Settings
        Limits, and how many workers run at once.
    jobs : Jobs
        Where it is told.
    """

    def __init__(self, settings: Settings, jobs: Jobs) -> None:
        self._settings = settings
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(settings.import_workers, thread_name_prefix="import")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._closed = threading.Event()

    @property
    def limits(self) -> Limits:
        """What a worker may use."""
        return Limits(self._settings.import_time_s, self._settings.import_memory_mib)

    def submit(self, order: Order) -> None:
        """Start a job as soon as a worker is free.

        Parameters
        ----------
        order : Order
            What to do.
        """
        self._pool.submit(self._run, order).add_done_callback(_log_fault)

    def stop(self, job: str) -> None:
        """Stop the worker of a job, if it is one of ours and at work.

        Parameters
        ----------
        job : str
            Id of the job.
        """
        if process := self._running.get(job):
            _kill(process)

    def close(self) -> None:
        """Stop all workers, and tell of the jobs that this ends."""
        self._closed.set()
        for process in list(self._running.values()):
            _kill(process)
        self._pool.shutdown(wait=True)

    def _run(self, order: Order) -> None:
        if self._jobs.get(order.job).ended:
            return
        cause = _STOPPED
        if not self._closed.is_set():
            cause = self._work(order)
        # The worker's own word counts, if it has spoken.
        self._jobs.end(order.job, "failed", message=_STOPPED if self._closed.is_set() else cause)

    def _work(self, order: Order) -> Text:
        """Let a worker carry out an order, and say why it failed if it does not say so itself."""
        with subprocess.Popen(
            [sys.executable, "-m", "api.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=Path(order.file).parent,
            env=environment(),
            start_new_session=True,
        ) as process:
            self._running[order.job] = process
            try:
                _, errors = process.communicate(order.packed(), timeout=order.limits.time_s + _GRACE_S)
            except subprocess.TimeoutExpired:
                return out_of_time(order.limits)
            finally:
                _kill(process)
                self._running.pop(order.job, None)
        if process.returncode:
            trace = errors[-_LOGGED:].decode(errors="replace")
            LOG.warning("import failed", extra={"job": order.job, "code": process.returncode, "trace": trace})
        return _cause(process.returncode, order.limits)


def _log_fault(done: Future[None]) -> None:
    if fault := done.exception():
        LOG.error("fault", exc_info=fault)


_STOPPED: Final = Text(vi="Máy chủ đã dừng; không ghi gì.", en="The server was stopped; nothing was written.")
_BROKEN: Final = Text(
    vi="Tiến trình xử lý tệp đã hỏng; không ghi gì. Nhật ký máy chủ ghi chi tiết.",
    en="The worker broke down over the file; nothing was written. The server's log tells more.",
)


def _cause(code: int, limits: Limits) -> Text:
    """Say why a worker ended that did not say so itself."""
    if code in (-signal.SIGXCPU, -signal.SIGALRM):
        return out_of_time(limits)
    if code in (-signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV):
        # Libraries end so where memory cannot be had.
        return out_of_memory(limits)
    return _BROKEN


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it has started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def scratch_folder(settings: Settings) -> Path:
    """Return where uploads are kept, for their owner alone.

    Parameters
    ----------
    settings : Settings
        Names it, or leaves it to the system.

    Returns
    -------
    Path
        A folder that is there.
    """
    folder = Path(settings.import_folder or Path(tempfile.gettempdir()) / f"parkplan-imports-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def clear_old(settings: Settings, jobs: Jobs) -> None:
    """Remove jobs and uploads that were kept long enough.

    Parameters
    ----------
    settings : Settings
        Say how long that is.
    jobs : Jobs
        All jobs.
    """
    before = dt.datetime.now(dt.UTC) - dt.timedelta(hours=settings.import_keep_hours)
    jobs.clear(before)
    for folder in scratch_folder(settings).iterdir():
        if folder.is_dir() and dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC) < before:
            shutil.rmtree(folder, ignore_errors=True)
