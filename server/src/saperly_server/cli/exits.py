"""How commands end: exit codes, and problems told as one sentence, its cause and a fix. No traceback reaches a person."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The process's exit code. 0 is success."""

    FAILED = 1
    USAGE = 2
    ENVIRONMENT = 3
    AUTH = 4
    NOT_FOUND = 5
    REFUSED = 6
    UPSTREAM = 7
    TEST_FAILED = 8
    INTERRUPTED = 130


class Problem(Exception):
    """A command cannot go on. `facts` are further members of the machine-readable form, in camelCase."""

    def __init__(
        self,
        sentence: str,
        *,
        fix: str | None = None,
        cause: str | None = None,
        exit_code: Exit = Exit.FAILED,
        code: str | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix
        self.cause = cause
        self.exit_code = exit_code
        self.code = code or exit_code.name.lower()
        self.facts = facts

    def as_json(self) -> dict[str, Any]:
        """`{code, message, cause?, fix?, …facts}`."""
        named = {"code": self.code, "message": self.sentence, "cause": self.cause, "fix": self.fix, **self.facts}
        return {name: value for name, value in named.items() if value is not None}

    def lines(self) -> list[str]:
        """As a person reads it."""
        cause = [f"  {line}" for line in (self.cause or "").splitlines()]
        fix = [f"  To fix it: {self.fix}"] if self.fix else []
        return [self.sentence, *cause, *fix]
