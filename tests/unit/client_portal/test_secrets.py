"""References to secrets: resolved when a session is opened, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from brokerport.config.secrets import resolve_secret
from brokerport.domain.errors import InvalidConfiguration

SETTING = "client_portal.oauth_access_token"


def test_a_secret_is_found_in_the_environment() -> None:
    """By its variable's name."""
    assert resolve_secret(SETTING, "env:TOKEN", {"TOKEN": "hidden"}) == "hidden"


def test_a_secret_is_found_in_a_file(tmp_path: Path) -> None:
    """As its text stands there."""
    file = tmp_path / "key.pem"
    file.write_text("-----BEGIN\nhidden\n")
    assert resolve_secret(SETTING, f"file:{file}") == "-----BEGIN\nhidden\n"


@pytest.mark.parametrize("reference", ["env:NOWHERE", "env:EMPTY", "file:/no/such", "hidden", None])
def test_what_cannot_be_resolved_is_named_by_its_setting(reference: str | None) -> None:
    """The message holds neither the secret nor where it was looked for."""
    with pytest.raises(InvalidConfiguration, match=SETTING) as caught:
        resolve_secret(SETTING, reference, {"EMPTY": " "})
    assert "hidden" not in str(caught.value)
    assert "NOWHERE" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A certificate in another form, perhaps."""
    file = tmp_path / "key.der"
    file.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InvalidConfiguration, match=SETTING):
        resolve_secret(SETTING, f"file:{file}")
