"""How much of a server one caller may take: a bucket that fills steadily and is emptied by requests."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["Limiter", "network"]

#: Callers that are remembered at once; who is forgotten starts with a full bucket.
_REMEMBERED: Final = 50_000
_MINUTE_S: Final = 60.0
#: Of IPv6 a subscriber has a whole network of this length.
_IPV6_PREFIX: Final = 64


class Limiter:
    """Counts requests of callers in this process.

    Parameters
    ----------
    per_minute : int
        Requests of one caller, in the long run and at once.
    clock : callable, optional
        Seconds that never go back.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> int:
        """Take a request from a caller's bucket.

        Parameters
        ----------
        caller : str
            Who calls.

        Returns
        -------
        int
            0 if there was one, else in how many seconds there will be.

        Examples
        --------
        >>> limiter = Limiter(2, clock=lambda: 0.0)
        >>> [limiter.wait_s("a"), limiter.wait_s("a"), limiter.wait_s("a"), limiter.wait_s("b")]
        [0, 0, 30, 0]
        """
        now, rate = self._clock(), self._per_minute / _MINUTE_S
        with self._lock:
            left, since = self._buckets.pop(caller, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - since) * rate)
            wait = 0 if left >= 1 else max(1, math.ceil((1 - left) / rate))
            self._buckets[caller] = (left if wait else left - 1, now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        return wait


def network(address: str) -> str:
    """Return by what a caller without a name is counted.

    Parameters
    ----------
    address : str
        Of the network; anything else counts as it is.

    Returns
    -------
    str
        The address, or for IPv6 the network that one subscriber has.

    Examples
    --------
    >>> network("192.0.2.7"), network("2001:db8::1:2"), network("testclient")
    ('192.0.2.7', '2001:db8::/64', 'testclient')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a name, as of a socket of this machine
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
