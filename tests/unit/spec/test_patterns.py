from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.spec.patterns import Pattern, PatternError

ATOMS = st.sampled_from(["a", "b", "c", ".", r"\d", r"\w", r"\S", "[ab]", "[^a]", "[a-c1]", r"[\d_]", r"\.", "-"])
COUNTS = st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{1,}", "*?", "+?"])


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds("({})".format, inner) | st.builds("(?:{})".format, inner)
    repeated = st.builds("{}{}".format, ATOMS | groups, COUNTS)
    return st.builds("{}{}".format, inner, repeated) | st.builds("{}|{}".format, inner, inner) | repeated


PATTERNS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "^"]),
    st.recursive(st.builds("{}{}".format, ATOMS, COUNTS), grow, max_leaves=8),
    st.sampled_from(["", "$"]),
)
TEXTS = st.text(alphabet="abc1_.- ", max_size=12)


@given(PATTERNS, TEXTS)
def test_agrees_with_a_backtracking_matcher(pattern: str, text: str) -> None:
    """Where Python's `re` understands the pattern the same way, it must say the same."""
    assert Pattern(pattern).found_in(text) == (re.search(pattern, text, re.ASCII) is not None)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 250 + "!"),
        ("(a|a)*b", "a" * 256),
        ("(.*)*x", "y" * 256),
        ("((a{0,5}){0,5}){0,5}b", "a" * 256),
    ],
)
def test_no_pattern_takes_for_ever(pattern: str, text: str) -> None:
    """`re` would need more than a lifetime for the first three."""
    assert not Pattern(pattern).found_in(text)


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("(a", "closed"),
        ("a)", "closes"),
        ("[a", "closed"),
        ("*a", "repeats nothing"),
        ("a**", "in a row"),
        ("^*", "cannot be repeated"),
        ("a{3,1}", "ends before"),
        ("[z-a]", "empty"),
        (r"[\d-z]", "range"),
        ("(?=a)", "not supported"),
        ("(?<n>a)", "not supported"),
        (r"(a)\1", "not supported"),
        (r"\bword", "not supported"),
        (r"\xg1", "hexadecimal"),
        ("\\", "nothing follows"),
        ("(" * 100 + "a" + ")" * 100, "deep"),
        ("(a{99}){99}", "too large"),
        ("a" * 600, "longer"),
    ],
)
def test_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(PatternError, match=complaint):
        Pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d+\.\d+$", "1.30", True),
        (r"^\d+\.\d+$", "1.30\n", False),
        ("b", "abc", True),
        ("", "", True),
        ("^$", "", True),
        ("^$", "x", False),
        ("a{,3}", "a{,3}", True),
        (r"^[\]\-x]+$", "]-x", True),
        (r"^\u0041\x42$", "AB", True),
        (r"[\x41-\x43]", "B", True),
        ("^é+$", "éé", True),
    ],
)
def test_javascript(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).found_in(text) is found


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        Pattern(pattern).found_in(text)
    except PatternError as error:
        assert str(error)
