"""Settings: read once from arguments, environment (`PARKPLAN_...`) and a `.env` file, checked together."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.errors import RemoteAddressError, SettingsError
from layers.types import LANGUAGES, Language, Text

__all__ = ["DEFAULT_STORE", "Settings", "is_loopback", "is_server_store", "load_settings"]

#: The embedded store of `parkplan init` and `parkplan serve`.
DEFAULT_STORE: Final = "var/hanoi.gpkg"

_COUNT: Final = Text(vi="số nguyên từ 1 trở lên", en="a whole number from 1 upwards")
_FILLED: Final = Text(vi="văn bản không rỗng", en="text that is not empty")
_ADDRESS: Final = Text(vi="địa chỉ http(s)://… hoặc để trống", en="an address http(s)://…, or nothing")
#: What each setting has to be.
_WANTED: Final = {
    "store": Text(
        vi="đường dẫn GeoPackage hoặc địa chỉ postgresql://", en="a GeoPackage path or a postgresql:// address"
    ),
    "host": _FILLED,
    "port": Text(vi="số nguyên từ 0 đến 65535", en="a whole number from 0 to 65535"),
    "allow_remote": Text(vi="true hoặc false", en="true or false"),
    "language": ", ".join(LANGUAGES),
    "public_url": _ADDRESS,
    "basemap_url": _ADDRESS,
    "basemap_attribution": Text(vi="văn bản", en="text"),
    "default_limit": _COUNT,
    "max_limit": _COUNT,
    "max_body_bytes": _COUNT,
    "imports": "auto, on, off",
    "import_max_bytes": _COUNT,
    "import_time_s": _COUNT,
    "import_memory_mib": _COUNT,
    "import_file_mib": _COUNT,
    "import_workers": _COUNT,
    "import_queue": _COUNT,
    "import_keep_hours": _COUNT,
    "import_folder": Text(vi="đường dẫn thư mục, hoặc để trống", en="the path of a folder, or nothing"),
    "package_key": Text(vi="đường dẫn tệp khoá, hoặc để trống", en="the path of a key file, or nothing"),
    "sign_in": "auto, on",
    "anonymous_layers": Text(vi="*, none hoặc mã các lớp cách nhau bằng dấu phẩy", en="*, none, or ids with commas"),
    "session_hours": _COUNT,
    "oidc_issuer": _ADDRESS,
    "oidc_client_id": Text(vi="văn bản", en="text"),
    "oidc_client_secret": Text(vi="văn bản", en="text"),
    "oidc_title": Text(vi="văn bản", en="text"),
    "requests_per_minute": _COUNT,
    "writes_per_minute": _COUNT,
    "raster_folder": Text(vi="đường dẫn thư mục, hoặc để trống", en="the path of a folder, or nothing"),
    "tiles_folder": Text(vi="đường dẫn thư mục, hoặc để trống", en="the path of a folder, or nothing"),
    "query_time_s": _COUNT,
    "client_time_s": _COUNT,
    "max_connections": _COUNT,
    "coverage_fresh_days": Text(vi="số ngày từ 0 trở lên", en="days, 0 or more"),
    "log_level": "debug, info, warning, error",
}


class Settings(BaseSettings):
    """What may be set about a Parkplan server.

    Attributes
    ----------
    store : str
        Path of a GeoPackage, or a `postgresql://` address.
    host, port : str, int
        Where the server listens; port 0 takes a free one.
    allow_remote : bool
        Lets an embedded store be served to other machines, where only people who sign in change anything.
    language : {"vi", "en"}
        For readers who do not say theirs.
    public_url : str
        Address under which others reach the server, for links; empty takes it from the request.
    basemap_url, basemap_attribution : str
        Tile address of a background map, with `{z}`, `{x}`, `{y}`, and whom to thank; empty shows none.
    default_limit, max_limit : int
        Features on a page when none are asked for, and at most.
    max_body_bytes : int
        Length of a request body at most, bytes.
    imports : {"auto", "on", "off"}
        Whether files are taken in over the web, from those whose role lets them edit; `auto` is `on`.
    import_max_bytes, import_time_s, import_memory_mib, import_file_mib : int
        What one file may take: its length, seconds of a worker, its memory, and the longest file it writes, in MiB.
    import_workers, import_queue : int
        Files that are worked on at once by one server, and jobs that may wait at all.
    import_keep_hours : int
        How long uploads and receipts are kept.
    import_folder : str
        Where uploads are kept, for all servers of one store the same; empty leaves it to the system.
    package_key : str
        File of the private key that signs the packages that are made over the web; empty signs none.
    sign_in : {"auto", "on"}
        Whether people sign in; `auto` spares it only where no other machine reaches the server and nobody was added.
    anonymous_layers : str
        What those read who did not sign in: `*` for all layers, `none`, or ids with commas; no restricted fields.
    session_hours : int
        How long a browser stays signed in.
    oidc_issuer, oidc_client_id, oidc_client_secret, oidc_title : str
        OpenID Connect provider by which people sign in as well, how it knows this server, and its name on the page; no
        issuer leaves it out.
    requests_per_minute, writes_per_minute : int
        Requests of one address, and changes of one person, where people sign in.
    raster_folder : str
        Where raster layers lie, GeoTIFFs with their declarations; empty for none.
    tiles_folder : str
        Where snapshots and compiled code for tiles are kept, for all workers of a machine the same; empty leaves it to
        the system.
    query_time_s : int
        Seconds that one reading question may keep the store busy.
    client_time_s : int
        Seconds that a caller has for the head of a request, and for reading on in an answer.
    max_connections : int
        Callers at once; more are told to come again.
    coverage_fresh_days : int
        Coverage as of a day longer ago counts as stale; 0 lets every coverage count.
    log_level : str
        Name of the least severe level that is logged.
    """

    model_config = SettingsConfigDict(env_prefix="PARKPLAN_", env_file=".env", extra="ignore", frozen=True)

    store: Annotated[str, Field(min_length=1)] = DEFAULT_STORE
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    allow_remote: bool = False
    language: Language = "vi"
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    basemap_url: Annotated[str, Field(pattern=r"^(https?://[^\s'\";,<>]+)?$")] = ""
    basemap_attribution: str = ""
    default_limit: Annotated[int, Field(ge=1)] = 10
    max_limit: Annotated[int, Field(ge=1)] = 10_000
    max_body_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    imports: Literal["auto", "on", "off"] = "auto"
    import_max_bytes: Annotated[int, Field(ge=1)] = 500_000_000
    import_time_s: Annotated[int, Field(ge=1)] = 900
    import_memory_mib: Annotated[int, Field(ge=1)] = 4_096
    import_file_mib: Annotated[int, Field(ge=1)] = 8_192
    import_workers: Annotated[int, Field(ge=1)] = 1
    import_queue: Annotated[int, Field(ge=1)] = 20
    import_keep_hours: Annotated[int, Field(ge=1)] = 72
    import_folder: str = ""
    package_key: str = ""
    sign_in: Literal["auto", "on"] = "auto"
    anonymous_layers: Annotated[str, Field(pattern=r"^(\*|none|[a-z][a-z0-9_]*(\s*,\s*[a-z][a-z0-9_]*)*)$")] = "*"
    session_hours: Annotated[int, Field(ge=1)] = 12
    oidc_issuer: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_title: str = "OpenID Connect"
    requests_per_minute: Annotated[int, Field(ge=1)] = 6_000
    writes_per_minute: Annotated[int, Field(ge=1)] = 600
    raster_folder: str = ""
    tiles_folder: str = ""
    query_time_s: Annotated[int, Field(ge=1)] = 30
    client_time_s: Annotated[int, Field(ge=1)] = 30
    max_connections: Annotated[int, Field(ge=1)] = 1_000
    coverage_fresh_days: Annotated[int, Field(ge=0)] = 730
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"

    @property
    def takes_files(self) -> bool:
        """Whether files are taken in over the web."""
        return self.imports != "off"

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.default_limit > self.max_limit:
            raise SettingsError(
                seen=self.default_limit,
                wanted=Text(vi=f"không quá max_limit = {self.max_limit}", en=f"at most max_limit = {self.max_limit}"),
                where="default_limit",
            )
        if not (is_server_store(self.store) or self.allow_remote or is_loopback(self.host)):
            raise RemoteAddressError(
                seen=self.host,
                wanted=Text(
                    vi="127.0.0.1, hoặc cho phép rõ ràng bằng --allow-remote (PARKPLAN_ALLOW_REMOTE=true)",
                    en="127.0.0.1, or leave by --allow-remote (PARKPLAN_ALLOW_REMOTE=true)",
                ),
                where="host",
            )
        return self


def is_server_store(store: str) -> bool:
    """Return whether a store is a database server, not an embedded file.

    Parameters
    ----------
    store : str
        Path or address.

    Returns
    -------
    bool
        True for an address; which ones there are, the store itself knows.

    Examples
    --------
    >>> is_server_store("postgresql://planner@db/hanoi"), is_server_store("var/hanoi.gpkg")
    (True, False)
    """
    return "://" in store


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone.

    Parameters
    ----------
    host : str
        Name or address.

    Returns
    -------
    bool
        False for a name that the network resolves.

    Examples
    --------
    >>> is_loopback("::1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name that the network resolves
        return False


def load_settings(**given: Any) -> Settings:
    """Return settings from arguments, environment and `.env`, in that order of precedence.

    Parameters
    ----------
    **given : object
        Values by name; None means not given.

    Returns
    -------
    Settings
        Checked together.

    Raises
    ------
    SettingsError
        If a value is not valid; names the setting, what was seen and what was wanted.
    RemoteAddressError
        If an embedded store would be served to other machines without leave.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(seen=first.get("input", ""), wanted=_WANTED[name], where=name) from error
