"""A throw-away PostGIS server for one test session."""

from __future__ import annotations

import os
import pwd
import random
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

__all__ = ["Cluster", "cluster", "private_cluster", "server_programs"]

INSTALLED: Final = Path("/usr/lib/postgresql")
START_LIMIT_S: Final = 60.0
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder itself; what is made in it gets a name of its own
ROOM_BYTES: Final = 2_000_000_000
#: Below those that a system gives to outgoing connections, so that none takes the port of a server that starts again.
PORTS: Final = range(15_000, 32_000)
PORTS_TRIED: Final = 5


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


class Cluster:
    """A private server with PostGIS on a free loopback port."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._programs = server_programs()
        self._user = _server_user(home)
        password = secrets.token_hex(16)
        _create(self._programs, home, user=self._user, password=password)
        for left in reversed(range(PORTS_TRIED)):
            self._port = _free_port()
            self.url = f"postgresql://parkplan:{password}@127.0.0.1:{self._port}/postgres"
            try:
                self._server = self._start()
                break
            except RuntimeError:
                # Somebody may have taken the port since it was looked at.
                if not left:
                    raise

    def _start(self) -> subprocess.Popen[bytes]:
        home = self._home
        options = ["-k", str(home), "-h", "127.0.0.1", "-p", str(self._port), "-c", "max_wal_size=256MB"]
        with (home / "log").open("ab") as log:
            server = subprocess.Popen(
                [self._programs / "postgres", "-D", home / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=home,
                **self._user,
            )
        try:
            _add_postgis(self.url, server, home / "log")
        except BaseException:
            _end(server, signal.SIGQUIT)
            raise
        return server

    def crash(self, how: signal.Signals) -> None:
        """End the server as a fault would: all of it at once, with nothing written down in time."""
        _end(self._server, how)

    def recover(self) -> None:
        """Start the server again after a crash."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self._server = self._start()
            except RuntimeError:
                # Processes of a killed server notice its end by themselves; until then nobody may take over.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """End the server in order."""
        _end(self._server, signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for forgotten connections


def _end(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if server.poll() is None:
        server.send_signal(how)
        server.wait(timeout=START_LIMIT_S)


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """Start a private server that may be crashed, and remove it all at the end."""
    # Not below pytest's temporary folder: the server's user may not enter that one, and a socket's path must be short.
    home = Path(tempfile.mkdtemp(prefix="parkplan-postgis-", dir=_memory()))
    try:
        made = Cluster(home)
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home)


@contextmanager
def cluster() -> Iterator[str]:
    """Start a private server, give its URL, and remove it all at the end."""
    with private_cluster() as made:
        yield made.url


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
    while True:
        port = random.choice(PORTS)  # noqa: S311 - of a test
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


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
