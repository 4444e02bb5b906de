"""`/docs/errors` and `/docs/errors/{slug}`: what an error means, what it carries, how to mend it. Works offline."""

from __future__ import annotations

import inspect
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from saperly_server.api.http.errors import NotFound
from saperly_server.core.errors import SaperlyError, all_errors, slug

router = APIRouter(prefix="/docs/errors", include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Saperly</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }}
code, td {{ font-family: ui-monospace, monospace; font-size: .9em }} td {{ padding: .1rem 1rem .1rem 0 }}
</style></head><body>{body}</body></html>"""


def _catalogue() -> dict[str, type[SaperlyError]]:
    return {slug(error.tag): error for error in sorted(all_errors(), key=lambda error: (error.status, error.tag))}


@router.get("")
async def every_error() -> HTMLResponse:
    rows = "".join(
        f'<tr><td>{error.status}</td><td><a href="/docs/errors/{name}">{error.tag}</a></td></tr>'
        for name, error in _catalogue().items()
    )
    return _page("Errors", f"<h1>Errors</h1><table>{rows}</table>")


@router.get("/{name}")
async def one_error(request: Request, name: str) -> HTMLResponse:
    error = _catalogue().get(name)
    if error is None:
        message = f"There is no error called {name}."
        raise NotFound(message, message=message)
    return _page(error.tag, _article(error))


def _article(error: type[SaperlyError]) -> str:
    about = "".join(f"<p>{escape(part)}</p>" for part in inspect.cleandoc(error.__doc__ or "").split("\n\n"))
    facts = "".join(f"<tr><td>{name}</td><td>{kind}</td></tr>" for name, kind in error.shape.items())
    again = "The same request may succeed later." if error.retryable else "Sending it again unchanged does not help."
    return (
        f'<p><a href="/docs/errors">Errors</a></p><h1>{error.tag}</h1><p>Status <code>{error.status}</code>. {again}</p>'
        f"{about}<h2>What to do</h2><p>{escape(error.fix or '')}</p><h2>Members</h2><table>{facts}</table>"
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body))
