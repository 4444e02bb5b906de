"""Grants as values: what lies within what, what a chain leaves over, and the two vocabularies of scopes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.identity import ALL, COARSE, ROLES, Grant, Scope, SpendLimit, expand, summarise
from saperly_server.identity.contracts import effective

START = datetime(2026, 6, 18, tzinfo=UTC)

scopes = st.frozensets(st.sampled_from([Scope.READ, Scope.CALLS_CREATE, Scope.MESSAGES_CREATE, Scope.KEYS_ADMIN]))
numbers = st.none() | st.frozensets(st.sampled_from(["num_1", "num_2", "num_3"]))
limits = st.none() | st.builds(SpendLimit, st.integers(1, 4), st.sampled_from([None, "monthly"]))
ends = st.none() | st.integers(0, 3).map(lambda days: START + timedelta(days=days))
grants = st.builds(Grant, scopes, numbers, limits, ends)


def _spendable(grant: Grant, months: int) -> float:
    """The most a grant's own cap lets through in so many months."""
    if grant.limit is None:
        return float("inf")
    return grant.limit.amount_cents * (1 if grant.limit.reset is None else months)


def _permits_no_more(inner: Grant, outer: Grant) -> bool:
    """Said without `within`: every single permission of the one is one of the other."""
    far = START + timedelta(days=9_999)
    lists = {n for n in ("num_1", "num_2", "num_3", "num_9") if inner.numbers is None or n in inner.numbers}
    listed = all(outer.numbers is None or n in outer.numbers for n in lists)
    return inner.scopes <= outer.scopes and listed and (inner.expires_at or far) <= (outer.expires_at or far)


@given(grants, grants)
def test_what_a_ceiling_admits_never_permits_or_spends_more_than_it(child: Grant, ceiling: Grant) -> None:
    if child.within(ceiling) is None:
        assert _permits_no_more(child, ceiling)
        assert all(_spendable(child, months) <= _spendable(ceiling, months) for months in (1, 2, 12))
        assert effective([ceiling, child]) == child


@given(grants, grants)
def test_what_permits_and_spends_no_more_is_admitted(child: Grant, ceiling: Grant) -> None:
    thrifty = all(_spendable(child, months) <= _spendable(ceiling, months) for months in (1, 2, 12))
    if _permits_no_more(child, ceiling) and thrifty:
        assert child.within(ceiling) is None


@given(grants)
def test_every_grant_lies_within_itself(grant: Grant) -> None:
    assert grant.within(grant) is None


@given(grants, grants, grants)
def test_within_is_passed_on_from_child_to_grandchild(root: Grant, child: Grant, grandchild: Grant) -> None:
    if child.within(root) is None and grandchild.within(child) is None:
        assert grandchild.within(root) is None


@given(st.lists(grants, min_size=1, max_size=5))
def test_a_chain_never_permits_more_than_any_of_its_members(chain: list[Grant]) -> None:
    cut = effective(chain)
    assert all(_permits_no_more(cut, member) for member in chain)
    assert cut.limit == chain[-1].limit


@given(st.lists(grants, min_size=1, max_size=5))
def test_a_chain_permits_everything_that_all_of_its_members_permit(chain: list[Grant]) -> None:
    cut = effective(chain)
    assert all(scope in cut.scopes for scope in Scope if all(scope in member.scopes for member in chain))
    for number in ("num_1", "num_2", "num_9"):
        everywhere = all(member.numbers is None or number in member.numbers for member in chain)
        assert everywhere == (cut.numbers is None or number in cut.numbers)
    assert cut.expires_at in {member.expires_at for member in chain}


def test_the_coarse_words_cover_every_fine_one() -> None:
    assert COARSE["read"] | COARSE["write"] | {Scope.KEYS_ADMIN} == COARSE["admin"] == ALL == frozenset(Scope)
    assert not COARSE["read"] & COARSE["write"]
    assert Scope.KEYS_ADMIN not in COARSE["write"]


@pytest.mark.parametrize(
    ("words", "coarse", "means"),
    [
        (["read"], True, COARSE["read"]),
        (["read"], False, {Scope.READ}),
        (["read", "write"], False, COARSE["read"] | COARSE["write"]),
        (["write"], False, COARSE["write"]),
        (["admin"], False, ALL),
        (["read", "calls:create"], False, {Scope.READ, Scope.CALLS_CREATE}),
        (["read", "calls:create"], True, COARSE["read"] | {Scope.CALLS_CREATE}),
        (["calls:create", "calls:create"], False, {Scope.CALLS_CREATE}),
    ],
)
def test_a_list_of_words_stands_for_fine_scopes(words: list[str], coarse: bool, means: set[Scope]) -> None:
    assert expand(words, coarse=coarse) == means


@pytest.mark.parametrize("word", ["", "Read", "calls", "calls:*", "calls:create ", "owner", "READ"])
def test_a_word_of_neither_vocabulary_is_refused_by_name(word: str) -> None:
    with pytest.raises(ValueError) as refused:
        expand(["read", word], coarse=False)
    assert str(refused.value) == word


def test_a_summary_says_what_kind_of_things_a_key_can_do() -> None:
    assert summarise(ALL) == ["read", "write", "admin"]
    assert summarise(frozenset({Scope.BILLING_READ})) == ["read"]
    assert summarise(frozenset({Scope.CONSENT_WRITE, Scope.KEYS_ADMIN})) == ["write", "admin"]
    assert summarise(frozenset()) == []


def test_a_member_can_neither_buy_nor_release_numbers_nor_administer_keys() -> None:
    assert ROLES["owner"] == ROLES["admin"] == ALL
    assert not ROLES["member"] & {Scope.NUMBERS_PROVISION, Scope.NUMBERS_RELEASE, Scope.KEYS_ADMIN}
