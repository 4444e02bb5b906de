"""`saperly call`: be a caller, or be called, in a terminal or from a script."""

from __future__ import annotations

from typing import Annotated

import typer

from saperly_server.cli.output import AsJson, for_machine
from saperly_server.cli.server import Server

from .sms import PERSON, From

_STEPS = "Steps run in the order in which they are given, each turn after the other side has finished talking."


def call(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="Your number to call; with --answer: the person's number to be at.")],
    from_: From = PERSON,
    say: Annotated[list[str] | None, typer.Option(help=f"Say this. {_STEPS}")] = None,
    expect: Annotated[list[str] | None, typer.Option(help="Wait until this is heard, in any case of letters.")] = None,
    press: Annotated[list[str] | None, typer.Option(help="Press these keys.")] = None,
    answer: Annotated[bool, typer.Option("--answer", help="Wait for a call to this number, and take it.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Seconds to wait for each expectation (30), and with --answer for the call (for ever)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Talk with the agent at a number by typing: every line is said; /press 1 presses keys, /hangup ends the call.

    With --say, --expect and --press it runs a script, and ends with code 8 when an expectation is not met.
    """
    from saperly_server.cli.phone import conversation
    from saperly_server.cli.phone.script import Expect, steps_in_order

    steps = steps_in_order(ctx.obj) if say or expect or press else None
    raise typer.Exit(
        conversation.hold(
            Server.find(),
            conversation.Wish(
                number=number,
                person=number if answer else from_,
                answer=answer,
                steps=steps,
                patience_sec=timeout or Expect.PATIENCE_SEC,
                ring_sec=timeout if answer else None,
            ),
            machine=for_machine(as_json),
        )
    )
