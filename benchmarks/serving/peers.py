"""The other servers: each with its own defaults, one process, over the very tables that Parkplan serves."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from benchmarks.serving.data import LAYERS

__all__ = [
    "PEERS",
    "PEERS_FOLDER",
    "Server",
    "behind_nginx",
    "fetch",
    "free_port",
    "has_mapserver",
    "mapserver",
    "nginx",
    "ours",
    "pygeoapi",
    "ready_venv",
    "tipg",
]

#: What is installed from PyPI, into an environment of its own.
PEERS: Final = ("tipg==1.6.1", "pygeoapi==0.21.0", "uvicorn", "psycopg2-binary", "geoalchemy2")
#: How nginx stands before Parkplan.
_SHIPPED: Final = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
#: Where the peers are installed unless told otherwise.
PEERS_FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "peers"
_MAPSERV: Final = Path("/usr/lib/cgi-bin/mapserv")
_START_LIMIT_S: Final = 60.0
_Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Parameters
    ----------
    tool : str
        Name and version.
    address : str
        Where.
    items, item : str
        Patterns of addresses, to be filled with `layer`, and with `bbox` and `limit`, or `id` and `fid`.
    pids : tuple of int
        Its processes.
    tile : str
        Pattern with `layer`, `z`, `x`, `y`; empty for a server without tiles.
    """

    tool: str
    address: str
    items: str
    item: str
    pids: tuple[int, ...]
    tile: str = ""

    def page(self, layer: str, bbox: _Bounds, limit: int) -> str:
        """The address of a page of features."""
        return self.address + self.items.format(layer=layer, bbox=",".join(map(str, bbox)), limit=limit)

    def feature(self, layer: str, number: int, feature_id: str) -> str:
        """The address of one feature, by its key or by its id."""
        return self.address + self.item.format(layer=layer, fid=number + 1, id=feature_id)

    def memory_mib(self) -> float:
        """What its processes hold in memory, each page once for each of them."""
        lines = (Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in self.pids)
        return (
            sum(int(line.split()[1]) for text in lines for line in text.splitlines() if line.startswith("Pss:")) / 1024
        )


def ready_venv(folder: Path) -> Path:
    """Make the environment of the peers where it is missing, and give its programs' folder."""
    programs = folder / "bin"
    if not (programs / "uvicorn").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([programs / "pip", "install", "--quiet", *PEERS], check=True)
    return programs


@contextmanager
def tipg(programs: Path, database: str, schema: str) -> Iterator[Server]:
    """Run TiPg."""
    keys = {f"TIPG_TABLE_CONFIG__{schema}_{layer}__PK": "feature_id" for layer in LAYERS}
    settings = {"DATABASE_URL": database, "TIPG_DB_SCHEMAS": f'["{schema}"]', "TIPG_CATALOG_TTL": "100000", **keys}
    port = free_port()
    command: list[str | Path] = [programs / "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "warning"]
    with _running(command, f"http://127.0.0.1:{port}", "/healthz", settings) as process:
        yield Server(
            "TiPg 1.6.1",
            f"http://127.0.0.1:{port}",
            f"/collections/{schema}.{{layer}}/items?bbox={{bbox}}&limit={{limit}}&f=geojson",
            f"/collections/{schema}.{{layer}}/items/{{id}}?f=geojson",
            (process.pid,),
            f"/collections/{schema}.{{layer}}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}",
        )


@contextmanager
def pygeoapi(programs: Path, database: str, schema: str, folder: Path) -> Iterator[Server]:
    """Run pygeoapi."""
    port = free_port()
    config, document = folder / "pygeoapi.yml", folder / "pygeoapi-openapi.yml"
    config.write_text(yaml.safe_dump(_pygeoapi_config(database, schema, port)), encoding="utf-8")
    settings = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    subprocess.run(
        [programs / "pygeoapi", "openapi", "generate", config, "--output-file", document],
        env={**os.environ, **settings},
        check=True,
        capture_output=True,
    )
    command: list[str | Path] = [
        programs / "uvicorn",
        "pygeoapi.starlette_app:APP",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with _running(command, f"http://127.0.0.1:{port}", "/conformance?f=json", settings) as process:
        yield Server(
            "pygeoapi 0.21.0",
            f"http://127.0.0.1:{port}",
            "/collections/{layer}/items?bbox={bbox}&limit={limit}&f=json",
            "/collections/{layer}/items/{id}?f=json",
            (process.pid,),
        )


def _pygeoapi_config(database: str, schema: str, port: int) -> dict[str, Any]:
    place = urlsplit(database)
    data = {
        "host": place.hostname,
        "port": place.port,
        "dbname": place.path.lstrip("/"),
        "user": place.username,
        "password": place.password,
        "search_path": [schema, "public"],
    }
    link = {"type": "text/html", "rel": "canonical", "title": "data", "href": "http://localhost/"}
    resources = {
        layer: {
            "type": "collection",
            "title": layer,
            "description": layer,
            "keywords": [layer],
            "links": [link],
            "extents": {
                "spatial": {"bbox": [105.0, 20.0, 107.0, 22.0], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
            },
            "providers": [
                {
                    "type": "feature",
                    "name": "pygeoapi.provider.sql.PostgreSQLProvider",
                    "data": data,
                    "id_field": "feature_id",
                    "table": layer,
                    "geom_field": "geom",
                }
            ],
        }
        for layer in LAYERS
    }
    url = f"http://127.0.0.1:{port}"
    contact = {"name": "n", "position": "p", "address": "a", "city": "c", "stateorprovince": "s", "postalcode": "0",
               "country": "VN", "phone": "0", "fax": "0", "email": "a@example.org", "url": url, "hours": "h",
               "instructions": "i", "role": "r"}  # fmt: skip
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10_000},
            "gzip": False,
            "map": {"url": "http://localhost/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": "t", "description": "d", "keywords": ["k"], "keywords_type": "theme",
                               "terms_of_service": "none", "url": url},
            "license": {"name": "none", "url": url},
            "provider": {"name": "n", "url": url},
            "contact": contact,
        },
        "resources": resources,
    }  # fmt: skip


def has_mapserver() -> bool:
    """Whether Debian's MapServer and nginx are installed."""
    return _MAPSERV.exists() and shutil.which("nginx") is not None


@contextmanager
def mapserver(database: str, schema: str, folder: Path) -> Iterator[Server]:
    """Run MapServer as two FastCGI processes behind nginx, with its OGC API."""
    mapfile, config = folder / "bench.map", folder / "mapserver.conf"
    port, gate = free_port(), folder / "mapserver.sock"
    address = f"http://127.0.0.1:{port}"
    mapfile.write_text(_mapfile(database, schema, address), encoding="utf-8")
    config.write_text(
        f'CONFIG\n  ENV\n    OGCAPI_HTML_TEMPLATE_DIRECTORY "/usr/share/mapserver/ogcapi/templates/html-bootstrap4/"\n'
        f'  END\n  MAPS\n    BENCH "{mapfile}"\n  END\nEND\n',
        encoding="ascii",
    )
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(gate))
    gate.chmod(0o666)
    listener.listen(64)
    # FastCGI's own way: the process finds its listening socket as standard input.
    started = [
        subprocess.Popen([_MAPSERV], stdin=listener.fileno(), env={**os.environ, "MAPSERVER_CONFIG_FILE": str(config)})
        for _ in range(2)
    ]
    try:
        place = (
            f"location /ogc/ {{ fastcgi_pass unix:{gate}; include /etc/nginx/fastcgi_params; "
            "fastcgi_param SCRIPT_NAME /ogc; fastcgi_keep_conn off; "
            "set $rest $uri; if ($uri ~ ^/ogc(/.*)$) { set $rest $1; } fastcgi_param PATH_INFO $rest; }"
        )
        with nginx(folder / "nginx-mapserver", place, port=port) as pids:
            yield Server(
                "MapServer 8.0",
                address,
                "/ogc/BENCH/ogcapi/collections/{layer}/items?bbox={bbox}&limit={limit}&f=json",
                "/ogc/BENCH/ogcapi/collections/{layer}/items/{id}?f=json",
                (*(process.pid for process in started), *pids),
            )
    finally:
        for process in started:
            process.kill()
            process.wait()
        listener.close()


def _mapfile(database: str, schema: str, address: str) -> str:
    place = urlsplit(database)
    connection = (
        f"host={place.hostname} port={place.port} dbname={place.path.lstrip('/')} user={place.username} "
        f"password={place.password}"
    )
    kinds = {"roads": "LINE", "plots": "POLYGON", "enterprises": "POINT"}
    layers = "".join(
        f"""
  LAYER
    NAME "{layer}"
    TYPE {kind}
    STATUS ON
    CONNECTIONTYPE POSTGIS
    CONNECTION "{connection}"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    DATA "geom FROM {schema}.{layer} USING UNIQUE fid USING SRID=4326"
    EXTENT 105 20 107 22
    PROJECTION "init=epsg:4326" END
    TEMPLATE "none"
    METADATA
      "ows_title" "{layer}"
      "oga_description" "{layer}"
      "gml_featureid" "feature_id"
      "gml_include_items" "all"
      "ows_include_items" "all"
    END
  END"""
        for layer, kind in kinds.items()
    )
    return f"""MAP
  NAME "bench"
  EXTENT 105 20 107 22
  SIZE 256 256
  UNITS DD
  PROJECTION "init=epsg:4326" END
  WEB
    METADATA
      "ows_title" "bench"
      "ows_enable_request" "*"
      "oga_onlineresource" "{address}/ogc/BENCH/ogcapi"
      "ows_onlineresource" "{address}/ogc/BENCH/ogcapi"
      "oga_max_limit" "10000"
    END
  END
{layers}
END
"""


@contextmanager
def nginx(folder: Path, location: str, *, port: int, more: str = "") -> Iterator[tuple[int, ...]]:
    """Run nginx with one worker and one location, and whatever else it is told, and give its processes."""
    folder.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    spare = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; pid {folder}/pid; error_log {folder}/log; daemon off; events {{ }} "
        f"http {{ access_log off; {spare} keepalive_requests 1000000; {more}\n"
        f"server {{ listen 127.0.0.1:{port}; {location} location = /up {{ return 204; }} }} }}",
        encoding="utf-8",
    )
    with _running(["nginx", "-c", folder / "nginx.conf"], f"http://127.0.0.1:{port}", "/up", {}) as process:
        found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
        yield (process.pid, *map(int, found.split()))


@contextmanager
def behind_nginx(folder: Path, address: str) -> Iterator[str]:
    """Run nginx before a server by the configuration that is shipped, and give its address."""
    port = free_port()
    text = _SHIPPED.read_text(encoding="utf-8")
    for shipped, here in (
        ("/var/cache/nginx/parkplan", f"{folder}/kept"),
        ("server 127.0.0.1:8000;", f"server {urlsplit(address).netloc};"),
        ("listen 80;", f"listen 127.0.0.1:{port}; location = /up {{ return 204; }}"),
    ):
        assert shipped in text, f"{_SHIPPED} does not name {shipped}"
        text = text.replace(shipped, here)
    with nginx(folder, "location / { return 404; }", port=free_port(), more=text):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ours(store: str, *, engine: str) -> Iterator[Server]:
    """Run Parkplan with its own defaults."""
    port = free_port()
    program = Path(sys.executable).with_name("parkplan")
    settings = {"PARKPLAN_STORE": store, "PARKPLAN_LOG_LEVEL": "warning"}
    with _running([program, "serve", "--port", str(port)], f"http://127.0.0.1:{port}", "/health", settings) as process:
        yield Server(
            f"Parkplan, {engine}",
            f"http://127.0.0.1:{port}",
            "/collections/{layer}/items?bbox={bbox}&limit={limit}",
            "/collections/{layer}/items/{id}",
            (process.pid,),
            "/collections/{layer}/tiles/WebMercatorQuad/{z}/{y}/{x}",
        )


@contextmanager
def _running(
    command: Sequence[str | Path], address: str, health: str, settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    if shutil.which(str(command[0])) is None:
        raise RuntimeError(f"There is no program {command[0]}.")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARKPLAN_")}
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
    process = subprocess.Popen(
        command, env={**kept, **settings}, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
    )
    try:
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                fetch(address + health)
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(f"{command[0]} did not start: {said.read()[-2000:]!r}") from error
                time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


def fetch(address: str, *, timeout_s: float = 30.0) -> bytes:
    """What is found at an address."""
    try:
        with urllib.request.urlopen(address, timeout=timeout_s) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        raise OSError(f"{address}: {error.code} {error.read()[:300]!r}") from error


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
