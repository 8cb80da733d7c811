Feature: Partial fills
  The exchange trades no more than it displays; the rest of an order waits or is cancelled.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |
    And AAPL is quoted at 189.95 x 190.05, 30 on each side

  Scenario: A large order fills as size is displayed
    When gen buys 100 AAPL at a limit of 190.10
    Then the order is working
    And 30 of the order are filled at 190.05
    When AAPL is quoted at 190.00 x 190.10, 50 on each side
    Then the order is working
    And the fills are 30 at 190.05, 50 at 190.10
    When AAPL is quoted at 189.90 x 190.00, 30 on each side
    Then the order is filled
    And the fills are 30 at 190.05, 50 at 190.10, 20 at 190.00
    And the commission on the order is 1.00 USD

  Scenario: The same displayed size is not traded twice
    When gen buys 100 AAPL at a limit of 190.10
    And gen buys 10 AAPL at a limit of 190.10
    Then the order is working
    And nothing of the order is filled

  Scenario: Immediate or cancel takes what is there
    When gen buys 100 AAPL at a limit of 190.10, immediate or cancel
    Then the order is cancelled
    And 30 of the order are filled at 190.05
    And gen holds only 30 AAPL

  Scenario: Reducing an order to what is filled already is refused
    When gen buys 100 AAPL at a limit of 190.10
    And gen changes the order to 30 shares
    Then the order is refused before it is sent: quantity is 30, must be "more than the 30 already filled"
