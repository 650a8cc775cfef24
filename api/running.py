"""Running jobs in workers: at most so many at once, each stopped when its time is up, and none left behind.

Every server takes the job that has waited longest from the store, whoever accepted it; a job that a stopped server had
not begun is carried out by the next one.
"""

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
import time
from pathlib import Path
from typing import Final

from api.analyses import PROCESSES
from api.settings import Settings
from api.tasks import IMPORT, PACKAGE, RETURN, Task
from api.worker import OUT_OF_MEMORY, Limits, Order, environment
from layers.errors import ParkplanError
from layers.jobs import Job, Jobs
from layers.store import Store
from layers.types import Text

__all__ = ["Runner", "clear_old", "scratch_folder"]

LOG: Final = logging.getLogger("parkplan")
#: How often a server looks for jobs that another one accepted, seconds.
_LOOK_S: Final = 2.0
#: How often it is said that a worker is alive, and asked whether it still should be, seconds.
_BEAT_S: Final = 1.0
#: The system ends a worker when its time is up; so much later it is ended anyway, seconds.
_GRACE_S: Final = 10
#: The end of what a worker wrote to standard error, which goes into the log.
_LOGGED: Final = 4_000
#: Times of changesets may be told less exactly than those of jobs.
_TICK: Final = dt.timedelta(seconds=1)
#: Jobs whose file lies in a folder of its own.
_FILED: Final = (IMPORT, PACKAGE, RETURN)
_STARTING: Final = Text(vi="Bắt đầu", en="Starting")


class Runner:
    """Starts a worker for each job, and stops it.

    Parameters
    ----------
    settings : Settings
        Limits, and how many workers run at once.
    store : Store
        What the workers write to; only looked at here.
    jobs : Jobs
        Where work is found, and told of.
    """

    def __init__(self, settings: Settings, store: Store, jobs: Jobs) -> None:
        self._settings = settings
        self._store = store
        self._jobs = jobs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._closed = threading.Event()
        self._wake = threading.Semaphore(0)
        self._kinds = (*PROCESSES, PACKAGE, *((IMPORT, RETURN) if settings.takes_files else ()))
        names = [f"worker-{number}" for number in range(settings.import_workers)]
        self._threads = [threading.Thread(target=self._serve, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is a job."""
        self._wake.release()

    def stop(self, job: str) -> None:
        """Stop the worker of a job, if it is one of ours and at work.

        Parameters
        ----------
        job : str
            Id of the job, which has ended.
        """
        if process := self._running.get(job):
            _kill(process)

    def close(self) -> None:
        """Stop all workers, and tell of the jobs that this ends; those that wait go on waiting."""
        self._closed.set()
        for process in list(self._running.values()):
            _kill(process)
        for _ in self._threads:
            self._wake.release()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                job = self._jobs.claim(self._kinds, message=_STARTING)
                if job is not None:
                    self._run(job)
                    continue
            except Exception:  # whatever went wrong with one job, the next one finds a worker
                LOG.exception("fault", extra={"worker": threading.current_thread().name})
            self._wake.acquire(timeout=_LOOK_S)

    def _run(self, job: Job) -> None:
        """Carry out a job, and say why it failed if it did."""
        limits = Limits(self._settings.import_time_s, self._settings.import_memory_mib, self._settings.import_file_mib)
        file = Path(job.request["file"]) if job.kind in _FILED else None
        key = self._settings.package_key if job.kind == PACKAGE else ""
        task = Task(_absolute(self._settings.store), job.id, job.kind, {**job.request, **({"key": key} if key else {})})
        if file is not None and not (file.parent if job.kind == PACKAGE else file).exists():
            self._jobs.end(job.id, "failed", message=_GONE)
            return
        with tempfile.TemporaryDirectory(
            dir=scratch_folder(self._settings) if file is None else file.parent,
            prefix="work-",
            ignore_cleanup_errors=True,
        ) as scratch:
            folder = scratch if file is None else str(file.parent)
            cause = self._work(Order(task, folder, scratch, limits, (key,) if key else ()))
        if file is not None:
            _tidy(file)
        now = self._jobs.get(job.id)
        if not now.ended:
            self._jobs.end(job.id, "failed", message=self._told(now, _STOPPED if self._closed.is_set() else cause))

    def _work(self, order: Order) -> Text:
        """Let a worker carry out an order, and return why it failed if it does."""
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                [sys.executable, "-m", "api.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=order.scratch,
                env=environment(order.scratch),
                start_new_session=True,
            ) as process,
        ):
            self._running[order.task.job] = process
            try:
                code = self._watch(process, order)
            finally:
                _kill(process)
                self._running.pop(order.task.job, None)
            if code:
                errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LOGGED))
                trace = errors.read().decode(errors="replace")
                LOG.warning("job failed", extra={"job": order.task.job, "code": code, "trace": trace})
        return _cause(code, order.limits)

    def _watch(self, process: subprocess.Popen[bytes], order: Order) -> int:
        """Give a worker its order, wait for its end, and stop it when its time is up or nobody wants it any more."""
        deadline = time.monotonic() + order.limits.time_s + _GRACE_S
        given: bytes | None = order.packed()
        while True:
            try:
                process.communicate(given, timeout=_BEAT_S)
            except subprocess.TimeoutExpired:
                given = None
                if time.monotonic() > deadline:
                    return -signal.SIGALRM
                if not self._jobs.beat(order.task.job):
                    return -signal.SIGKILL
            else:
                return process.returncode

    def _told(self, job: Job, cause: Text) -> Text:
        """Say whether a job that was stopped had been written already."""
        number = self._written(job) if job.sealed and job.kind == IMPORT else None
        if number is None:
            return Text(vi=f"{cause.vi} Không ghi gì.", en=f"{cause.en} Nothing was written.")
        return Text(
            vi=f"{cause.vi} Trước đó dữ liệu đã được ghi trọn vẹn (phiên bản thay đổi {number}), chỉ thiếu biên nhận.",
            en=f"{cause.en} The data had been written before (changeset {number}), only the receipt is missing.",
        )

    def _written(self, job: Job) -> int | None:
        """Return the changeset that a job wrote, if it did."""
        options = job.request["options"]
        try:
            changesets = self._store.changesets()
        except ParkplanError:
            LOG.exception("failed", extra={"job": job.id})
            return None
        wanted = (options["author"], options["message"])
        since = (job.started or job.created) - _TICK
        own = [one.id for one in changesets if (one.author, one.message) == wanted and one.time >= since]
        return own[-1] if own else None


_STOPPED: Final = Text(vi="Máy chủ đã dừng.", en="The server was stopped.")
_GONE: Final = Text(vi="Tệp đã gửi không còn được lưu.", en="The uploaded file is not kept any more.")
_BROKEN: Final = Text(
    vi="Tiến trình xử lý đã hỏng; nhật ký máy chủ ghi chi tiết.",
    en="The worker broke down; the server's log tells more.",
)


def _cause(code: int, limits: Limits) -> Text:
    """Say why a worker ended that has not ended its job itself."""
    if code in (-signal.SIGXCPU, -signal.SIGALRM):
        return Text(
            vi=f"Quá {limits.time_s} giây (PARKPLAN_IMPORT_TIME_S), đã dừng.",
            en=f"It took more than {limits.time_s} seconds (PARKPLAN_IMPORT_TIME_S) and was stopped.",
        )
    if code in (-signal.SIGKILL, -signal.SIGABRT, OUT_OF_MEMORY):
        # The system ends so who takes too much; so do libraries where memory cannot be had.
        return Text(
            vi=f"Cần hơn {limits.memory_mib} MiB bộ nhớ (PARKPLAN_IMPORT_MEMORY_MIB), đã dừng.",
            en=f"It needed more than {limits.memory_mib} MiB of memory (PARKPLAN_IMPORT_MEMORY_MIB) and was stopped.",
        )
    if code == -signal.SIGXFSZ:
        return Text(
            vi=f"Ghi một tệp dài hơn {limits.file_mib} MiB (PARKPLAN_IMPORT_FILE_MIB), đã dừng.",
            en=f"It wrote a file of more than {limits.file_mib} MiB (PARKPLAN_IMPORT_FILE_MIB) and was stopped.",
        )
    if code in (-signal.SIGSEGV, -signal.SIGBUS):
        # A library fell over what it could not read, or could not have.
        return Text(
            vi=f"Thư viện đọc tệp bị sập, đã dừng: tệp hỏng, hoặc cần hơn {limits.memory_mib} MiB bộ nhớ "
            "(PARKPLAN_IMPORT_MEMORY_MIB).",
            en=f"A library crashed over the file: it is damaged, or needs more than {limits.memory_mib} MiB of "
            "memory (PARKPLAN_IMPORT_MEMORY_MIB).",
        )
    return _BROKEN


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it has started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _absolute(store: str) -> str:
    """Return a store's address as it is from every folder."""
    return store if "://" in store else str(Path(store).absolute())


def _tidy(file: Path) -> None:
    """Leave nothing beside an uploaded file: what a reader laid there must not matter to the next one."""
    for other in file.parent.iterdir():
        if other != file and not other.name.startswith("work-"):
            if other.is_dir() and not other.is_symlink():
                shutil.rmtree(other, ignore_errors=True)
            else:
                other.unlink(missing_ok=True)


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
    folder = Path(settings.import_folder or Path(tempfile.gettempdir()) / f"parkplan-imports-{os.getuid()}").absolute()
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
