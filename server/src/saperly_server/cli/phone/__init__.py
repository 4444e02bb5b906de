"""The caller's side: a telephone of the simulated network in a terminal or a script."""
