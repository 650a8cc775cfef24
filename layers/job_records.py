"""What is kept of a job: one row in a table, whose texts sort as its times do, and the parts of its result."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from layers.types import Text

__all__ = ["OPEN", "Job", "JobState", "job_of", "job_tables", "make_tables", "packed", "stamp"]

#: States of OGC API Processes.
JobState = Literal["accepted", "running", "successful", "failed", "dismissed"]
#: Of jobs that have not ended.
OPEN: Final = ("accepted", "running")
#: A running job that has not been heard of for so long has lost its worker.
_SILENCE: Final = dt.timedelta(seconds=60)
_LOST: Final = Text(
    vi="Tiến trình xử lý đã dừng mà không báo lại; không có gì được ghi dở dang. Hãy gửi lại.",
    en="The worker stopped without a word; nothing was half-written. Please send it again.",
)
#: Key of the lock under which the tables are made on a server, beside the schema's name.
_LOCK: Final = 0x6A6F6273


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Parameters
    ----------
    id : str
        Its name, which cannot be guessed.
    kind : str
        What is done: ``import``, or the id of a process.
    state : JobState
        How it stands.
    created : datetime
        When it was asked for, UTC.
    started, finished : datetime or None
        When a worker took it, and when it ended, UTC.
    updated : datetime
        When it was last heard of, UTC.
    progress : int
        0 to 100.
    message : Text
        What is being done, or how it ended.
    who : str
        Who asked.
    request : dict
        What was asked.
    sealed : bool
        Whether it has come to where it cannot be dismissed any more.
    outcome : str or None
        The result in a word; for an import, the state of its receipt. The result itself is in `Jobs.part`.
    """

    id: str
    kind: str
    state: JobState
    created: dt.datetime
    started: dt.datetime | None
    finished: dt.datetime | None
    updated: dt.datetime
    progress: int
    message: Text
    who: str
    request: dict[str, Any]
    sealed: bool
    outcome: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen.

        Returns
        -------
        bool
            True for what succeeded, failed or was dismissed.
        """
        return self.state not in OPEN


def job_tables(schema: str | None) -> tuple[sa.Table, sa.Table]:
    """Return the tables of jobs, and of the parts of their results.

    Parameters
    ----------
    schema : str or None
        Where they lie.

    Returns
    -------
    (Table, Table)
        Whether they are there or not.
    """
    metadata = sa.MetaData(schema=schema)
    table = sa.Table(
        "parkplan_jobs",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("started", sa.Text),
        sa.Column("finished", sa.Text),
        sa.Column("updated", sa.Text, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.Text),
    )
    parts = sa.Table(
        "parkplan_job_parts",
        metadata,
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    return table, parts


def make_tables(engine: sa.Engine, *tables: sa.Table) -> None:
    """Make tables, anew where another version made them.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Where they are kept.
    *tables : Table
        All of one schema.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(:key, hashtext(:schema))"),
                {"key": _LOCK, "schema": tables[0].schema},
            )
        known = sa.inspect(connection)
        for table in tables:
            if known.has_table(table.name, schema=table.schema):
                there = {column["name"] for column in known.get_columns(table.name, schema=table.schema)}
                if there == set(table.columns.keys()):
                    continue
                table.drop(connection)
            table.create(connection)


def stamp(time: dt.datetime | None = None) -> str:
    """Return a time as a text that sorts as times do.

    Parameters
    ----------
    time : datetime, optional
        Now, without it.

    Returns
    -------
    str
        UTC.
    """
    return (time or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).isoformat(timespec="microseconds")


def packed(message: Text) -> str:
    """Return a text of both languages as it is kept.

    Parameters
    ----------
    message : Text
        The text.

    Returns
    -------
    str
        JSON.
    """
    return json.dumps({"vi": message.vi, "en": message.en}, ensure_ascii=False)


def job_of(row: sa.Row[Any]) -> Job:
    """Return the job of a row.

    Parameters
    ----------
    row : Row
        Of the table of jobs.

    Returns
    -------
    Job
        As it stands; one whose worker is lost has failed.
    """
    values: dict[str, Any] = row._asdict()
    times = {
        name: None if values[name] is None else dt.datetime.fromisoformat(values[name])
        for name in ("created", "started", "finished", "updated")
    }
    state, message = values["state"], Text(**json.loads(values["message"]))
    if state == "running" and dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(values["updated"]) > _SILENCE:
        state, message = "failed", _LOST
    told = {"state": state, "message": message, "request": json.loads(values["request"]), **times}
    return Job(**{**values, **told})
