"""Who makes a request, and may he make it? One gate before every route.

A server for this machine alone, to whose store nobody was added, is a person's own: nobody signs in, and everything is
allowed. Every other server knows people: reading is for everybody or not, as it is set; what changes something is for
those who signed in, and their roles decide. So a route that is made later is shut to strangers by itself.
"""

from __future__ import annotations

import getpass
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.forms import SESSION_COOKIE
from api.auth.limits import Limiter, network
from api.errors import BadCredentialsError, ForeignPageError, NotSignedInError, TooManyRequestsError
from api.settings import is_loopback
from api.uploads import check_origin
from layers.people import Access, Grant, People, Person
from layers.store import Sight, Store, StoreView
from layers.types import Text

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = ["OPEN_PATHS", "SAFE_METHODS", "Gate", "client_address"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: What is there for those who did not sign in, wherever they may read nothing.
OPEN_PATHS: Final = ("/sign-in", "/sign-out", "/assets/", "/health")
_VIEWS: Final = 64
_BEARER: Final = "bearer "


def client_address(request: Request) -> str:
    """Return where a request comes from.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    str
        Address of the caller, as the server or a proxy that it trusts says.
    """
    return network(request.client.host) if request.client else ""


class Gate:
    """Tells who makes a request, and keeps out whom it must.

    Parameters
    ----------
    settings : Settings
        Whether people sign in, what strangers may read, and how often anybody may call.
    store : Store
        The plan.
    people : People
        The register.
    """

    def __init__(self, settings: Settings, store: Store, people: People) -> None:
        self._settings = settings
        #: The whole store, for what is checked elsewhere.
        self.whole = store
        self.people = people
        #: Whether people sign in.
        self.signs_in = settings.sign_in == "on" or not is_loopback(settings.host) or bool(settings.public_url)
        self.signs_in = self.signs_in or people.accounts.any()
        self._requests = Limiter(settings.requests_per_minute)
        self._writes = Limiter(settings.writes_per_minute)
        self._views: OrderedDict[Sight, Store] = OrderedDict()
        self._local = Person("local", _user(), Access((Grant("administrator"),)))
        self._stranger = Person("", "", Access(_open_grants(settings.anonymous_layers)))

    async def admit(self, request: Request) -> Person:
        """Let a request in.

        Parameters
        ----------
        request : Request
            The request.

        Returns
        -------
        Person
            Who makes it; also in ``request.state.person``.

        Raises
        ------
        NotSignedInError
            If only those who signed in may do so.
        BadCredentialsError
            If what should show who it is does not.
        TooManyRequestsError
            If the caller calls too often.
        ForeignPageError
            If a page of somebody else makes a reader's browser send it.
        """
        if not self.signs_in:
            if request.method not in SAFE_METHODS:
                check_origin(request)
            request.state.person = self._local
            return self._local
        request.state.person = self._stranger
        self._check_rate(self._requests, client_address(request), request)
        person = await self._identified(request)
        request.state.person = person
        if request.method in SAFE_METHODS:
            open_ = request.url.path.startswith(OPEN_PATHS)
            if not person.known and not open_ and not person.access.may("read"):
                raise NotSignedInError(where=request.url.path)
            return person
        self._check_rate(self._writes, person.id or client_address(request), request)
        if not request.headers.get("authorization"):
            _check_sender(request, person)
        if not person.known and not request.url.path.startswith(OPEN_PATHS):
            raise NotSignedInError(where=request.url.path)
        return person

    def lets_by(self, caller: str) -> bool:
        """Return whether a stranger who was let in before may ask again, and count it.

        Parameters
        ----------
        caller : str
            Network that he calls from.

        Returns
        -------
        bool
            False if he calls too often; `admit` says so, and counts nothing more.
        """
        return not self.signs_in or not self._requests.wait_s(caller)

    def store_for(self, person: Person) -> Store:
        """Return the store as a person may see it.

        Parameters
        ----------
        person : Person
            Whoever makes a request.

        Returns
        -------
        Store
            The same one for everybody with the same sight.
        """
        return self.seen(person.access.sight)

    def seen(self, sight: Sight) -> Store:
        """Return the store as somebody with a sight may see it.

        Parameters
        ----------
        sight : Sight
            How much is seen.

        Returns
        -------
        Store
            The store itself where nothing is left out.
        """
        if sight.all:
            return self.whole
        found = self._views.get(sight)
        if found is None:
            found = self._views[sight] = StoreView(self.whole, sight)
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        return found

    def sees_whole(self, person: Person, layer: str) -> bool:
        """Return whether a person sees every field of a layer.

        Parameters
        ----------
        person : Person
            Whoever makes a request.
        layer : str
            Id of the layer.

        Returns
        -------
        bool
            True for a layer without restricted fields as well.

        Raises
        ------
        UnknownLayerError
            If there is no such layer, or he may not see it.
        """
        return self.store_for(person).definition(layer).fields == self.whole.definition(layer).fields

    async def _identified(self, request: Request) -> Person:
        header = request.headers.get("authorization", "")
        if header:
            return await run_in_threadpool(self._by_token, header, request)
        if secret := request.cookies.get(SESSION_COOKIE):
            return await run_in_threadpool(self._by_session, secret) or self._stranger
        return self._stranger

    def _by_token(self, header: str, request: Request) -> Person:
        text = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
        token = self.people.tokens.find(text) if text else None
        account = None if token is None else self.people.accounts.get(token.person)
        if token is None or account is None or not account.active:
            wanted = Text(vi="khoá truy cập còn hiệu lực", en="a token that is valid")
            raise BadCredentialsError(wanted=f"Authorization: Bearer …, {wanted.en}", where=request.url.path)
        return Person(account.id, account.name, account.access.limited(token.scopes), account.institute)

    def _by_session(self, secret: str) -> Person | None:
        session = self.people.sessions.find(secret)
        if session is None:
            return None
        account = self.people.accounts.get(session.person)
        return Person(account.id, account.name, account.access, account.institute) if account.active else None

    def _check_rate(self, limiter: Limiter, caller: str, request: Request) -> None:
        if wait := limiter.wait_s(caller):
            raise TooManyRequestsError(seen=caller, wanted=wait, where=request.url.path)


def _check_sender(request: Request, person: Person) -> None:
    """Check that what comes with somebody's cookie was sent by a page of ours; a browser says where from."""
    check_origin(request)
    if person.known and not any(name in request.headers for name in ("origin", "sec-fetch-site")):
        seen = Text(vi="không rõ trang nào", en="no page named")
        raise ForeignPageError(seen=seen, wanted="Origin, Sec-Fetch-Site", where=request.url.path)


def _open_grants(layers: str) -> tuple[Grant, ...]:
    """Return what strangers may do: read all layers, those that are named, or none."""
    if layers == "*":
        return (Grant("viewer"),)
    named = frozenset(name.strip() for name in layers.split(",") if name.strip() and layers != "none")
    return (Grant("viewer", named),) if named else ()


def _user() -> str:
    """Return who uses this machine, as its changesets name him."""
    try:
        return getpass.getuser()
    except OSError:  # a user that has no name, as in a container
        return "local"
