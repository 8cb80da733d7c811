"""Looking at what a configuration refers to, before any session is opened."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import attrs

from brokerport.adapters.client_portal.transport import tls_context
from brokerport.config import Settings
from brokerport.config.secrets import resolve_secret
from brokerport.domain.errors import InvalidConfiguration
from brokerport.services.doctor import Finding, fine, wrong

SECONDS_MAX = 5.0


def examine_secrets(settings: Settings) -> Iterator[Finding]:
    """Resolve every reference to a secret that is given; no value is shown."""
    resolved = 0
    for section in (settings.client_portal, settings.journal):
        for item in attrs.fields(type(section)):
            reference = getattr(section, item.name)
            is_reference = item.name.startswith("oauth_") and item.name != "oauth_realm"
            if reference is None or not (is_reference or item.name == "password"):
                continue
            setting = f"{type(section).SECTION}.{item.name}"
            try:
                resolve_secret(setting, reference)
                resolved += 1
            except InvalidConfiguration as error:
                yield wrong("secrets", str(error), f"put it where {setting} says, or correct that")
    yield fine("secrets", f"{resolved} references resolve" if resolved else "none are needed")


async def examine_address(settings: Settings) -> AsyncIterator[Finding]:
    """Knock at the adapter's address, and look at its certificate where it has one."""
    if settings.adapter == "simulated":
        yield fine("address", "the world is in this process")
        return
    tls: ssl.SSLContext | None = None
    if settings.adapter == "tws":
        host, port = settings.tws.host, settings.tws.port
    else:
        parts = urlsplit(settings.client_portal.base_url)
        is_https = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if is_https else 80)
        if is_https:
            try:
                tls = tls_context(settings.client_portal.certificate)
            except InvalidConfiguration as error:
                yield wrong("certificate", str(error), "correct client_portal.certificate")
                return
    problem = await _knock(host, port, None)
    if problem is not None:
        advice = "start TWS, IB Gateway or the Client Portal Gateway there, or correct the setting"
        yield wrong("address", f"{host}:{port} does not answer: {problem}", advice)
        return
    yield fine("address", f"{host}:{port} answers")
    if tls is None:
        return
    problem = await _knock(host, port, tls)
    if problem is None:
        how = "pinned" if settings.client_portal.certificate else "vouched for"
        yield fine("certificate", f"it is the one that is {how}")
    else:
        advice = "set client_portal.certificate to the gateway's own; do not switch checking off"
        yield wrong("certificate", f"it is not the one expected: {problem}", advice)


async def _knock(host: str, port: int, tls: ssl.SSLContext | None) -> str | None:
    """Open a connection and close it; return what went wrong, None when nothing did."""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            _reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except TimeoutError:
        return f"no answer within {SECONDS_MAX:g} seconds"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return error.strerror or str(error)
    writer.close()
    return None
