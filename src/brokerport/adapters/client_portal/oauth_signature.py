"""What OAuth 1.0a signs and how it is written down: base string, Authorization header (RFC 5849).

Rules:

- The URL in the base string is the one before the question mark.
- Names and values are percent-encoded and sorted; the whole is percent-encoded once more.
- Neither ``realm`` nor the signature itself is signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote


def percent_encoded(text: str) -> str:
    """Return a text with all but letters, digits and ``-._~`` escaped (RFC 5849, section 3.6)."""
    return quote(text, safe="~")


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return what a signature is made of (RFC 5849, section 3.4.1)."""
    pairs = sorted((percent_encoded(name), percent_encoded(value)) for name, value in parameters)
    normalized = "&".join(f"{name}={value}" for name, value in pairs)
    address = url.partition("#")[0].partition("?")[0]
    return "&".join((method.upper(), percent_encoded(address), percent_encoded(normalized)))


def authorization_header(realm: str, parameters: Mapping[str, str]) -> str:
    """Return the value of the Authorization header (RFC 5849, section 3.5.1)."""
    written = [f'realm="{percent_encoded(realm)}"']
    written += [f'{name}="{percent_encoded(value)}"' for name, value in sorted(parameters.items())]
    return "OAuth " + ", ".join(written)
