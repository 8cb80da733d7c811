"""Finding the endpoint of a path: by its segments, a named one before a parameter.

``/iserver/account/orders`` is its own endpoint although ``/iserver/account/{accountId}`` fits too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

from brokerport.simulator.gateways.client_portal.endpoint import Endpoint


@define
class _Node:
    named: dict[str, _Node] = field(factory=dict)
    any_other: _Node | None = None
    endpoints: dict[str, tuple[Endpoint, tuple[str, ...]]] = field(factory=dict)


@frozen
class Found:
    """What a path leads to: its endpoints by method, and the values of the parameters."""

    endpoints: Mapping[str, tuple[Endpoint, tuple[str, ...]]]
    values: tuple[str, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the path has, those that every path has included."""
        heads = ("HEAD",) if "GET" in self.endpoints else ()
        return tuple(sorted((*self.endpoints, *heads, "OPTIONS")))

    def endpoint(self, method: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        """Return the endpoint of a method with its named parameters, None when it has none."""
        found = self.endpoints.get(method)
        if found is None:
            return None
        endpoint, names = found
        return endpoint, dict(zip(names, self.values, strict=True))


class Router:
    """The table of endpoints, as a tree of segments."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        """Plant the tree.

        Raises:
            ValueError: two endpoints answer the same requests.
        """
        self._root = _Node()
        for endpoint in endpoints:
            self._plant(endpoint)

    def find(self, path: str) -> Found | None:
        """Return what a path below /v1/api leads to, None when it is nothing."""
        return _find(self._root, path.split("/")[1:], ())

    def _plant(self, endpoint: Endpoint) -> None:
        node, names = self._root, []
        for segment in endpoint.path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.any_other = node = node.any_other or _Node()
            else:
                node = node.named.setdefault(segment, _Node())
        if endpoint.method in node.endpoints:
            raise ValueError(f"{endpoint.method} {endpoint.path} is answered twice")
        node.endpoints[endpoint.method] = (endpoint, tuple(names))


def _find(node: _Node, segments: list[str], values: tuple[str, ...]) -> Found | None:
    if not segments:
        return Found(node.endpoints, values) if node.endpoints else None
    first, *rest = segments
    named = node.named.get(first)
    if named is not None:
        found = _find(named, rest, values)
        if found is not None:
            return found
    if node.any_other is not None and first:
        return _find(node.any_other, rest, (*values, first))
    return None
