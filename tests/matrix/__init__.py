"""Every mutating operation against everything that can happen to a request with an `Idempotency-Key`."""
