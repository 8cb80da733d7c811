"""A request with an OAuth 1.0a signature: what was sent, and all that may have been signed.

Rules:

- Clients do not agree on the base string, and IBKR takes them all: the query is left out, or stands
  in the URL, or among the parameters as RFC 5849 has it; values are escaped twice, as it has it, or
  once.
- A client that reaches the gateway by one name may sign another: some always send
  ``Host: api.ibkr.com``, whatever address they use. So every name of this gateway counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from attrs import field, frozen

IBKR_HOST = "api.ibkr.com"
UNSIGNED = ("oauth_signature", "realm")

_PARAMETER = re.compile(r'\s*([A-Za-z_]+)\s*=\s*"([^"]*)"\s*')

Pairs = Sequence[tuple[str, str]]


@frozen
class SignedRequest:
    """One request; ``addresses`` are what its URL may have been without the query."""

    method: str
    addresses: tuple[str, ...]
    query: str
    parameters: Mapping[str, str] = field(repr=False)

    def parameter(self, name: str) -> str:
        """Return a parameter of the Authorization header, empty when it is missing."""
        return self.parameters.get(name, "")

    def base_strings(self) -> Iterator[str]:
        """Yield every text that a client may have signed."""
        own = [pair for pair in self.parameters.items() if pair[0] not in UNSIGNED]
        for address in self.addresses:
            for url, pairs in self._shapes(address, own):
                for normalized in {way(pairs) for way in _WAYS}:
                    yield "&".join((self.method.upper(), quote_plus(url), normalized))

    def _shapes(self, address: str, own: Pairs) -> Iterator[tuple[str, Pairs]]:
        yield address, own
        if self.query:
            yield address, [*own, *parse_qsl(self.query, keep_blank_values=True)]
            yield f"{address}?{self.query}", own
            if unquote(self.query) != self.query:
                yield f"{address}?{unquote(self.query)}", own


def authorization_parameters(header: str) -> dict[str, str] | None:
    """Return the parameters of an ``OAuth ...`` header; None when it is not one.

    A parameter that stands twice makes the whole header void.
    """
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "oauth":
        return None
    found: dict[str, str] = {}
    for part in rest.split(","):
        match = _PARAMETER.fullmatch(part)
        if match is None or match.group(1) in found:
            return None
        found[match.group(1)] = unquote(match.group(2))
    return found


def possible_addresses(url: str, server: tuple[str, int | None] | None) -> tuple[str, ...]:
    """Return what a client may have called a URL that arrived here, all without the query.

    ``server`` is the address that the gateway listens on.
    """
    parts = urlsplit(url)
    hosts = [parts.netloc, IBKR_HOST]
    if server is not None:
        port = f":{server[1]}" if server[1] else ""
        hosts += [f"{host}{port}" for host in (server[0], "localhost", "127.0.0.1")]
    schemes = dict.fromkeys((parts.scheme, "https"))
    return tuple(
        dict.fromkeys(f"{scheme}://{host}{parts.path}" for host in hosts for scheme in schemes)
    )


def _escaped_twice(pairs: Pairs) -> str:
    escaped = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    return quote("&".join(f"{name}={value}" for name, value in escaped), safe="~")


def _escaped_once(escape: Callable[[str], str]) -> Callable[[Pairs], str]:
    def escaped(pairs: Pairs) -> str:
        return escape("&".join(f"{name}={value}" for name, value in sorted(pairs)))

    return escaped


_WAYS: tuple[Callable[[Pairs], str], ...] = (
    _escaped_twice,
    _escaped_once(quote_plus),
    _escaped_once(quote),
    _escaped_once(lambda text: quote(text, safe="~")),
)
