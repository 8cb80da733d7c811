Feature: Order entry
  A trader places stock and option orders and sees them work, trigger and fill.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |
    And AAPL is quoted at 189.95 x 190.05

  Scenario: A market order is filled at the quote
    When gen buys 100 AAPL at market
    Then the order is filled
    And 100 of the order are filled at 190.05
    And the commission on the order is 1.00 USD

  Scenario: A limit order through the market is filled at the quote, not at its limit
    When gen buys 100 AAPL at a limit of 191.00
    Then the order is filled
    And 100 of the order are filled at 190.05

  Scenario: A limit order away from the market waits until the market comes to it
    When gen buys 100 AAPL at a limit of 189.00
    Then the order is working
    And nothing of the order is filled
    When AAPL is quoted at 188.90 x 188.98
    Then the order is filled
    And 100 of the order are filled at 188.98

  Scenario: A stop order becomes a market order when its trigger trades
    Given gen has bought 100 AAPL at 190.00
    When AAPL trades at 190.00
    And gen sells 100 AAPL with a stop at 185.00
    Then the order is working
    When AAPL trades at 184.90
    Then the order is filled
    And 100 of the order are filled at 184.89

  Scenario: A stop limit order does not chase the market below its limit
    Given gen has bought 100 AAPL at 190.00
    When AAPL trades at 190.00
    And gen sells 100 AAPL with a stop at 185.00 and a limit of 184.95
    And AAPL trades at 184.00
    Then the order is working
    And nothing of the order is filled
    When AAPL trades at 184.96
    Then the order is filled
    And 100 of the order are filled at 184.95

  Scenario: An immediate or cancel order that cannot trade is cancelled
    When gen buys 100 AAPL at a limit of 189.00, immediate or cancel
    Then the order is cancelled
    And nothing of the order is filled

  Scenario: A day order ends with the session
    When gen buys 100 AAPL at a limit of 150.00
    And the session closes
    Then the order is cancelled

  Scenario: A good till cancelled order outlives the session
    When gen buys 100 AAPL at a limit of 150.00, good till cancelled
    And the session closes
    Then the order is working

  Scenario: A put is sold for its premium
    Given AAPL 2026-01-16 180 put is quoted at 2.10 x 2.20
    When gen sells 2 AAPL 2026-01-16 180 put at a limit of 2.10
    Then the order is filled
    And 2 of the order are filled at 2.10
    And the commission on the order is 1.30 USD
    And gen has 100,418.70 USD in cash
