"""`saperly serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="SAPERLY_PORT, or 8787; 0 takes any.")] = None,
    host: Annotated[str | None, typer.Option(help="SAPERLY_HOST, or 127.0.0.1.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="For the embedded database and the deployment's key.")] = None,
) -> None:
    """Start a production server: no demo, JSON logs, settings from SAPERLY_* variables.

    With SAPERLY_DATABASE_URL it works on that PostgreSQL, otherwise on an embedded one in the data directory. The first start
    prints the root keys on stdout, once.
    """
    from saperly_server.cli.hosting import production

    raise typer.Exit(production.host(production.Wish(port=port, host=host, data_dir=data_dir)))
