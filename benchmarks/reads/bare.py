"""A server that does nothing but answer: one FastAPI handler without a key, a limit or a database."""

from __future__ import annotations

from fastapi import FastAPI

from benchmarks.serving import main

app = FastAPI()


@app.get("/numbers/{id}")
async def get(id: str) -> dict[str, str | None]:  # noqa: A002
    return {"id": id, "phoneNumber": "+14155550100", "connectionId": None, "country": "US", "numberType": "local"}


if __name__ == "__main__":
    main(app)
