"""Scripts that are put together at random: what a real bash shows is what was meant."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.spec.references.run import HOSTILE, run

from labyard.errors import SpecError
from labyard.play.plan import Reference
from labyard.spec.references import examine, prepare

PIECES = st.sampled_from(
    ("x(.input)", "x(.needs.t.stdout)", "a", "b c", "$", "'", '"', "`id`", "\\", "$(id)", "*", "&", "!")
)
TEXTS = st.lists(PIECES, min_size=1, max_size=5)
VALUES = st.sampled_from(HOSTILE[:-1]) | st.text(
    st.characters(exclude_characters="\0\x1e\x1f", codec="utf-8"), max_size=20
)
WORD = "".join


def escaped(pieces: list[str], special: str) -> str:
    """The text in which every special letter stands for itself; references stay."""
    return WORD(
        piece if piece.startswith("x(") else WORD("\\" + each if each in special else each for each in piece)
        for piece in pieces
    )


def single(pieces: list[str]) -> str:
    return "'" + WORD(pieces).replace("'", "'\"'\"'") + "'"


def double(pieces: list[str]) -> str:
    return '"' + escaped(pieces, '"\\$`') + '"'


def ansi(pieces: list[str]) -> str:
    return "$'" + escaped(pieces, "'\\") + "'"


def bare(pieces: list[str]) -> str:
    return escaped(pieces, " '\"\\$`()*&!")


def here(quoted: bool) -> object:
    def write(pieces: list[str]) -> str:
        text = WORD(pieces) if quoted else escaped(pieces, "\\$`")
        delimiter = "'END'" if quoted else "END"
        return f'"$(cat <<{delimiter}\n{text}.\nEND\n)"'

    return write


def wrapped(before: str, after: str) -> object:
    return lambda inner: f"{before}{inner}{after}"


QUOTED = st.sampled_from((single, double, ansi, bare, here(True), here(False)))
WRAPS = st.sampled_from(
    (
        wrapped('"$(printf "%s." ', ')"'),
        wrapped('"${u:-$(printf "%s." ', ')}"'),
        wrapped('${u:-', "}"),
        wrapped('"$( { ( case x in (x) printf "%s." ', ';; esac ) } )"'),
        wrapped('"$(if [[ a == a ]]; then cat <<< ', '; fi; echo .)"'),
        wrapped('"$(f() { local v=', '; printf "%s." "$v"; }; f)"'),
        wrapped('"$(v=(1 ', ' 2); printf "%s." "${v[1]}")"'),
        wrapped('"$(bash -c \'printf "%s." "$1"\' _ ', ')"'),
    )
)  # fmt: skip


@given(TEXTS, QUOTED, st.lists(WRAPS, max_size=3), VALUES, VALUES)
def test_nested_as_deep_as_one_likes(pieces: list[str], quote, wraps, first: str, second: str) -> None:  # type: ignore[no-untyped-def]
    """The same script with the values written as text, by bash's own rules, shows the same."""
    values = {Reference(): first, Reference(task="t"): second}
    word = quote(pieces)
    meant = WORD(pieces).replace("x(.needs.t.stdout)", "\0").replace("x(.input)", first).replace("\0", second)
    if "END" in word:
        meant += "."
    for wrap in wraps:
        word = wrap(word)
    assume("${u:-$'" not in word and "(1 $'" not in word)  # bash itself loses such quotes in nested substitutions
    with TemporaryDirectory() as name:
        folder = Path(name) / "here"
        folder.mkdir()
        reference = f"M=$(cat ../meant; printf .); M=${{M%.}}; show {_same(word, wraps)}"
        (Path(name) / "meant").write_bytes(meant.encode())
        shown = run(f"show {word}", values, folder)
        assert shown == run(reference.replace("\0", '"$M"'), values, folder)


def _same(word: str, wraps: list) -> str:  # type: ignore[type-arg]
    """The same wraps around one variable."""
    inner = "\0"
    for wrap in wraps:
        inner = wrap(inner)
    return inner


@given(st.lists(st.sampled_from(
    ("x(.input)", "'", '"', "`", "$(", ")", "${", "}", "((", "))", "[[ ", " ]]", "\\", "\n", " ", "case x in ", "esac", ";;",
     "<<E\n", "E\n", "<<'E'\n", "$'", "a=(", "[", "]", "#", "eval ", "-eq", "v:-", "&", ";", "@(", "for ", "x(.", "{", "|", "!")
), max_size=25))  # fmt: skip
def test_whatever_is_written_is_prepared_or_refused(pieces: list[str]) -> None:
    script = WORD(pieces)
    problems = [each for each in examine({"run": script}, []) if not each.objection.warning]
    try:
        prepared = prepare({"run": script}, [])
    except SpecError as error:
        assert len(error.problems) == len(problems) > 0
        return
    assert not problems
    rest = prepared.scripts["run"]
    assert rest.count("LABYARD_INPUT") == script.count("x(.input)") or "#" in script
