"""`saperly numbers`: what they cost, buying, listing, binding, giving back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.output import AsJson, Yes, confirm, dollars, for_machine, say, show, spaced
from saperly_server.cli.server import Api, Server, Test

app = typer.Typer(help="Phone numbers: price, buy, list, bind, release.", no_args_is_help=True, rich_markup_mode=None)

Country = Annotated[str, typer.Option(help="ISO 3166-1 alpha-2.")]
Kind = Annotated[str, typer.Option("--type", help="local, toll_free, mobile or national.")]
AreaCode = Annotated[str | None, typer.Option(help="For example 415.")]
WhichNumber = Annotated[str, typer.Argument(help="The number or its id.")]

_COLUMNS = ("phoneNumber", "id", "connectionId", "monthlyPriceCents", "nextChargeAt", "releasedAt")


@app.command()
def search(country: Country = "US", kind: Kind = "local", test: Test = False, as_json: AsJson = False) -> None:
    """What a kind of number costs. Which number it will be is the network's choice, within an area code if you name one."""
    price = Api(Server.find(), test=test).get("/pricing/quote", country=country, numberType=kind)
    if for_machine(as_json):
        show(price, as_json, ())
    else:
        print(f"{country} {kind}: {_price(price)}")
        say(f"Buy one with: saperly numbers buy --country {country} --type {kind}")


@app.command()
def buy(
    country: Country = "US",
    kind: Kind = "local",
    area_code: AreaCode = None,
    number: Annotated[str | None, typer.Option(help="This very number.")] = None,
    test: Test = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Buy a number, after its price was shown. A workspace's first number is free for its first 30 days."""
    api = Api(Server.find(), test=test)
    price = api.get("/pricing/quote", country=country, numberType=kind)
    confirm(f"Buy a {kind} number in {country} for {_price(price)}?", yes)
    wish = {
        "country": country,
        "numberType": kind,
        "areaCode": area_code,
        "phoneNumber": number,
        "expectedMonthlyPriceCents": price["customerMonthlyCents"],
        "expectedUpfrontPriceCents": price["customerUpfrontCents"],
    }
    bought = api.post("/numbers", {name: value for name, value in wish.items() if value is not None})
    if for_machine(as_json):
        show(bought, as_json, ())
    else:
        print(f"{spaced(bought['phoneNumber'])}  {bought['id']}")


@app.command("list")
def list_(
    test: Test = False,
    everything: Annotated[bool, typer.Option("--all", help="Released numbers, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Your numbers, the newest first."""
    owned = Api(Server.find(), test=test).everything("/numbers")
    show([one for one in owned if everything or one["releasedAt"] is None], as_json, _COLUMNS)


@app.command()
def bind(
    number: WhichNumber,
    connection: Annotated[str, typer.Argument(help="The connection's id.")],
    test: Test = False,
    as_json: AsJson = False,
) -> None:
    """Let a connection answer a number."""
    api = Api(Server.find(), test=test)
    bound = api.post(f"/numbers/{_id_of(api, number)}/connection", {"connectionId": connection})
    show(bound, as_json, _COLUMNS)


@app.command()
def release(number: WhichNumber, test: Test = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Give a number back. It may soon be somebody else's."""
    api = Api(Server.find(), test=test)
    number_id = _id_of(api, number)
    confirm(f"Give {number} back for good?", yes)
    show(api.post(f"/numbers/{number_id}/release"), as_json, ("status",))


def _id_of(api: Api, number: str) -> str:
    """The id of a number that is named by itself or its id."""
    if not number.startswith("+"):
        return number
    owned: list[dict[str, Any]] = api.everything("/numbers")
    found = [one["id"] for one in owned if one["phoneNumber"] == number and one["releasedAt"] is None]
    if not found:
        raise Problem(f"{number} is not one of your numbers.", fix="saperly numbers list", exit_code=Exit.NOT_FOUND)
    return str(found[0])


def _price(price: dict[str, Any]) -> str:
    upfront = price["customerUpfrontCents"]
    once = f", and {dollars(upfront)} once" if upfront else ""
    return f"{dollars(price['customerMonthlyCents'])} a month{once}"
