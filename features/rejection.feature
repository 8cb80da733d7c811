Feature: Refused orders
  A bad order is refused with a clear reason, before it is sent where that can be known here, and
  nothing changes.

  Background:
    Given the accounts
      | account | role | broker account | cash      |
      | gen     | GEN  | DU1000001      | 10,000.00 |
    And AAPL is quoted at 189.95 x 190.05

  Scenario: An order beyond the account's buying power
    When gen buys 1,000 AAPL at a limit of 190.05
    Then the broker rejects the order with code 201
    And the rejection says "margin"
    And gen holds nothing
    And gen has 10,000.00 USD in cash
    And gen has no executions
    And gen has 0 open orders

  Scenario Outline: A quantity that cannot be
    When gen buys <quantity> AAPL at market
    Then the order is refused before it is sent: quantity is <quantity>, must be "greater than zero"
    And the broker has no order

    Examples:
      | quantity |
      | 0        |
      | -100     |

  Scenario Outline: A price that cannot be
    When gen buys 100 AAPL <terms>
    Then the order is refused before it is sent: <field> is <value>, must be "<allowed>"
    And the broker has no order

    Examples:
      | terms                                     | field         | value   | allowed                       |
      | at a limit of 0                           | limit_price   | 0       | greater than zero             |
      | at a limit of -1.50                       | limit_price   | -1.50   | greater than zero             |
      | at a limit of 190.001                     | limit_price   | 190.001 | a multiple of the tick size   |
      | with a stop at 0                          | trigger_price | 0       | greater than zero             |
      | with a stop at 191.005                    | trigger_price | 191.005 | a multiple of the tick size   |
      | with a stop at 191.00 and a limit of 0    | limit_price   | 0       | greater than zero             |

  Scenario: An unknown symbol
    When gen buys 100 XYZQ at market
    Then the order is refused as an UnknownContract: "XYZQ"
    And the broker has no order

  Scenario: An expired option
    Given AAPL 2026-01-09 180 put is quoted at 2.10 x 2.20
    When 7 days pass
    And gen sells 1 AAPL 2026-01-09 180 put at a limit of 2.10
    Then the order is refused before it is sent: instrument.expiry is 2026-01-09, must be "2026-01-12 or later"
    And the broker has no order

  Scenario: An account that is not mapped
    When rev buys 100 AAPL at market
    Then the order is refused as an UnknownAccount: "account 'rev' is not mapped"
    And the broker has no order
