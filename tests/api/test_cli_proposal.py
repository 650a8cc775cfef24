"""`parkplan proposal`, as a planner types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli import main
from layers.proposals import edit_proposal, get_proposal, list_events
from layers.store import Remove, open_store
from tests.api.conftest import fill


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small store, which the command line is told of."""
    store = tmp_path / "plan.gpkg"
    fill(str(store))
    monkeypatch.setenv("PARKPLAN_STORE", str(store))
    monkeypatch.setenv("PARKPLAN_LANGUAGE", "en")
    return store


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process, which spares the start of another."""
    monkeypatch.setattr("sys.argv", ["parkplan", "proposal", *arguments])
    code = main()
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_proposal_goes_from_draft_to_returned(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*arguments: str) -> tuple[int, str, str]:
        return run(monkeypatch, capsys, *arguments)

    assert say("create", "Bỏ trạm cũ", "--author", "Viện") == (0, "Made the proposal 1 on changeset 1.\n", "")
    assert say("submit", "1") == (2, "", "#1: saw 0, wanted at least one change.\n")
    with open_store(place) as store:
        edit_proposal(store, "1", [Remove("stations", ["old"])], author="Viện", message="không còn dùng")
    assert say("submit", "1", "--author", "Viện") == (0, "Proposal 1 “Bỏ trạm cũ”: submitted.\n", "")
    assert say("submit", "1")[0] == 2
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF")
    returned = say(
        *("return", "1", "--message", "thiếu hồ sơ", "--author", "Sở", "--decision", "5/TB"),
        *("--decided", "2026-11-01", "--document", str(letter), "--lang", "vi"),
    )
    assert returned == (0, "Đề xuất 1 “Bỏ trạm cũ”: trả lại để hoàn thiện.\n", "")
    assert say("comment", "1", "Vì sao?", "--feature", "stations/old", "--author", "Sở")[1] == "Noted as comment 1.\n"
    assert say("comment", "1", "Hết hạn", "--reply", "1", "--place", "105.1,20.9")[1] == "Noted as comment 2.\n"
    assert say("comment", "1", "--resolve", "2", "--author", "Sở")[1] == "Comment 1 is settled.\n"
    code, shown, _ = say("show", "1")
    assert code == 0
    for part in ("1. Bỏ trạm cũ – returned", "Stations (stations): 0 added, 0 changed, 1 removed", "5/TB (2026-11-01)"):
        assert part in shown
    for part in ("letter.pdf", "thiếu hồ sơ", "stations/old", "105.100000, 20.900000", "settled", "changes edited"):
        assert part in shown
    out = tmp_path / "copy.pdf"
    assert say("attached", "1", "4", "--out", str(out))[0] == 0
    assert out.read_bytes() == b"%PDF"
    assert "Bỏ trạm cũ" in say("list", "--state", "returned")[1]
    assert "Bỏ trạm cũ" not in say("list", "--state", "draft")[1]
    with open_store(place) as store:
        assert [event.who for event in list_events(store, "1")] == ["Viện", "Viện", "Viện", "Sở"]
        assert get_proposal(store, "1").state == "returned"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "9"), "There is no proposal '9'.\n"),
        (("create", " "), "title: saw ' ', wanted some text.\n"),
        (("comment", "1"), "Parameter TEXT: saw '', wanted either TEXT or --resolve.\n"),
        (("comment", "1", "x", "--feature", "a"), "Parameter --feature: saw 'a', wanted LAYER/ID.\n"),
        (("comment", "1", "x", "--place", "a"), "Parameter --place: saw 'a', wanted longitude,latitude.\n"),
        (("reject", "1", "--message", "x", "--decided", "2026-01-01"), "Parameter --decided: saw '2026-01-01'"),
        (("reject", "1", "--message", "x", "--decision", "1", "--decided", "x"), "wanted a date such as 2030-12-31"),
        (("reject", "1", "--message", "x", "--document", "no.pdf"), "There is no file no.pdf.\n"),
        (("list", "--state", "open"), "state: saw 'open', wanted draft, submitted"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_done_is_told(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = run(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in error
