"""What an order is asked before it goes to the broker: IBKR's order reply messages, as data.

Sources: the OpenAPI description of POST /iserver/questions/suppress lists the message ids with
their texts; thresholds are those of its samples and of TWS's default presets (3 %, 500 shares,
100,000 USD). A message id that the login has suppressed is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum

from attrs import field, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.order_types import Limit, Market, Side, Stop, StopLimit
from brokerport.simulator.gateways.client_portal.order_facts import OrderFacts
from brokerport.simulator.gateways.client_portal.translate.option_words import number_text
from brokerport.simulator.gateways.client_portal.translate.order_texts import price_text

_PLACEHOLDERS = ("order", "price", "value", "currency", "threshold")
_SURE = "\nAre you sure you want to submit this order?"


class QuestionTrigger(Enum):
    """When a question is asked; the question's ``threshold`` is in the unit named."""

    ALWAYS = "always"
    PRICE_AWAY = "the limit price is further from the market than so many percent"
    VALUE_ABOVE = "the order's value is above so much money"
    SIZE_ABOVE = "the order is for more than so many shares or contracts"
    MARKET_ORDER = "it is a market order"
    STOP_ORDER = "it is a stop or stop limit order"
    TRIGGERS_AT_ONCE = "the market has passed the stop's trigger already"
    NO_MARKET_DATA = "the market shows neither a quote nor a last price"


_WITH_THRESHOLD = frozenset(
    {QuestionTrigger.PRICE_AWAY, QuestionTrigger.VALUE_ABOVE, QuestionTrigger.SIZE_ABOVE}
)


@frozen
class Question:
    """One question, when it is asked, and its text.

    The text may hold ``{order}`` (``BUY 650 AAPL NASDAQ.NMS``), ``{price}``, ``{value}``,
    ``{currency}`` and ``{threshold}``. ``threshold`` belongs to the triggers that name one.
    """

    message_id: str
    text: str
    when: QuestionTrigger
    threshold: Decimal = field(default=Decimal(0))

    def __attrs_post_init__(self) -> None:
        """Refuse what would only fail when it is asked; raises BadInput."""
        name = f"question {self.message_id}"
        if (self.when in _WITH_THRESHOLD) != (self.threshold > 0):
            raise BadInput(
                f"{name} threshold",
                self.threshold,
                "greater than zero for a price, size or value, and zero for any other trigger",
            )
        try:
            self.text.format(**dict.fromkeys(_PLACEHOLDERS, ""))
        except (KeyError, IndexError, ValueError):
            allowed = f"without braces other than {_PLACEHOLDERS}"
            raise BadInput(f"{name} text", self.text, allowed) from None


@frozen
class AskedQuestion:
    """A question put to one order."""

    message_id: str
    text: str


DEFAULT_QUESTIONS = (
    Question(
        "o354",
        "You are submitting an order without market data. We strongly recommend against this as it "
        f"may result in erroneous and unexpected trades.{_SURE}",
        QuestionTrigger.NO_MARKET_DATA,
    ),
    Question(
        "o163",
        'The following order "{order} @ {price}" price exceeds \n'
        f"the Percentage constraint of {{threshold}}%.{_SURE}",
        QuestionTrigger.PRICE_AWAY,
        Decimal(3),
    ),
    Question(
        "o383",
        f'The following order "{{order}}" size exceeds the Size Limit of {{threshold}}.{_SURE}',
        QuestionTrigger.SIZE_ABOVE,
        Decimal(500),
    ),
    Question(
        "o451",
        'The following order "{order}" value estimate of {value} {currency} exceeds \n'
        f"the Total Value Limit of {{threshold}} {{currency}}.{_SURE}",
        QuestionTrigger.VALUE_ABOVE,
        Decimal(100_000),
    ),
    Question(
        "o403",
        f"This order will most likely trigger and fill immediately.{_SURE}",
        QuestionTrigger.TRIGGERS_AT_ONCE,
    ),
    Question(
        "o10151",
        "<h4>Market Order Confirmation</h4>A Market Order is an instruction to trade your order at "
        "any available price. It is not guaranteed a specific price and may execute at an "
        f"undesirable one.{_SURE}",
        QuestionTrigger.MARKET_ORDER,
    ),
    Question(
        "o10331",
        "You are about to submit a stop order. Please be aware of the various stop order types "
        f"available and the risks associated with each one.{_SURE}",
        QuestionTrigger.STOP_ORDER,
    ),
)
"""IBKR's usual set, for an account that has suppressed nothing."""


def questions_for(
    facts: OrderFacts, questions: Iterable[Question], suppressed: Iterable[str]
) -> tuple[AskedQuestion, ...]:
    """Return what an order is asked, in the order of the questions, one after another."""
    silent = frozenset(suppressed)
    return tuple(
        AskedQuestion(question.message_id, _filled_in(question, facts))
        for question in questions
        if question.message_id not in silent and _applies(question, facts)
    )


def _applies(question: Question, facts: OrderFacts) -> bool:
    order_type = facts.ticket.order_type
    match question.when:
        case QuestionTrigger.ALWAYS:
            return True
        case QuestionTrigger.MARKET_ORDER:
            return isinstance(order_type, Market)
        case QuestionTrigger.STOP_ORDER:
            return isinstance(order_type, Stop | StopLimit)
        case QuestionTrigger.TRIGGERS_AT_ONCE:
            return _has_triggered(facts)
        case QuestionTrigger.NO_MARKET_DATA:
            return facts.quote.bid is None and facts.quote.ask is None and facts.last is None
        case QuestionTrigger.SIZE_ABOVE:
            return facts.ticket.quantity > question.threshold
        case QuestionTrigger.VALUE_ABOVE:
            return facts.value is not None and facts.value > question.threshold
        case QuestionTrigger.PRICE_AWAY:
            return _is_away(facts, question.threshold)


def _is_away(facts: OrderFacts, percent: Decimal) -> bool:
    market = facts.touch
    if market is None or not isinstance(facts.ticket.order_type, Limit):
        return False
    return abs(facts.ticket.order_type.limit_price - market) * 100 > percent * market


def _has_triggered(facts: OrderFacts) -> bool:
    match facts.ticket.order_type:
        case Stop(trigger_price) | StopLimit(trigger_price, _):
            market = facts.touch
            if market is None:
                return False
            if facts.ticket.side is Side.BUY:
                return market >= trigger_price
            return market <= trigger_price
        case _:
            return False


def _filled_in(question: Question, facts: OrderFacts) -> str:
    ticket = facts.ticket
    price, value = facts.named_price, facts.value
    return question.text.format(
        order=(
            f"{ticket.side.value} {number_text(ticket.quantity)} {ticket.instrument.symbol} "
            f"{facts.exchange}"
        ),
        price="" if price is None else price_text(price),
        value="" if value is None else f"{value:,.2f}",
        currency=ticket.instrument.currency,
        threshold=f"{question.threshold:,f}",
    )
