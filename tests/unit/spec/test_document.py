"""YAML that was not written by a friend."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import SpecError
from labyard.spec.document import Place, Scalar, find, place_of, plain, read_yaml, show_path, tree_of
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.sizes import MIB

LOADERS = [yaml.SafeLoader, yaml.CSafeLoader]


def load(text: str, loader: Any = yaml.CSafeLoader, limits: Limits = DEFAULT) -> Any:
    root, problems = read_yaml(text, file="f", limits=limits, loader=loader)
    assert not problems
    return plain(root)


def refusal(text: str, limits: Limits = DEFAULT) -> str:
    with pytest.raises(SpecError) as caught:
        read_yaml(text, file="f", limits=limits)
    return str(caught.value)


@pytest.mark.parametrize("loader", LOADERS)
def test_scalars_stay_text(loader: Any) -> None:
    text = "a: 6.10\nb: no\nc: '~'\nd: ~\ne:\nf: 0o17\ng: 2020-01-01\nh: |\n  two\n  lines\n"
    assert load(text, loader) == {
        "a": "6.10",
        "b": "no",
        "c": "~",
        "d": None,
        "e": None,
        "f": "0o17",
        "g": "2020-01-01",
        "h": "two\nlines\n",
    }


@pytest.mark.parametrize("loader", LOADERS)
def test_aliases_repeat_a_value(loader: Any) -> None:
    assert load("a: &x {k: [1]}\nb: *x\n", loader) == {"a": {"k": ["1"]}, "b": {"k": ["1"]}}


@pytest.mark.parametrize("loader", LOADERS)
def test_editors_of_all_kinds(loader: Any) -> None:
    assert load("\ufeffa: 1\r\nb:\r\n  - c\r\n", loader) == {"a": "1", "b": ["c"]}


def test_places() -> None:
    root, _ = read_yaml("a:\n  - x: 1\n    yy: 2\n", file="f", limits=DEFAULT)
    assert place_of(root, ("a", 0, "yy")) == Place(3, 9)
    assert place_of(root, ("a", 0, "yy"), key=True) == Place(3, 5)
    assert place_of(root, ("a", 0, "missing", "deeper")) == Place(2, 5)
    assert place_of(root, ("nowhere",)) == Place(1, 1)
    assert find(root, ("a", 5)) is None
    assert show_path(("a", 0, "x")) == "a[0].x"


@pytest.mark.parametrize("fan", [2, 10, 100])
def test_an_alias_bomb_ends_early_and_small(fan: int) -> None:
    lines = ["a0: &a0 [" + ", ".join("x" * fan) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * fan) + "]" for i in range(1, 40)]
    tracemalloc.start()
    said = refusal("\n".join(lines))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too much" in said
    assert peak < 32 * MIB


def test_a_long_text_repeated_counts_each_time() -> None:
    text = "a: &a '" + "x" * 1000 + "'\nb: [" + ", ".join(["*a"] * 50) + "]\n"
    assert load(text)
    assert "too much" in refusal(text, Limits(characters=40_000))


def test_limits_of_a_document() -> None:
    assert "larger" in refusal("a: " + "x" * 100, Limits(document=50))
    assert "deeper" in refusal("a: " + "[" * 40 + "]" * 40)
    assert "deeper" in refusal("[" * 100_000)
    assert "too much" in refusal("a: [" + "x," * 100 + "]", Limits(nodes=50))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        root, problems = read_yaml(text, file="f", limits=DEFAULT)
    except SpecError as error:
        problems = error.problems
        assert problems
    else:
        assert isinstance(plain(root), dict)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t", max_size=60))
def test_both_parsers_survive_punctuation(text: str) -> None:
    for loader in LOADERS:
        try:
            read_yaml(text, file="f", limits=DEFAULT, loader=loader)
        except SpecError as error:
            assert error.problems


def test_json_is_bounded_too() -> None:
    assert tree_of("x", limits=DEFAULT) == Scalar(place=Place(1, 1), value="x")
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    for value in (deep, ["x"] * 100_000, "x" * 5_000_000, {1: 2}, {"a": object()}):
        with pytest.raises(ValueError, match=r"deeper|much|JSON"):
            tree_of(value, limits=DEFAULT)
