"""The carrier port (`port`), the clock that drives it (`clock`) and the carriers behind it (`simulated`)."""
