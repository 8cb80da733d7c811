"""Messages of financial advisors and of the reference lists that the server keeps."""

from __future__ import annotations

from attrs import frozen


@frozen
class RequestFA:
    """Request 18: an advisor's groups (1), profiles (2, gone from 177 on) or aliases (3)."""

    fa_data_type: int


@frozen
class ReceiveFA:
    """Reply 16: an advisor's groups, profiles or aliases, as XML."""

    fa_data_type: int
    xml: str


@frozen
class ReqFamilyCodes:
    """Request 80: ask for the family codes of the accounts."""


@frozen
class FamilyCode:
    """One account and its family code."""

    account_id: str
    family_code: str


@frozen
class FamilyCodes:
    """Reply 78: the accounts with their family codes."""

    family_codes: tuple[FamilyCode, ...]


@frozen
class ReqNewsProviders:
    """Request 85: ask for the news sources that this login may read."""


@frozen
class NewsProvider:
    """One news source."""

    code: str
    name: str


@frozen
class NewsProviders:
    """Reply 85: the news sources that this login may read."""

    news_providers: tuple[NewsProvider, ...]


@frozen
class ReqScannerParameters:
    """Request 24: ask for the market scanner's parameters."""


@frozen
class ScannerParameters:
    """Reply 19: the market scanner's parameters, as XML."""

    xml: str
