"""The documentation as data: its pages, their links, their code samples, the files they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "src" / "saperly_server"
_TOP = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "AGENTS.md",
    "SECURITY.md",
)
_FENCE = re.compile(r"^```(\w*)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One page."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def samples(self, *languages: str) -> list[str]:
        """The fenced blocks in these languages, in order."""
        return [code for language, title, code in _FENCE.findall(self.text) if language in languages and not title]

    def file(self, title: str) -> str:
        """The fenced block that is to be put in a file of this name."""
        return next(code for _, name, code in _FENCE.findall(self.text) if name == title)

    def languages(self) -> set[str]:
        return {language for language, _, _ in _FENCE.findall(self.text)}

    def links(self) -> list[str]:
        """Where its links lead, but for other sites."""
        return [
            target for target in _LINK.findall(self.prose) if "://" not in target and not target.startswith("mailto:")
        ]

    def anchors(self) -> set[str]:
        """The names of its headings, as links write them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    def code(self) -> list[str]:
        """What stands between single backticks."""
        return _CODE.findall(self.prose)

    def row_of(self, word: str) -> str:
        """The table row that begins with `word` in code; empty when there is none."""
        found = re.search(rf"^\| `{re.escape(word)}`.*$", self.text, re.MULTILINE)
        return found[0] if found else ""


def _anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return plain.strip().replace(" ", "-")


def page(name: str) -> Page:
    return Page(ROOT / name)


def pages() -> list[Page]:
    """Every page of the project: the top ones, the documentation, and the README of each folder."""
    top = [ROOT / name for name in _TOP]
    docs = sorted((ROOT / "docs").rglob("*.md"))
    folders = [
        path for folder in ("server/src", "carriers", "protocol", "benchmarks", "contract") for path in _readmes(folder)
    ]
    return [Page(path) for path in (*top, *docs, *folders)]


def guides() -> list[Page]:
    """The pages that are written here, without the README of each folder."""
    return [one for one in pages() if one.path.parent == ROOT or (ROOT / "docs") in one.path.parents]


def _readmes(folder: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / folder).rglob("README.md")) if ".venv" not in path.parts)
