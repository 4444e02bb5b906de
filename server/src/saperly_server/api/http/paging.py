"""Pages on the wire: `limit` and `cursor` in the query, the next page in a `Link` header, the body a plain array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from saperly_server.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page


def _page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most this many rows.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=64, description="From the Link header of the page before.")] = None,
) -> Page:
    return Page(limit, cursor)


PageQuery = Annotated[Page, Depends(_page)]


def listing(request: Request, page: Page, rows: Sequence[Any], shape: type[BaseModel]) -> Response:
    """A bare array of `shape`, made from feature records that have the same attribute names."""
    body = [shape.model_validate(row, from_attributes=True).model_dump(mode="json") for row in rows]
    headers = {}
    if len(rows) == page.limit:
        following = request.url.include_query_params(limit=page.limit, cursor=rows[-1].id)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return Response(orjson.dumps(body), 200, headers, media_type="application/json")
