Feature: Positions and balances
  What an account holds, what it cost, and what its money is, after every trade.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |

  Scenario: Buying stock turns cash into a position
    Given gen has bought 100 AAPL at 190.00
    Then gen holds 100 AAPL at an average cost of 190.01
    And gen has 80,999.00 USD in cash
    And gen has a net liquidation value of 99,999.00 USD

  Scenario: Average cost over two purchases
    Given gen has bought 100 AAPL at 190.00
    And gen has bought 300 AAPL at 194.00
    Then gen holds 400 AAPL at an average cost of 193.00625
    And gen has 22,797.50 USD in cash

  Scenario: Closing realises the profit after commissions
    Given gen has bought 100 AAPL at 190.00
    And gen has sold 100 AAPL at 195.00
    Then gen holds nothing
    And gen has 100,498.00 USD in cash
    And gen has realised 498.00 USD today

  Scenario: Selling short and buying back
    Given gen has sold 100 AAPL at 190.00
    Then gen holds -100 AAPL at an average cost of 189.99
    When AAPL is quoted at 180.00 x 180.00
    And gen buys 100 AAPL at market
    Then gen holds nothing
    And gen has realised 998.00 USD today

  Scenario: Through zero from long to short
    Given gen has bought 100 AAPL at 190.00
    And gen has sold 300 AAPL at 191.00
    Then gen holds -200 AAPL at an average cost of 190.995
    And gen has realised 98.50 USD today

  Scenario: A short put binds margin
    Given AAPL is quoted at 190.00 x 190.00
    And gen has sold 1 AAPL 2026-01-16 185 put at 2.00
    Then gen holds -1 AAPL 2026-01-16 185 put at an average cost of 199.00
    And gen has 100,199.00 USD in cash

  Scenario: An option in the money is assigned at expiry
    Given AAPL is quoted at 190.00 x 190.00
    And gen has sold 1 AAPL 2026-01-09 185 put at 2.00
    When AAPL trades at 180.00
    And 5 days pass
    Then gen holds only 100 AAPL
    And gen has 81,699.00 USD in cash

  Scenario: An option out of the money expires worthless
    Given AAPL is quoted at 190.00 x 190.00
    And gen has sold 1 AAPL 2026-01-09 185 put at 2.00
    When AAPL trades at 186.00
    And 5 days pass
    Then gen holds nothing
    And gen has 100,199.00 USD in cash
