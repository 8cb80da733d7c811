"""The whole contract of a broker adapter, in one class to inherit."""

from __future__ import annotations

from tests.contract.account_data_contract import AccountDataContract
from tests.contract.harness import AdapterHarness
from tests.contract.market_data_contract import ContractLookupContract, MarketDataContract
from tests.contract.order_contract import OrderChangeContract, OrderEntryContract
from tests.contract.records_contract import RecordsContract
from tests.contract.session_contract import SessionContract


class BrokerAdapterContract(
    SessionContract,
    OrderEntryContract,
    OrderChangeContract,
    RecordsContract,
    AccountDataContract,
    MarketDataContract,
    ContractLookupContract,
):
    """What every port of every adapter does.

    A test class that inherits it gives the fixture ``harness``.
    """

    def test_an_adapter_says_what_it_is(self, harness: AdapterHarness) -> None:
        """A name for the configuration, and capabilities that do not change."""
        adapter = harness.adapter
        assert adapter.name == harness.new_adapter().name != ""
        assert adapter.capabilities == harness.new_adapter().capabilities
