"""The developer's telephone: the outside world of the simulated network, played by hand or by a script.

With a test key a program can be any person: call one of the platform's numbers, take calls and texts at a person's number,
talk, press keys and hang up. In development every number can be reached, in production only those of the test environment.
A live key is refused here, and nothing here reaches anybody outside this process.
"""

from .routes import install

__all__ = ["install"]
