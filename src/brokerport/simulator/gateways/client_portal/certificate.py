"""The gateway's own certificate, made at its first start and kept for the clients that pin it.

Rules:

- It vouches for this machine only: ``localhost``, ``127.0.0.1`` and ``::1``. It signs nothing else,
  so that whoever trusts it trusts this one server.
- ``localhost.pem`` is what a client pins. The private key stands in ``localhost-key.pem``, which
  its owner alone may read; the certificate follows it there, so that the two can never be of
  different age, and ``localhost.pem`` is written from it.
- It is made anew when it has expired, or is missing. A file that is there and is no such thing is
  refused, never overwritten.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from brokerport.data_directory import data_directory
from brokerport.domain.errors import InvalidConfiguration

CERTIFICATE_NAME = "localhost.pem"
KEY_NAME = "localhost-key.pem"
# Platforms refuse certificates of servers that are valid for longer than 825 days.
VALID_FOR = timedelta(days=820)
_CLOCK_SKEW = timedelta(days=1)


@frozen
class ServerCertificate:
    """Where the certificate and its private key are kept."""

    certificate_path: Path
    key_path: Path

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS settings of a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.key_path)
        return context


def server_certificate(directory: Path | None = None, *, now: datetime) -> ServerCertificate:
    """Return the certificate kept in a directory, made when there is none that is still valid.

    ``directory`` None is the user's own data directory. ``now`` is the wall's time, UTC.

    Raises:
        InvalidConfiguration: the directory cannot be written, or a file there is something else.
    """
    folder = data_directory() if directory is None else directory
    kept = ServerCertificate(folder / CERTIFICATE_NAME, folder / KEY_NAME)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not kept.key_path.exists():
            _write(kept.key_path, _new_pair(now), may_replace=False)
        certificate = _certificate_in(kept.key_path)
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            _write(kept.key_path, _new_pair(now), may_replace=True)
            certificate = _certificate_in(kept.key_path)
        public = certificate.public_bytes(Encoding.PEM)
        if not kept.certificate_path.exists() or kept.certificate_path.read_bytes() != public:
            _write(kept.certificate_path, public, may_replace=True, mode=0o644)
    except OSError as error:
        raise InvalidConfiguration(
            "client_portal_gateway.data_directory",
            str(folder),
            f"a directory that the certificate can be kept in ({error.strerror or error})",
        ) from error
    return kept


def _certificate_in(path: Path) -> x509.Certificate:
    pair = path.read_bytes()
    try:
        key = load_pem_private_key(pair, password=None)
        certificate = x509.load_pem_x509_certificate(pair)
    except (ValueError, TypeError) as error:
        raise _unreadable(path, str(error)) from error
    if key.public_key() != certificate.public_key():
        raise _unreadable(path, "the key is not the certificate's")
    return certificate


def _unreadable(path: Path, why: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        "client_portal_gateway.data_directory",
        str(path),
        f"a private key and its certificate; remove the file to have them made anew ({why})",
    )


def _new_pair(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "brokerport simulator"),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    hosts = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(hosts, critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _write(path: Path, content: bytes, *, may_replace: bool, mode: int = 0o600) -> None:
    """Write a file whole or not at all; of two gateways that start at once, the first wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        written.chmod(mode)
        if may_replace:
            written.replace(path)
            return
        try:
            os.link(written, path)
        except FileExistsError:
            return
    finally:
        written.unlink(missing_ok=True)
