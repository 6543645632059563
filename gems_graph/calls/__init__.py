"""One paid call: limits, retry, transport, budget, journal, ledger."""
