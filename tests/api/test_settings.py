from __future__ import annotations

import pytest

from api.errors import RemoteAddressError, SettingsError
from api.settings import Settings, is_server_store, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PARKPLAN_{name.upper()}", raising=False)


def test_defaults_serve_the_embedded_store_to_this_machine_in_vietnamese() -> None:
    settings = load_settings()
    assert (settings.store, settings.host, settings.port) == ("var/hanoi.gpkg", "127.0.0.1", 8000)
    assert (settings.language, settings.basemap_url) == ("vi", "")
    assert (settings.default_limit, settings.max_limit) == (10, 10_000)


def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKPLAN_PORT", "9000")
    monkeypatch.setenv("PARKPLAN_LANGUAGE", "en")
    settings = load_settings(port=9001, language=None)
    assert (settings.port, settings.language) == (9001, "en")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "parks.example"])  # noqa: S104 - refused here
def test_an_embedded_store_is_served_to_other_machines_only_by_leave(host: str) -> None:
    with pytest.raises(RemoteAddressError) as caught:
        load_settings(host=host)
    assert caught.value.message("en") == (
        f"A single-user store is served to this machine only: saw the address {host!r}, "
        "wanted 127.0.0.1, or leave by --allow-remote (PARKPLAN_ALLOW_REMOTE=true)."
    )
    assert caught.value.message("vi").startswith(f"Kho một người dùng chỉ phục vụ trên máy này: gặp địa chỉ {host!r}")
    assert load_settings(host=host, allow_remote=True).host == host
    assert load_settings(host=host, store="postgresql://planner@db/hanoi").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_may_always_be_served(host: str) -> None:
    assert load_settings(host=host).host == host


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("port", "http", "a whole number from 0 to 65535"),
        ("port", 70_000, "a whole number from 0 to 65535"),
        ("store", "", "a GeoPackage path or a postgresql:// address"),
        ("host", "", "text that is not empty"),
        ("language", "fr", "vi, en"),
        ("allow_remote", "perhaps", "true or false"),
        ("max_limit", 0, "a whole number from 1 upwards"),
        ("default_limit", -1, "a whole number from 1 upwards"),
        ("max_body_bytes", "big", "a whole number from 1 upwards"),
        ("public_url", "parks.example", "an address http(s)://…, or nothing"),
        ("basemap_url", "https://tiles.vn/{z}/{x}/{y}.png; script-src *", "an address http(s)://…, or nothing"),
        ("log_level", "loud", "debug, info, warning, error"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_seen_and_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, wanted: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{name: value})
    assert caught.value.message("en") == f"Setting {name}: saw {value!r}, wanted {wanted}."
    monkeypatch.setenv(f"PARKPLAN_{name.upper()}", str(value))
    with pytest.raises(SettingsError, match=f"Setting {name}: saw '{value}'".replace("*", r"\*")):
        load_settings()


def test_the_default_limit_may_not_pass_the_maximum() -> None:
    with pytest.raises(SettingsError, match="Setting default_limit: saw 20, wanted at most max_limit = 5"):
        load_settings(default_limit=20, max_limit=5)


@pytest.mark.parametrize(
    ("store", "server"),
    [("postgresql://x", True), ("postgres://x", True), ("postgresql:x", False), ("postgres.gpkg", False)],
)
def test_a_server_store_is_told_by_its_address(store: str, server: object) -> None:
    assert is_server_store(store) is server
