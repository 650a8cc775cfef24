"""Long work that outlives a request: what was asked, how far it is, and what came of it, for every worker to see.

Jobs are no plan data. Beside an embedded store they lie in a file of their own, so that a long import and the report on
it never wait for each other; on a server they are tables in the store's schema. They are kept for days only: tables
that another version made are made anew.

A job goes from "accepted" to "running" and then to "successful", "failed" or "dismissed", which is the last word.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import secrets
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry

from layers.errors import UnknownJobError
from layers.job_records import OPEN, Job, JobState, job_of, job_tables, make_tables, packed, stamp
from layers.store.postgis import PostgisEngine
from layers.types import Text

__all__ = ["Job", "JobState", "Jobs", "jobs_file", "open_jobs"]


class Jobs:
    """All jobs of one store.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Where they are kept.
    schema : str or None
        Schema of the tables.
    """

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self._engine = engine
        self._table, self._parts = job_tables(schema)
        make_tables(engine, self._table, self._parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def add(self, kind: str, request: dict[str, Any], *, message: Text, who: str = "") -> Job:
        """Accept a job.

        Parameters
        ----------
        kind : str
            What is to be done.
        request : dict
            What was asked; plain values.
        message : Text
            What it waits for.
        who : str
            Who asks.

        Returns
        -------
        Job
            Of state "accepted".
        """
        now = stamp()
        values = {
            "id": secrets.token_urlsafe(12),
            "kind": kind,
            "state": "accepted",
            "created": now,
            "updated": now,
            "progress": 0,
            "message": packed(message),
            "who": who,
            "request": json.dumps(request, ensure_ascii=False),
            "sealed": False,
        }
        with self._engine.begin() as connection:
            row = connection.execute(sa.insert(self._table).values(**values).returning(self._table)).one()
        return job_of(row)

    def claim(self, kinds: Collection[str], *, message: Text) -> Job | None:
        """Take the job that has waited longest; no other worker gets it.

        Parameters
        ----------
        kinds : collection of str
            What the worker can do.
        message : Text
            What is done first.

        Returns
        -------
        Job or None
            Of state "running"; None if none waits.
        """
        table, now = self._table, stamp()
        waits = table.c.kind.in_(kinds) & (table.c.state == "accepted")
        oldest = sa.select(table.c.id).where(waits).order_by(table.c.created, table.c.id).limit(1)
        first = oldest.with_for_update(skip_locked=True).scalar_subquery()
        values = {"state": "running", "started": now, "updated": now, "message": packed(message)}
        taken = sa.update(table).where((table.c.id == first) & waits).values(**values).returning(table)
        with self._engine.begin() as connection:
            # Servers ask often: who finds nothing should not have taken the lock of those who write.
            if connection.execute(oldest).one_or_none() is None:
                return None
        with self._engine.begin() as connection:
            row = connection.execute(taken).one_or_none()
        return None if row is None else job_of(row)

    def get(self, job_id: str, *, kind: str | None = None) -> Job:
        """Return a job.

        Parameters
        ----------
        job_id : str
            Its id.
        kind : str, optional
            What it has to be.

        Returns
        -------
        Job
            As it stands; one whose worker is lost has failed.

        Raises
        ------
        UnknownJobError
            If there is none of that kind, or it was cleared away.
        """
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(self._table).where(self._table.c.id == job_id)).one_or_none()
        if row is None or (kind is not None and row.kind != kind):
            raise UnknownJobError(seen=job_id, where="jobs")
        return job_of(row)

    def recent(self, limit: int, *, kind: str | None = None) -> list[Job]:
        """Return jobs, the newest first.

        Parameters
        ----------
        limit : int
            How many at most.
        kind : str, optional
            Only those of this kind.

        Returns
        -------
        list of Job
            As they stand.
        """
        wanted = sa.true() if kind is None else self._table.c.kind == kind
        newest = sa.select(self._table).where(wanted)
        newest = newest.order_by(self._table.c.created.desc(), self._table.c.id).limit(limit)
        with self._engine.begin() as connection:
            return [job_of(row) for row in connection.execute(newest)]

    def waiting(self) -> int:
        """Return how many jobs have not ended.

        Returns
        -------
        int
            Accepted ones, and running ones whose worker is alive.
        """
        of_open = sa.select(self._table).where(self._table.c.state.in_(OPEN))
        with self._engine.begin() as connection:
            return sum(not job_of(row).ended for row in connection.execute(of_open))

    def beat(self, job_id: str) -> bool:
        """Say that the worker of a job is alive.

        Parameters
        ----------
        job_id : str
            Its id.

        Returns
        -------
        bool
            False if it has ended meanwhile, as one that was dismissed: its worker should be stopped.
        """
        return self._set(job_id)

    def report(self, job_id: str, progress: int, message: Text, *, sealed: bool = False) -> bool:
        """Say how far a job is.

        Parameters
        ----------
        job_id : str
            Its id.
        progress : int
            0 to 100.
        message : Text
            What is being done.
        sealed : bool
            Whether it can be dismissed no more from here on.

        Returns
        -------
        bool
            False if it has ended meanwhile: its worker must not go on.
        """
        seal = {"sealed": True} if sealed else {}
        return self._set(job_id, progress=progress, message=packed(message), **seal)

    def keep(self, job_id: str, name: str, document: Any) -> None:
        """Keep a part of the result of a job.

        Parameters
        ----------
        job_id : str
            Its id.
        name : str
            The part's name.
        document : object
            Plain values, ready for JSON.
        """
        content = gzip.compress(json.dumps(document, ensure_ascii=False).encode(), compresslevel=5, mtime=0)
        with self._engine.begin() as connection:
            connection.execute(sa.insert(self._parts).values(job=job_id, name=name, content=content))

    def part(self, job_id: str, name: str) -> bytes:
        """Return a part of the result of a job.

        Parameters
        ----------
        job_id : str
            Its id.
        name : str
            The part's name.

        Returns
        -------
        bytes
            JSON, packed by gzip.

        Raises
        ------
        UnknownJobError
            If there is none, or it was cleared away.
        """
        wanted = (self._parts.c.job == job_id) & (self._parts.c.name == name)
        with self._engine.begin() as connection:
            content = connection.execute(sa.select(self._parts.c.content).where(wanted)).scalar()
        if content is None:
            raise UnknownJobError(seen=f"{job_id}/{name}", where="jobs")
        return bytes(content)

    def end(self, job_id: str, state: JobState, *, message: Text, outcome: str | None = None) -> bool:
        """End a job.

        Parameters
        ----------
        job_id : str
            Its id.
        state : {"successful", "failed"}
            How it ended.
        message : Text
            Why.
        outcome : str, optional
            The result in a word.

        Returns
        -------
        bool
            False if it had ended already: the first word counts.
        """
        done = {"progress": 100} if state == "successful" else {}
        return self._set(job_id, state=state, message=packed(message), outcome=outcome, finished=stamp(), **done)

    def dismiss(self, job_id: str, *, message: Text) -> bool:
        """End a job that nobody wants any more.

        Parameters
        ----------
        job_id : str
            Its id.
        message : Text
            Why.

        Returns
        -------
        bool
            False if it had ended already, or has come to where it cannot be stopped.
        """
        open_ = sa.not_(self._table.c.sealed)
        return self._set(job_id, open_, state="dismissed", message=packed(message), finished=stamp())

    def clear(self, before: dt.datetime) -> list[Job]:
        """Remove jobs that ended long ago, or whose worker was lost, with their results.

        Parameters
        ----------
        before : datetime
            Jobs that were last heard of before this go.

        Returns
        -------
        list of Job
            What was removed, so that files kept for it can go too.
        """
        old = sa.select(self._table).where(self._table.c.updated < stamp(before))
        with self._engine.begin() as connection:
            gone = [job for row in connection.execute(old) if (job := job_of(row)).ended]
            for job in gone:
                connection.execute(sa.delete(self._parts).where(self._parts.c.job == job.id))
                connection.execute(sa.delete(self._table).where(self._table.c.id == job.id))
        return gone

    def _set(self, job_id: str, *conditions: sa.ColumnElement[bool], **values: Any) -> bool:
        still = sa.and_(self._table.c.id == job_id, self._table.c.state.in_(OPEN), *conditions)
        change = sa.update(self._table).where(still).values(updated=stamp(), **values)
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
        server = PostgisEngine(store.replace("postgres://", "postgresql://", 1))
        return Jobs(server.sqlalchemy, server.schema)
    place = sa.engine.URL.create("sqlite", database=jobs_file(store))
    engine = sa.create_engine(place, connect_args={"timeout": 30})
    listen(engine, "connect", _begin)
    return Jobs(engine, None)


def jobs_file(store: str) -> str:
    """Return where the jobs of an embedded store lie.

    Parameters
    ----------
    store : str
        Path of the store.

    Returns
    -------
    str
        A path beside it.

    Examples
    --------
    >>> jobs_file("/var/hanoi.gpkg")
    '/var/hanoi.gpkg.jobs'
    """
    return str(Path(f"{store}.jobs").absolute())


def _begin(driver: Any, _entry: ConnectionPoolEntry) -> None:
    # Who reads never waits for who writes, and the other way round.
    driver.execute("PRAGMA journal_mode = WAL")
