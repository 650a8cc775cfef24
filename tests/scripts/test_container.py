"""The container files name things that are there, and the image runs as it should."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer
import yaml

from api.cli import app
from api.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the Dockerfile with its argument on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def last(name: str) -> str:
    """The argument of an instruction in the stage that runs."""
    (argument,) = [rest for instruction, rest in stages()[-1] if instruction == name]
    return argument


def environment() -> dict[str, str]:
    return dict(item.split("=", 1) for item in last("ENV").split())


def ignored(name: str) -> bool:
    """Tell whether .dockerignore keeps a path out of the build; the last pattern that matches decides."""
    out = False
    for pattern in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        bare = pattern.removeprefix("!")
        if (
            pattern
            and not pattern.startswith("#")
            and any(fnmatch.fnmatch(part, bare) for part in (name, Path(name).parts[0]))
        ):
            out = not pattern.startswith("!")
    return out


def test_everything_that_is_copied_is_there_and_sent_to_the_builder() -> None:
    names = {stage[0][1].split(" AS ")[1] for stage in stages()[:-1]}
    for instruction, rest in instructions():
        if instruction != "COPY":
            continue
        *sources, _ = rest.split()
        if sources[0].startswith("--from="):
            assert sources[0].removeprefix("--from=") in names
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not ignored(source), source


def test_tests_and_made_files_are_not_sent_to_the_builder() -> None:
    assert [name for name in (".git", ".venv", "tests", "var", "api/assets/vendor", "build") if not ignored(name)] == []


def test_the_image_runs_as_a_user_that_it_makes() -> None:
    user = last("USER")
    assert int(user) > 0
    assert any(name == "RUN" and f"useradd --uid {user} " in rest for name, rest in stages()[-1])


def test_the_images_settings_are_settings() -> None:
    ours = {name: value for name, value in environment().items() if name.startswith("PARKPLAN_")}
    assert {name.removeprefix("PARKPLAN_").lower() for name in ours} <= set(Settings.model_fields)
    # Its address is not a loopback one, so this raises unless leave is given.
    settings = load_settings(**{name.removeprefix("PARKPLAN_").lower(): value for name, value in ours.items()})
    assert (settings.host, settings.port) == ("0.0.0.0", int(last("EXPOSE")))  # noqa: S104 - inside the container
    assert Path(settings.store).parent == Path(last("VOLUME"))


def test_the_image_starts_with_commands_that_exist() -> None:
    shell, option, script = json.loads(last("CMD"))
    assert (shell, option) == ("sh", "-c")
    named = re.findall(r"parkplan (\w+)", script)
    assert named == ["init", "serve"]
    assert set(named) <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_the_health_check_tells_a_server_from_none(server: str) -> None:
    program, *arguments = json.loads(last("HEALTHCHECK").split("CMD ", 1)[1])
    assert program == "python"

    def check(port: str) -> int:
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PARKPLAN_PORT": port},
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode

    assert check(str(urlsplit(server).port)) == 0
    assert check("9") != 0


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def filled_in(value: str) -> str:
    """Put in the defaults of a compose file's variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_the_server_waits_for_the_database_that_it_names() -> None:
    services = compose()["services"]
    address = urlsplit(filled_in(services["parkplan"]["environment"]["PARKPLAN_STORE"]))
    database = services[address.hostname]
    given = {name: filled_in(value) for name, value in database["environment"].items()}
    assert (address.username, address.password, address.path) == (
        given["POSTGRES_USER"],
        given["POSTGRES_PASSWORD"],
        f"/{given['POSTGRES_DB']}",
    )
    assert services["parkplan"]["depends_on"][address.hostname]["condition"] == "service_healthy"
    assert f"--dbname={given['POSTGRES_DB']}" in database["healthcheck"]["test"]


def test_the_data_outlives_the_containers() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    name, _, place = services["postgis"]["volumes"][0].partition(":")
    assert name in volumes
    assert place == "/var/lib/postgresql/data"


def test_only_this_machine_reaches_the_server_and_nobody_the_database() -> None:
    services = compose()["services"]
    assert "ports" not in services["postgis"]
    assert [filled_in(port) for port in services["parkplan"]["ports"]] == [f"127.0.0.1:8000:{last('EXPOSE')}"]
