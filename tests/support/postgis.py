"""A throw-away PostGIS server for one test session."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypedDict

import psycopg

__all__ = ["cluster", "server_programs"]

INSTALLED: Final = Path("/usr/lib/postgresql")
START_LIMIT_S: Final = 60.0
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder itself; what is made in it gets a name of its own
ROOM_BYTES: Final = 2_000_000_000


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def server_programs(installed: Path = INSTALLED) -> Path:
    """The programs of the newest PostgreSQL server on this machine."""
    versions = [folder for folder in installed.glob("*") if folder.name.isdigit() and (folder / "bin/initdb").exists()]
    if not versions:
        raise RuntimeError(f"There is no PostgreSQL server under {installed}: run scripts/test-deps.sh.")
    return max(versions, key=lambda folder: int(folder.name)) / "bin"


@contextmanager
def cluster() -> Iterator[str]:
    """Start a private server with PostGIS on a free loopback port, give its URL, and remove it all at the end."""
    programs = server_programs()
    # Not below pytest's temporary folder: the server's user may not enter that one, and a socket's path must be short.
    home = Path(tempfile.mkdtemp(prefix="parkplan-postgis-", dir=_memory()))
    try:
        user = _server_user(home)
        password = secrets.token_hex(16)
        _create(programs, home, user=user, password=password)
        port = _free_port()
        options = ["-k", str(home), "-h", "127.0.0.1", "-p", str(port), "-c", "max_wal_size=256MB"]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", home / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=home,
                **user,
            )
        try:
            url = f"postgresql://parkplan:{password}@127.0.0.1:{port}/postgres"
            _add_postgis(url, server, home / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for forgotten connections
            server.wait(timeout=START_LIMIT_S)
    finally:
        shutil.rmtree(home)


def _memory() -> Path | None:
    """The folder that is kept in memory, where there is room in one: the server commits as always, only faster."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


def _server_user(home: Path) -> _User:
    """PostgreSQL refuses to run as root, so root hands it to the user that Debian's package made for it."""
    if os.geteuid() != 0:
        return {}
    postgres = pwd.getpwnam("postgres")
    os.chown(home, postgres.pw_uid, postgres.pw_gid)
    return {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}


def _create(programs: Path, home: Path, *, user: _User, password: str) -> None:
    secret = home / "password"
    secret.write_text(password, encoding="ascii")
    secret.chmod(0o600)
    if user:
        os.chown(secret, user["user"], user["group"])
    # A Vietnamese collation, as on a server in Hanoi: nothing may lean on text sorting by code point as in SQLite.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=vi"]
    options = ["--username=parkplan", f"--pwfile={secret}", "--auth=scram-sha-256", *locale]
    made = subprocess.run(
        [programs / "initdb", "-D", home / "data", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        **user,
    )
    secret.unlink()
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _add_postgis(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
                return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The PostGIS server did not start:\n{log.read_text(errors='replace')}") from error
            time.sleep(0.05)
