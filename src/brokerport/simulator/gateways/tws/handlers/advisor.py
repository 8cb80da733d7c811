"""Lists that the server keeps: family codes, news sources, scanner parameters, advisor groups.

The simulated login is an individual's, with no news and no scanner: the lists are empty, which is
what IBKR answers such a login too. An advisor's data is refused with 321, IBKR's answer to a login
that is no advisor's.
"""

from __future__ import annotations

from brokerport.simulator.gateways.tws.codes import INVALID_REQUEST
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.wire.tws.messages.advisor import (
    FamilyCode,
    FamilyCodes,
    NewsProviders,
    ReqFamilyCodes,
    ReqNewsProviders,
    ReqScannerParameters,
    RequestFA,
    ScannerParameters,
)

_NO_SCANS = '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse></ScanParameterResponse>'


def _family_codes(session: Session, _request: ReqFamilyCodes) -> None:
    accounts = session.served.brokerage.accounts
    session.send(FamilyCodes(tuple(FamilyCode(account.account_id, "") for account in accounts)))


def _news_providers(session: Session, _request: ReqNewsProviders) -> None:
    session.send(NewsProviders(()))


def _scanner_parameters(session: Session, _request: ReqScannerParameters) -> None:
    session.send(ScannerParameters(_NO_SCANS))


def _advisor_data(_session: Session, _request: RequestFA) -> None:
    raise Refused(
        INVALID_REQUEST,
        field="requestFA",
        cause="FA data operations ignored for non FA customers",
    )


HANDLERS: DispatchTable = {
    ReqFamilyCodes: _family_codes,
    ReqNewsProviders: _news_providers,
    ReqScannerParameters: _scanner_parameters,
    RequestFA: _advisor_data,
}
