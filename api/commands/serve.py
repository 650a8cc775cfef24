"""`parkplan serve`: the map, the API and the review, for a browser."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import LangOption, StoreOption, open_existing
from api.errors import AddressInUseError
from api.terminal import say, spoken_language
from layers.types import Text

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = ["serve"]


def serve(
    *,
    store: StoreOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [env: PARKPLAN_HOST]")] = None,
    port: Annotated[str | None, typer.Option(help="Port; 0 takes a free one. [env: PARKPLAN_PORT]")] = None,
    allow_remote: Annotated[
        bool | None,
        typer.Option(
            "--allow-remote", help="Serve an embedded store to other machines, where only those who sign in change it."
        ),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Serve the map and the API until Ctrl+C."""
    from api.settings import load_settings  # noqa: PLC0415

    language = spoken_language(lang)
    settings = load_settings(store=store, host=host, port=port, allow_remote=allow_remote, language=lang)
    open_existing(store).close()
    with _listen(settings) as listener:
        place = listener.getsockname()
        name = f"[{place[0]}]" if listener.family is socket.AF_INET6 else place[0]
        ready = Text(vi="Parkplan đang chạy tại", en="Parkplan is running at").say(language)
        stop = Text(vi="(dừng: Ctrl+C)", en="(stop: Ctrl+C)").say(language)
        _run(settings, listener, ready=f"{ready} http://{name}:{place[1]}/ {stop}")


def _listen(settings: Settings) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    wanted = Text(vi="một địa chỉ của máy này và cổng còn trống", en="an address of this machine and a free port")
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        # Python adds the address to its message; the operating system's own words are enough.
        cause = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise AddressInUseError(seen=cause, wanted=wanted, where=where) from error


def _run(settings: Settings, listener: socket.socket, *, ready: str) -> None:
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415
    from api.middleware import start_logging  # noqa: PLC0415
    from api.short_serving import short_protocol  # noqa: PLC0415
    from layers.memory import bound_memory, drop_code  # noqa: PLC0415

    class Server(uvicorn.Server):
        """Says where it is once it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                say(ready)
                drop_code()
                # The first tile need not wait for what a start need not wait for either.
                app.state.tiles.prepare(app.state.metrics.idle_s)

    bound_memory()
    start_logging(settings.log_level)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=short_protocol(app.state.short, settings.client_time_s),
        limit_concurrency=settings.max_connections,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # Ctrl+C is the way to stop a server, not a failure.
    with suppress(KeyboardInterrupt):
        Server(config).run(sockets=[listener])
