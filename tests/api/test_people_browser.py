"""Signing in with a real browser at a real server, and the command line that added the person before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from layers.store import open_store
from tests.support.server import PROGRAM, parkplan, serve

PASSWORD = "mật khẩu rất dài"  # noqa: S105 - of a test


def with_input(*arguments: str, store: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run the command line and tell it something."""
    return subprocess.run(
        [PROGRAM, *arguments, "--store", str(store)], input=text, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server on which people sign in; its administrator was added on the command line."""
    store = tmp_path_factory.mktemp("people") / "hanoi.gpkg"
    made = parkplan("init", store=store)
    assert made.returncode == 0, made.stderr
    add = ("people", "add", "lan", "--name", "Nguyễn Thị Lan", "--role", "administrator", "--lang", "vi")
    added = with_input(*add, store=store, text=PASSWORD + "\n")
    assert (added.returncode, added.stdout.strip()) == (0, "Đã thêm lan."), added.stderr
    with serve(store) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="vi")
    opened = context.new_page()
    yield opened
    context.close()


def fits(page: Page) -> bool:
    """Whether nothing but tables, which scroll by themselves, is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_signs_in_makes_a_token_and_leaves(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/people?lang=vi")
    assert page.title() == "Đăng nhập · Parkplan"
    assert fits(page)
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu").fill("không phải")
    page.get_by_role("button", name="Đăng nhập").click()
    assert "không đúng" in page.get_by_role("alert").inner_text()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/people?lang=vi")
    assert fits(page)
    assert page.get_by_text("Nguyễn Thị Lan").is_visible()
    page.get_by_role("link", name="Tài khoản").click()
    page.get_by_label("Dùng cho").fill("QGIS")
    page.get_by_role("button", name="Tạo khoá").click()
    assert page.get_by_role("status").locator("code").inner_text().startswith("parkplan_")
    assert fits(page)
    page.get_by_role("link", name="Nhật ký").click()
    expect(page.locator("table")).to_contain_text("bị từ chối")
    assert fits(page)
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/")
    page.goto(f"{address}/account")
    assert "/sign-in?" in page.url


def test_the_command_line_tells_roles_tokens_and_the_log(tmp_path: Path) -> None:
    store = tmp_path / "store.gpkg"
    absent = parkplan("people", "list", "--lang", "en", store=store)
    assert absent.returncode == 2
    open_store(store).close()
    options = ("--name", "Viện", "--institute", "vqh", "--institute-name", "Viện Quy hoạch", "--lang", "en")
    assert with_input("people", "add", "vien", *options, store=store, text=PASSWORD).stdout.strip() == "Added vien."
    area = tmp_path / "area.geojson"
    area.write_text('{"type": "Polygon", "coordinates": [[[105, 20], [106, 20], [106, 21], [105, 21], [105, 20]]]}')
    give = ("people", "roles", "vqh", "--institute", "--give", "institute", "--layers", "plots", "--area", str(area))
    assert parkplan(*give, store=store).returncode == 0
    told = parkplan("people", "roles", "vien", "--lang", "en", store=store).stdout.strip()
    assert told == "institute: plots, reads and changes within an area"
    wide = ("people", "roles", "vien", "--give", "viewer", "--area", str(area), "--reads", "layers", "--lang", "en")
    said = parkplan(*wide, store=store).stdout.strip().splitlines()
    assert "viewer: all layers, changes within an area, reads the whole layers" in said
    assert parkplan(*wide[:-3], "nowhere", store=store).returncode == 2
    token = parkplan(
        "people", "token", "vien", "--title", "QGIS", "--scopes", "read,propose", store=store
    ).stdout.strip()
    assert token.startswith("parkplan_")
    assert parkplan("people", "revoke", token, "--lang", "en", store=store).returncode == 0
    assert parkplan("people", "password", "vien", "--stop", store=store).returncode == 0
    listed = parkplan("people", "list", "--lang", "en", store=store).stdout
    assert "vien" in listed
    assert "shut out" in listed
    assert parkplan("people", "roles", "vqh", "--institute", "--take", "institute", store=store).returncode == 0
    log = parkplan("people", "audit", "--lang", "en", store=store).stdout
    for action in ("people add", "people roles", "people token", "people revoke", "people password"):
        assert action in log
    assert PASSWORD not in log
    for wrong in (
        ("people", "roles", "vien", "--give", "king"),
        ("people", "roles", "vien", "--give", "viewer", "--area", str(tmp_path / "none")),
        ("people", "roles", "nobody"),
        ("people", "token", "vien", "--title", "x", "--scopes", "fly"),
        ("people", "audit", "--outcome", "maybe"),
    ):
        assert parkplan(*wrong, store=store).returncode == 2, wrong
    area.write_text('{"type": "Point", "coordinates": [105, 20]}')
    point = parkplan("people", "roles", "vien", "--give", "viewer", "--area", str(area), "--lang", "en", store=store)
    assert "areas in GeoJSON" in point.stderr
