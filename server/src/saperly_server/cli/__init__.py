"""The command line: `saperly`, from a developer's first minute to an operator's checks. `app.py` is the way in."""
