from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from api.errors import OutputError
from api.terminal import print_table, say, write_result


def test_a_write_that_fails_half_way_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "review.json"
    out.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        write_result(b"after", out=out)
    assert caught.value.message("vi") == (
        f"Không ghi được tệp {out}: No space left on device. Cần một thư mục có sẵn và ghi được."
    )
    assert out.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["review.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_result(b"after", out=tmp_path / "review.json")
    assert list(tmp_path.iterdir()) == []


def test_a_result_without_a_file_goes_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_result("Phú Nghĩa\r\n".encode(), out=None)
    assert capsysbinary.readouterr() == ("Phú Nghĩa\r\n".encode(), b"")


def test_lines_and_tables_keep_the_terminal_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\x07", error=True)
    print_table("Layers", ["id", "count"], [["\x1b]0;x", 3], [None, 12345]], numbers=1)
    told = capsys.readouterr()
    assert told.err == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}\n"
    assert "\x1b" not in told.out
    assert "│     3 │" in told.out


def test_progress_is_shown_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    command = [str(Path(sys.executable).with_name("parkplan")), "validate", str(path), "--lang", "vi"]
    screen, terminal = pty.openpty()
    environment = {**os.environ, "PARKPLAN_STORE": str(tmp_path / "none.gpkg"), "TERM": "xterm"}
    shown = subprocess.run(command, stderr=terminal, stdout=subprocess.PIPE, env=environment, check=True)
    os.close(terminal)
    drawn = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error to its reader
        while part := os.read(screen, 65_536):
            drawn += part
    os.close(screen)
    assert "Kiểm tra đối tượng" in drawn.decode()
    assert "Kiểm tra đối tượng" not in shown.stdout.decode()
    piped = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert piped.stderr == b""
