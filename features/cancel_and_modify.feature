Feature: Cancelling and changing orders
  A working order can be cancelled or given new terms; a refusal leaves it as it was.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |
    And AAPL is quoted at 189.95 x 190.05

  Scenario: A working order is cancelled
    When gen buys 100 AAPL at a limit of 180.00
    And gen cancels the order
    Then the order is cancelled
    And gen has 0 open orders

  Scenario: A working order is given a better price and fills
    When gen buys 100 AAPL at a limit of 180.00
    And gen changes the order to a limit of 190.05
    Then the order is filled
    And 100 of the order are filled at 190.05

  Scenario: A working order is given another quantity
    When gen buys 100 AAPL at a limit of 180.00
    And gen changes the order to 250 shares
    Then the order works 250 shares at a limit of 180.00

  Scenario: A change the broker refuses leaves the order live on its old terms
    When gen buys 100 AAPL at a limit of 180.00
    And gen changes the order to 5,000 shares
    Then the change is refused
    And the order works 100 shares at a limit of 180.00
    When gen cancels the order
    Then the order is cancelled

  Scenario: An off-tick change is refused before it is sent
    When gen buys 100 AAPL at a limit of 180.00
    And gen changes the order to a limit of 180.005
    Then the order is refused before it is sent: limit_price is 180.005, must be "a multiple of the tick size 0.01"
    And the order works 100 shares at a limit of 180.00

  Scenario: A filled order can neither be cancelled nor changed
    When gen buys 100 AAPL at market
    And gen cancels the order
    Then the cancel is refused
    When gen changes the order to a limit of 191.00
    Then the change is refused
    And the order is filled

  Scenario: Cancelling what is left of a partly filled order keeps what was filled
    Given AAPL is quoted at 189.95 x 190.05, 40 on each side
    When gen buys 100 AAPL at a limit of 190.05
    And gen cancels the order
    Then the order is cancelled
    And 40 of the order are filled at 190.05
    And gen holds only 40 AAPL
