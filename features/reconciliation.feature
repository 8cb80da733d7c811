Feature: Reconciliation
  What the client believes of an account is held against what the broker shows, at every start and
  whenever it is asked for. What cannot be explained closes the account for opening orders.

  Background:
    Given the accounts
      | account | role | broker account | cash       |
      | gen     | GEN  | DU1000001      | 100,000.00 |
      | rev     | REV  | DU1000002      | 50,000.00  |
    And AAPL is quoted at 190.00 x 190.00

  Scenario: A day of trading leaves the books in agreement
    Given gen has bought 100 AAPL at 190.00
    And gen has sold 40 AAPL at 191.00
    Then the books of gen agree with the broker's
    And the books of rev agree with the broker's

  Scenario: What was traded before is in the books of the next session
    Given gen has bought 100 AAPL at 190.00
    When the client goes away
    And 1 days pass
    And the client comes back
    Then gen is open
    And the books of gen agree with the broker's

  Scenario: A trade by hand of the same day is told, and is in the books
    Given gen has bought 100 AAPL at 190.00
    When the client goes away
    And a person sells 40 AAPL in gen by hand
    And the client comes back
    Then gen is told of a sell of 40 AAPL
    And gen is open
    And the books of gen agree with the broker's

  Scenario: A trade by hand of an earlier day closes the account for opening orders
    Given gen has bought 100 AAPL at 190.00
    When the client goes away
    And a person buys 10 AAPL in gen by hand
    And 1 days pass
    And the client comes back
    Then gen is closed for opening orders: "the broker holds 10 more of AAPL"
    And rev is open
    When gen buys 10 AAPL at market
    Then the order is refused as an AccountQuarantined: "closed for opening orders"
    When gen sells 111 AAPL at market
    Then the order is refused as an AccountQuarantined: "closed for opening orders"
    When gen sells 110 AAPL at market
    Then the order is filled
    And gen holds nothing

  Scenario: A closed account stays closed in the next session, until somebody releases it
    Given gen has bought 100 AAPL at 190.00
    When the client goes away
    And a person buys 10 AAPL in gen by hand
    And 1 days pass
    And the client comes back
    And the client goes away
    And the client comes back
    Then gen is closed for opening orders: "the broker holds 10 more of AAPL"
    When the figures of gen are accepted: "ten shares bought by hand on Monday"
    Then the books of gen agree with the broker's
    And gen is closed for opening orders: "the broker holds 10 more of AAPL"
    When gen is released: "they are to be kept"
    Then gen is open
    When gen buys 10 AAPL at market
    Then the order is filled
    And the books of gen agree with the broker's

  Scenario: An assignment at expiry while the client was away is explained
    Given gen has sold 1 AAPL 2026-01-09 185 put at 2.00
    When the client goes away
    And AAPL trades at 180.00
    And 5 days pass
    And the client comes back
    Then gen is open
    And gen holds only 100 AAPL
    And the books of gen agree with the broker's

  Scenario: An option that expired worthless while the client was there is explained
    Given gen has sold 1 AAPL 2026-01-09 185 put at 2.00
    When AAPL trades at 186.00
    And 5 days pass
    Then the books of gen agree with the broker's
    And gen is open
    And gen holds nothing

  Scenario: An order for the day that ended while the client was away has ended
    When gen buys 10 AAPL at a limit of 180.00
    Then the order is working
    When the client goes away
    And 2 days pass
    And the client comes back
    Then the order has ended: "ended while no session was open"
    And gen is open
    And gen has 0 open orders

  Scenario: An order that filled while the client was away is filled
    When gen buys 10 AAPL at a limit of 180.00
    And the client goes away
    And AAPL is quoted at 179.00 x 179.50
    And the client comes back
    Then the order is filled
    And the books of gen agree with the broker's
