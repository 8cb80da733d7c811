"""Opening the books: what the journal holds becomes the books, before anything is heard."""

from __future__ import annotations

from brokerport.domain.accounts import AccountMap
from brokerport.domain.journal_fold import recorded_book
from brokerport.ports.journal import Journal
from brokerport.services.books import LedgerKeeper
from brokerport.services.order_book import OrderBook
from brokerport.services.quarantine import Quarantine
from brokerport.services.synchroniser import Synchroniser


async def open_books(
    journal: Journal,
    accounts: AccountMap,
    book: OrderBook,
    synchroniser: Synchroniser,
    ledgers: LedgerKeeper,
    quarantine: Quarantine,
) -> None:
    """Take the right to write the journal, and load every mapped account from it.

    Raises:
        JournalInUse, JournalUnavailable, JournalDamaged: nothing may be traded.
    """
    await journal.open(accounts.broker_account(account.name) for account in accounts)
    for account in accounts:
        recorded = recorded_book(await journal.read(account.name))
        if recorded.is_new:
            synchroniser.begin_history(account.name)
        ledgers.load(account.name, recorded)
        quarantine.load(account.name, recorded)
        book.load(recorded)
