Feature: Several accounts
  Each logical account trades on its own broker account, and no other is touched.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |
      | rev     | REV  | DU1000002      | 75,000.00  |
      | com     | COM  | DU1000003      | 50,000.00  |
    And AAPL is quoted at 189.95 x 190.05

  Scenario: An order trades on the broker account of its logical account
    When rev buys 100 AAPL at market
    Then the order is filled
    And the exchange has the order on DU1000002
    And rev holds only 100 AAPL
    And gen holds nothing
    And com holds nothing
    And gen has 100,000.00 USD in cash
    And rev has 55,994.00 USD in cash
    And com has 50,000.00 USD in cash

  Scenario: The order's identity names its account
    When com buys 10 AAPL at a limit of 180.00
    Then the order carries a ClientOrderId of com to the exchange
    And com has 1 open order
    And gen has 0 open orders

  Scenario: An account cannot cancel another account's order
    When gen buys 10 AAPL at a limit of 180.00
    And rev cancels the order
    Then the order is refused as an UnknownOrder: "account 'rev' has no order"
    And the order is working

  Scenario: One account's cash does not help another
    When com buys 600 AAPL at a limit of 190.05
    Then the broker rejects the order with code 201
    When gen buys 600 AAPL at a limit of 190.05
    Then the order is filled
