"""The pages agree with each other and with the tree."""

from __future__ import annotations

import re

import pytest

from .pages import ROOT, SERVER, Page, guides, page, pages

_FILE = re.compile(r"^[\w@-][\w./-]*\.(?:py|sql|toml|yaml|md|json)$")
_FOLDER = re.compile(r"^[\w-]+(?:/[\w-]+)*/$")
_BASES = (ROOT, SERVER, ROOT / "carriers" / "src" / "saperly_carriers", ROOT / "protocol" / "src" / "saperly_protocol")
_RUNNABLE = {"python", "bash"}
_SHOWN = {"javascript", "shell", "text", "console", "json", "yaml", "toml", "sql", "ini"}
_EXAMPLES = {"brain.py", "rates.toml"}


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_every_relative_link_leads_somewhere(one: Page) -> None:
    broken = [link for link in one.links() if not _resolves(one, link)]
    assert broken == []


def _resolves(one: Page, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (one.path.parent / path).resolve() if path else one.path
    if not target.exists() or ROOT not in (target, *target.parents):
        return False
    return not anchor or target.suffix != ".md" or anchor in Page(target).anchors()


@pytest.mark.parametrize("one", guides(), ids=lambda one: one.name)
def test_every_file_that_is_named_exists(one: Page) -> None:
    missing = [name for name in one.code() if _is_path(name) and not _exists(one, name)]
    assert missing == []


def _is_path(name: str) -> bool:
    return ("/" in name and _FILE.match(name) is not None and "…" not in name) or _FOLDER.match(name) is not None


def _exists(one: Page, name: str) -> bool:
    return name in _EXAMPLES or any((base / name).exists() for base in (*_BASES, one.path.parent))


@pytest.mark.parametrize("one", guides(), ids=lambda one: one.name)
def test_every_block_of_code_says_what_it_is(one: Page) -> None:
    assert one.languages() <= _RUNNABLE | _SHOWN


def test_every_page_of_the_documentation_is_reached_from_its_index() -> None:
    reached, left = set(), [page("docs/index.md").path]
    while left:
        path = left.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        left += [(path.parent / link.partition("#")[0]).resolve() for link in Page(path).links() if link[0] != "#"]
    unreached = [one.name for one in pages() if (ROOT / "docs") in one.path.parents and one.path not in reached]
    assert unreached == []


def test_the_architecture_names_every_layer() -> None:
    rules = (ROOT / ".importlinter").read_text("utf-8")
    listed = re.search(r"^containers =\n    saperly_server\n.*?^layers =\n(.*?)\n\n", rules, re.MULTILINE | re.DOTALL)
    assert listed is not None
    layers = set(re.findall(r"\w+", listed[1]))
    assert layers - set(page("ARCHITECTURE.md").code()) == set()


def test_the_readme_can_be_read_in_a_few_minutes() -> None:
    assert len(page("README.md").text.splitlines()) < 150


def test_the_rules_for_agents_fit_on_a_screen() -> None:
    assert len(page("AGENTS.md").text.splitlines()) <= 40


def test_nothing_is_left_to_be_filled_in() -> None:
    for one in pages():
        assert not re.search(r"\bTODO\b|\bTBD\b|@@|\bFIXME\b", one.text), one.name
