"""Write the OpenAPI document of the v2 surface to `contract/openapi.v2.json`, where it is reviewed like code.

python -m scripts.contract            write it
python -m scripts.contract --check    only say whether it is up to date; exit status 1 when it is not
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from saperly_server.api import openapi_document
from saperly_server.main import VERSION

DOCUMENT = Path(__file__).parent.parent / "contract" / "openapi.v2.json"


def rendered() -> str:
    """The document as it is committed: indented, in the order in which the server defines it."""
    return json.dumps(openapi_document(VERSION), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        return 0 if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == rendered() else 1
    DOCUMENT.write_text(rendered(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
