"""The contract of every broker adapter: what the ports promise, whichever API carries it.

An adapter's test module derives one class from ``BrokerAdapterContract`` and gives it a fixture
``harness``: an ``AdapterHarness`` that knows how to build and close that adapter.
"""
