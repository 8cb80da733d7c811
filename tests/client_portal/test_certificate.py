"""The certificate that the gateway makes for itself: what it vouches for, and how it is kept."""

from __future__ import annotations

import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from brokerport.data_directory import data_directory
from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.gateways.client_portal.certificate import (
    VALID_FOR,
    ServerCertificate,
    server_certificate,
)

NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def loaded(kept: ServerCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(kept.certificate_path.read_bytes())


def test_it_vouches_for_this_machine_and_signs_nothing(tmp_path: Path) -> None:
    """Names of the loopback only, for a server only; whoever trusts it trusts nothing else."""
    certificate = loaded(server_certificate(tmp_path, now=NOW))
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is False
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.not_valid_before_utc <= NOW < certificate.not_valid_after_utc


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")
def test_the_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    """The key's file is 0600, its new directory 0700; the public file holds no key."""
    kept = server_certificate(tmp_path / "made" / "now", now=NOW)
    assert stat.S_IMODE(kept.key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "made" / "now").stat().st_mode) == 0o700
    assert b"PRIVATE KEY" in kept.key_path.read_bytes()
    assert b"PRIVATE KEY" not in kept.certificate_path.read_bytes()


def test_it_is_kept_for_those_who_pin_it(tmp_path: Path) -> None:
    """A second start shows the same certificate, and leaves nothing else in the directory."""
    first = server_certificate(tmp_path, now=NOW)
    before = first.certificate_path.read_bytes(), first.key_path.read_bytes()
    again = server_certificate(tmp_path, now=NOW + timedelta(days=800))
    assert (again.certificate_path.read_bytes(), again.key_path.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "localhost-key.pem",
        "localhost.pem",
    ]


@pytest.mark.parametrize("at", [NOW + VALID_FOR, NOW - timedelta(days=2)])
def test_it_is_made_anew_when_it_is_not_valid(tmp_path: Path, at: datetime) -> None:
    """Expired, or from the future: a new one takes its place."""
    old = loaded(server_certificate(tmp_path, now=NOW))
    new = loaded(server_certificate(tmp_path, now=at))
    assert new.serial_number != old.serial_number
    assert new.not_valid_before_utc <= at < new.not_valid_after_utc


def test_the_public_file_follows_the_key(tmp_path: Path) -> None:
    """A lost, broken or foreign public file is written again from the pair."""
    kept = server_certificate(tmp_path, now=NOW)
    right = kept.certificate_path.read_bytes()
    kept.certificate_path.write_text("broken")
    server_certificate(tmp_path, now=NOW)
    assert kept.certificate_path.read_bytes() == right
    kept.certificate_path.unlink()
    server_certificate(tmp_path, now=NOW)
    assert kept.certificate_path.read_bytes() == right


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff\x00"])
def test_what_is_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """The error names the file and what to do; the file is not overwritten."""
    path = tmp_path / "localhost-key.pem"
    path.write_bytes(content)
    with pytest.raises(InvalidConfiguration, match=r"localhost-key\.pem.*remove the file"):
        server_certificate(tmp_path, now=NOW)
    assert path.read_bytes() == content


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    """A pair that does not belong together would fail every client, so it fails at once."""
    one = server_certificate(tmp_path / "one", now=NOW)
    other = server_certificate(tmp_path / "other", now=NOW)
    key, _, _ = one.key_path.read_bytes().partition(b"-----BEGIN CERTIFICATE")
    one.key_path.write_bytes(key + other.certificate_path.read_bytes())
    with pytest.raises(InvalidConfiguration, match="not the certificate's"):
        server_certificate(tmp_path / "one", now=NOW)


def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    """A file where the directory should be is a clear error, not a traceback."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidConfiguration, match="data_directory"):
        server_certificate(tmp_path / "file" / "below", now=NOW)


def test_a_client_that_pins_it_accepts_it_and_no_other(tmp_path: Path) -> None:
    """Both names verify under strict rules; a client that pins another refuses it."""
    server = server_certificate(tmp_path, now=datetime.now(UTC))
    other = server_certificate(tmp_path / "other", now=datetime.now(UTC))
    for name in ("localhost", "127.0.0.1", "::1"):
        shake_hands(server, server.certificate_path, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake_hands(server, other.certificate_path, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(server, server.certificate_path, "example.org")


def shake_hands(server: ServerCertificate, pinned: Path, name: str) -> None:
    """Perform a TLS handshake in memory."""
    trust = ssl.create_default_context(cafile=pinned)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = trust.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.server_context().wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (near, far):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert near.version() == "TLSv1.3"


def test_the_users_data_directory_is_the_platforms() -> None:
    """XDG on Linux, an absolute path only; the platform's own place elsewhere."""
    home = Path.home()
    assert data_directory({"XDG_DATA_HOME": "/data"}, "linux") == Path("/data/brokerport")
    default = home / ".local" / "share" / "brokerport"
    assert data_directory({}, "linux") == default
    assert data_directory({"XDG_DATA_HOME": "relative"}, "linux") == default
    assert data_directory({}, "darwin") == (home / "Library" / "Application Support" / "brokerport")
    assert data_directory({"LOCALAPPDATA": "/l"}, "win32") == Path("/l/brokerport")
    assert data_directory({}, "win32") == home / "AppData" / "Local" / "brokerport"
