"""The pages behind `docUrl`."""

from __future__ import annotations

from saperly_server.core.errors import all_errors, slug

from .conftest import Stage


async def test_the_doc_url_of_an_error_opens_on_this_server(stage: Stage) -> None:
    refused = await stage.client_with(None).get("/numbers")
    page = await stage.client.get(refused.json()["docUrl"])
    assert page.status_code == 200
    assert "<h1>Unauthorized</h1>" in page.text


async def test_every_error_has_a_page_that_says_what_to_do(stage: Stage) -> None:
    for error in all_errors():
        page = await stage.client.get(f"/docs/errors/{slug(error.tag)}")
        assert page.status_code == 200, error
        assert error.fix, error


async def test_an_unknown_error_page_is_a_typed_not_found(stage: Stage) -> None:
    page = await stage.client.get("/docs/errors/no-such-thing")
    assert (page.status_code, page.json()["_tag"]) == (404, "NotFound")
