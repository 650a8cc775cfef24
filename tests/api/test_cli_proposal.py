"""`parkplan proposal`, as a planner types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from layers.proposals import edit_proposal, get_proposal, list_events
from layers.store import Put, Remove, open_store
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
    code, submitted, _ = say("submit", "1", "--author", "Viện")
    assert (code, submitted.splitlines()[0]) == (0, "Proposal 1 “Bỏ trạm cũ”: submitted.")
    assert "fixed: validation 0 errors" in submitted
    assert "No planning review" in submitted
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
    say("create", "Thêm trạm", "--author", "Viện B")
    code, listed, _ = say("list", "--limit", "1")
    assert ("Thêm trạm" in listed, "Bỏ trạm cũ" in listed) == (True, False)
    assert listed.splitlines()[-1] == "There are more: --before 2"
    assert "Bỏ trạm cũ" in say("list", "--before", "2")[1]
    assert "Bỏ trạm cũ" not in say("list", "--author", "Viện B")[1]
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


def test_a_file_becomes_a_proposal_that_is_merged(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*arguments: str) -> str:
        code, out, error = run(monkeypatch, capsys, *arguments)
        assert (code, error) == (0, ""), error
        return out

    members: list[dict[str, Any]] = [
        {"feature_id": "old", "name": "Cũ", "floors": 7, "lonlat": [105.2, 20.99]},
        {"feature_id": "new", "name": "Mới", "kind": "bus", "lonlat": [105.3, 21.0]},
    ]
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": one.pop("lonlat")}, "properties": one}
        for one in members
    ]
    file, receipt = tmp_path / "offer.geojson", tmp_path / "receipt.json"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    say("create", "Trạm mới")
    put = say("put", "1", str(file), "--layer", "stations", "--receipt", str(receipt))
    assert "2 written, 0 unchanged" in put
    assert "Noted in the proposal 1, version 1; the plan has not changed." in put
    kept = json.loads(receipt.read_text("utf-8"))
    assert (kept["state"], kept["changeset"], kept["counts"]["written"]) == ("accepted", None, 2)
    assert "The proposal 1 has not changed." not in put
    assert "0 written, 2 unchanged" in say("put", "1", str(file), "--layer", "stations")
    assert "version 2" in say("remove", "1", "stations/taveuni", "notes/n1")
    assert "version 3" in say("remove", "1", "notes/n1", "--withdraw")

    shown = say("diff", "1")
    for part in ("Stations (stations)", "removed", "Floors", "Point", "moved by up to", "Mới"):
        assert part in shown
    out = tmp_path / "diff.json"
    say("diff", "1", "--format", "json", "--out", str(out), "--lang", "vi")
    (layer,) = json.loads(out.read_text("utf-8"))["layers"]
    assert layer["counts"] == {"insert": 1, "update": 1, "delete": 1}
    old = next(one for one in layer["features"] if one["feature_id"] == "old")
    assert (old["change_title"], old["name"]) == ("sửa", "Cũ")
    assert [(one["field"], one["before"], one["after"]) for one in old["fields"]] == [("floors", 3, 7)]
    assert old["measures"]["displacement_m"] == pytest.approx(7_900, rel=0.05)
    before = say("diff", "1", "--version", "1")
    assert "removed" not in before
    checked = json.loads(say("check", "1", "--format", "json"))
    assert (checked["version"], checked["against"]) == (3, 1)

    for command in ("submit", "review"):
        say(command, "1")
    with open_store(place) as store:
        now = store.read("stations", ids=["old"])
        now["floors"] = 5
        store.commit([Put("stations", now)], author="An", message="meanwhile")
    assert "1 conflicts, 1 of them open." in say("conflicts", "1")
    code, _, error = run(monkeypatch, capsys, "approve", "1")
    assert (code, "floors" in error) == (2, True)
    assert "→ theirs (Sở)" in say("resolve", "1", "theirs", "--feature", "old", "--author", "Sở", "--message", "mới đo")
    approved = say("approve", "1", "--author", "Sở", "--decision", "9/QĐ-UBND", "--lang", "vi")
    assert approved == "Đề xuất 1 “Trạm mới”: đã phê duyệt.\nPhiên bản thay đổi 3.\n"
    with open_store(place) as store:
        found = store.read("stations")
        assert found.loc["old", "floors"] == 7
        assert "new" in found.index
        assert "taveuni" not in found.index


def test_a_file_with_errors_is_refused_and_the_receipt_says_why(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, receipt = tmp_path / "offer.geojson", tmp_path / "receipt.json"
    feature = {"type": "Feature", "geometry": None, "properties": {"feature_id": "x", "floors": -3}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    run(monkeypatch, capsys, "create", "Sai")
    code, _, error = run(monkeypatch, capsys, "put", "1", str(file), "--layer", "stations", "--receipt", str(receipt))
    assert code == 2
    assert "floors" in error
    assert json.loads(receipt.read_text("utf-8"))["state"] == "refused"
    with open_store(place) as store:
        assert get_proposal(store, "1").version == 0
