from __future__ import annotations

import os
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
