"""A deployment that asks for a payment method before it hands out more numbers."""

from __future__ import annotations

from saperly_carriers.clock import VirtualClock
from saperly_server.core.settings import Settings
from saperly_server.main import build

from ..customers import new_customer
from ..stage import Stage


async def test_beyond_the_numbers_given_on_trust_a_payment_method_is_asked_for(dsn: str, clock: VirtualClock) -> None:
    settings = Settings(mode="development", secret_key="test", numbers_without_payment_method=1)
    process = await build(settings, dsn, clock)
    customer = await new_customer(process.services.db, cents=5_000)
    stage = Stage(process, clock, customer, None)  # type: ignore[arg-type]
    stage.client = stage.client_with(customer.secret)
    await stage.number()
    before = await stage.get("/usage")
    refused = await stage.post("/numbers", {"areaCode": "415"})
    assert refused.status_code == 402
    assert {name: refused.json()[name] for name in ("_tag", "activeNumbers")} == {
        "_tag": "PaymentMethodRequired",
        "activeNumbers": 1,
    }
    assert await stage.get("/usage") == before
    await stage.client.aclose()
    await process.services.close()
