"""The forms in which a contract travels, one kind per ContractForm.

Source: ib_async client.py and decoder.py; official client.py and decoder.py agree on all of them.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    DELTA_NEUTRAL_CONTRACT,
    INTEGER,
    RIGHT,
    RIGHT_OR_QUESTION_MARK,
    STRIKE,
    TEXT,
    Counted,
    Kind,
    Record,
)
from brokerport.simulator.wire.tws.markers import ContractForm
from brokerport.simulator.wire.tws.messages.values import ComboLeg, WireContract
from brokerport.simulator.wire.tws.versions import BOND_ISSUER_ID

BAG = "BAG"

_Fields = tuple[tuple[str, Kind], ...]

DATA_LEGS = Counted(
    Record(
        ComboLeg,
        (("con_id", INTEGER), ("ratio", INTEGER), ("action", TEXT), ("exchange", TEXT)),
    )
)
"""The legs of a BAG in requests for data."""

ORDER_LEGS = Counted(
    Record(
        ComboLeg,
        (
            ("con_id", INTEGER),
            ("ratio", INTEGER),
            ("action", TEXT),
            ("exchange", TEXT),
            ("open_close", INTEGER),
            ("short_sale_slot", INTEGER),
            ("designated_location", TEXT),
            ("exempt_code", INTEGER),
        ),
    )
)
"""The legs of a BAG in messages about orders."""


def _identity(right: Kind) -> _Fields:
    return (
        ("con_id", INTEGER),
        ("symbol", TEXT),
        ("sec_type", TEXT),
        ("last_trade_date_or_contract_month", TEXT),
        ("strike", STRIKE),
        ("right", right),
        ("multiplier", TEXT),
    )


_TAIL: _Fields = (("currency", TEXT), ("local_symbol", TEXT), ("trading_class", TEXT))

REQUEST_FIELDS: _Fields = (
    *_identity(RIGHT),
    ("exchange", TEXT),
    ("primary_exchange", TEXT),
    *_TAIL,
)
REPLY_FIELDS: _Fields = (*_identity(RIGHT), ("exchange", TEXT), *_TAIL)
ORDER_REPLY_FIELDS: _Fields = (*_identity(RIGHT_OR_QUESTION_MARK), ("exchange", TEXT), *_TAIL)
PORTFOLIO_FIELDS: _Fields = (*_identity(RIGHT), ("primary_exchange", TEXT), *_TAIL)


class _MarketData:
    """The twelve fields, the legs of a BAG, the delta-neutral contract."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read a contract."""
        values = {
            field: kind.read(reader, f"{name}.{field}", version) for field, kind in REQUEST_FIELDS
        }
        if values["sec_type"] == BAG:
            values["combo_legs"] = DATA_LEGS.read(reader, f"{name}.combo_legs", version)
        values["delta_neutral_contract"] = DELTA_NEUTRAL_CONTRACT.read(
            reader, f"{name}.delta_neutral_contract", version
        )
        return WireContract(**values)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write a contract."""
        for field, kind in REQUEST_FIELDS:
            kind.write(writer, f"{name}.{field}", getattr(value, field), version)
        if value.sec_type == BAG:
            DATA_LEGS.write(writer, f"{name}.combo_legs", value.combo_legs, version)
        DELTA_NEUTRAL_CONTRACT.write(
            writer, f"{name}.delta_neutral_contract", value.delta_neutral_contract, version
        )


@frozen
class _Details:
    """The fields of reqContractDetails, whose last one came with a version."""

    before: Kind
    since: Kind

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read a contract."""
        return self._kind(version).read(reader, name, version)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write a contract."""
        self._kind(version).write(writer, name, value, version)

    def _kind(self, version: int) -> Kind:
        return self.since if version >= BOND_ISSUER_ID else self.before


_EXPIRED: _Fields = (*REQUEST_FIELDS, ("include_expired", BOOLEAN))
_DETAILS: _Fields = (*_EXPIRED, ("sec_id_type", TEXT), ("sec_id", TEXT))

CONTRACT_KINDS: dict[ContractForm, Kind] = {
    ContractForm.REQUEST: Record(WireContract, REQUEST_FIELDS),
    ContractForm.REQUEST_EXPIRED: Record(WireContract, _EXPIRED),
    ContractForm.MARKET_DATA: _MarketData(),
    ContractForm.DETAILS: _Details(
        before=Record(WireContract, _DETAILS),
        since=Record(WireContract, (*_DETAILS, ("issuer_id", TEXT))),
    ),
    ContractForm.REPLY: Record(WireContract, REPLY_FIELDS),
    ContractForm.PORTFOLIO: Record(WireContract, PORTFOLIO_FIELDS),
}
