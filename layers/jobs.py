"""Long work that outlives a request: what was asked, how far it is, and what came of it, for every worker to see.

Jobs are no plan data. Beside an embedded store they lie in a file of their own, so that a long import and the report on
it never wait for each other; on a server they are a table in the store's schema.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import sqlalchemy as sa

from layers.errors import UnknownJobError
from layers.store.postgis import PostgisEngine
from layers.types import Text

__all__ = ["Job", "JobState", "Jobs", "open_jobs"]

#: States of OGC API Processes.
JobState = Literal["accepted", "running", "successful", "failed", "dismissed"]
_OPEN: Final = ("accepted", "running")
#: A running job that has not been heard of for so long has lost its worker.
_SILENCE: Final = dt.timedelta(seconds=60)
_LOST: Final = Text(
    vi="Tiến trình xử lý đã dừng mà không báo lại; không có gì được ghi dở dang. Hãy gửi lại.",
    en="The worker stopped without a word; nothing was half-written. Please send it again.",
)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Parameters
    ----------
    id : str
        Its name, which cannot be guessed.
    kind : str
        What is done: ``import``.
    state : JobState
        How it stands.
    created, updated : datetime
        UTC.
    progress : int
        0 to 100.
    message : Text
        What is being done, or why it failed.
    request : dict
        What was asked.
    result : dict or None
        What came of it.
    """

    id: str
    kind: str
    state: JobState
    created: dt.datetime
    updated: dt.datetime
    progress: int
    message: Text
    request: dict[str, Any]
    result: dict[str, Any] | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen.

        Returns
        -------
        bool
            True for what succeeded, failed or was dismissed.
        """
        return self.state not in _OPEN


class Jobs:
    """All jobs of one store.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Where they are kept.
    schema : str or None
        Schema of the table.
    """

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self._engine = engine
        metadata = sa.MetaData(schema=schema)
        self._table = sa.Table(
            "parkplan_jobs",
            metadata,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("created", sa.Text, nullable=False),
            sa.Column("updated", sa.Text, nullable=False),
            sa.Column("progress", sa.Integer, nullable=False),
            sa.Column("message", sa.Text, nullable=False),
            sa.Column("request", sa.Text, nullable=False),
            sa.Column("result", sa.Text),
        )
        with engine.begin() as connection:
            self._table.create(connection, checkfirst=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def add(self, kind: str, request: dict[str, Any], *, message: Text) -> Job:
        """Accept a job.

        Parameters
        ----------
        kind : str
            What is to be done.
        request : dict
            What was asked; plain values.
        message : Text
            What it waits for.

        Returns
        -------
        Job
            Of state "accepted".
        """
        now = _now()
        job = Job(secrets.token_urlsafe(12), kind, "accepted", now, now, 0, message, request, None)
        values = {
            "id": job.id,
            "kind": kind,
            "state": job.state,
            "created": now.isoformat(),
            "updated": now.isoformat(),
            "progress": 0,
            "message": _packed(message),
            "request": json.dumps(request, ensure_ascii=False),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(self._table).values(**values))
        return job

    def get(self, job_id: str) -> Job:
        """Return a job.

        Parameters
        ----------
        job_id : str
            Its id.

        Returns
        -------
        Job
            As it stands; one whose worker is lost has failed.

        Raises
        ------
        UnknownJobError
            If there is none, or it was cleared away.
        """
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(self._table).where(self._table.c.id == job_id)).one_or_none()
        if row is None:
            raise UnknownJobError(seen=job_id, where="jobs")
        return _job(row)

    def recent(self, limit: int) -> list[Job]:
        """Return jobs, the newest first.

        Parameters
        ----------
        limit : int
            How many at most.

        Returns
        -------
        list of Job
            As they stand.
        """
        newest = sa.select(self._table).order_by(self._table.c.created.desc(), self._table.c.id).limit(limit)
        with self._engine.begin() as connection:
            return [_job(row) for row in connection.execute(newest)]

    def waiting(self) -> int:
        """Return how many jobs have not ended.

        Returns
        -------
        int
            Accepted and running ones whose worker is alive.
        """
        of_open = sa.select(self._table).where(self._table.c.state.in_(_OPEN))
        with self._engine.begin() as connection:
            return sum(not _job(row).ended for row in connection.execute(of_open))

    def report(self, job_id: str, progress: int, message: Text) -> bool:
        """Say how far a job is.

        Parameters
        ----------
        job_id : str
            Its id.
        progress : int
            0 to 100.
        message : Text
            What is being done.

        Returns
        -------
        bool
            False if it has ended meanwhile, as one that was dismissed: its worker should stop.
        """
        return self._set(job_id, state="running", progress=progress, message=_packed(message))

    def end(self, job_id: str, state: JobState, *, message: Text, result: dict[str, Any] | None = None) -> bool:
        """End a job.

        Parameters
        ----------
        job_id : str
            Its id.
        state : {"successful", "failed", "dismissed"}
            How it ended.
        message : Text
            Why.
        result : dict, optional
            What came of it; plain values.

        Returns
        -------
        bool
            False if it had ended already: the first word counts.
        """
        packed = None if result is None else json.dumps(result, ensure_ascii=False)
        done = {"progress": 100} if state == "successful" else {}
        return self._set(job_id, state=state, message=_packed(message), result=packed, **done)

    def clear(self, before: dt.datetime) -> list[Job]:
        """Remove jobs that ended long ago, or whose worker was lost.

        Parameters
        ----------
        before : datetime
            Jobs that were last heard of before this go.

        Returns
        -------
        list of Job
            What was removed, so that files kept for it can go too.
        """
        old = sa.select(self._table).where(self._table.c.updated < before.astimezone(dt.UTC).isoformat())
        with self._engine.begin() as connection:
            gone = [job for row in connection.execute(old) if (job := _job(row)).ended]
            for job in gone:
                connection.execute(sa.delete(self._table).where(self._table.c.id == job.id))
        return gone

    def _set(self, job_id: str, **values: Any) -> bool:
        still = (self._table.c.id == job_id) & self._table.c.state.in_(_OPEN)
        change = sa.update(self._table).where(still).values(updated=_now().isoformat(), **values)
        with self._engine.begin() as connection:
            return bool(connection.execute(change).rowcount)


def open_jobs(store: str) -> Jobs:
    """Open the jobs of a store, making a place for them where there is none.

    Parameters
    ----------
    store : str
        As for `layers.store.open_store`; the store itself has to be there.

    Returns
    -------
    Jobs
        Open; close it, or use it in a `with` statement.
    """
    if "://" in store:
        engine = PostgisEngine(store.replace("postgres://", "postgresql://", 1))
        return Jobs(engine.sqlalchemy, engine.schema)
    place = sa.engine.URL.create("sqlite", database=str(Path(f"{store}.jobs").absolute()))
    return Jobs(sa.create_engine(place, connect_args={"timeout": 30}), None)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _packed(message: Text) -> str:
    return json.dumps({"vi": message.vi, "en": message.en}, ensure_ascii=False)


def _job(row: sa.Row[Any]) -> Job:
    updated = dt.datetime.fromisoformat(row.updated)
    state, message = row.state, Text(**json.loads(row.message))
    if state == "running" and _now() - updated > _SILENCE:
        state, message = "failed", _LOST
    return Job(
        row.id,
        row.kind,
        state,
        dt.datetime.fromisoformat(row.created),
        updated,
        row.progress,
        message,
        json.loads(row.request),
        None if row.result is None else json.loads(row.result),
    )
