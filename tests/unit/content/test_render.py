"""A lesson → HTML: one folder per case in `render_cases`, `expected.html` beside it, which somebody read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.content.html_reader import refused

from labyard.content.components import KINDS
from labyard.content.document import read_document
from labyard.content.lint import LARGEST
from labyard.content.render import Rendered, render
from labyard.content.show import SHOWS
from labyard.errors import SpecError
from labyard.spec.limits import DEFAULT

CASES = sorted(path for path in (Path(__file__).parent / "render_cases").iterdir() if path.is_dir())


def files(path: str) -> str | None:
    return None if "missing" in path else f"/content/files/challenges/case/{path.replace(' ', '%20')}"


def rendered(text: str) -> Rendered:
    document = read_document(
        text,
        file="index.md",
        exists=lambda path: files(path) is not None,
        limits=DEFAULT,
        solution=not text.startswith("---"),
    )
    return render(document, files=files)


def told(page: Rendered) -> str:
    """Everything a case looks at, one after the other."""
    headings = "".join(f"<!-- {each.level} {each.id}: {each.text} -->\n" for each in page.headings)
    teaser = f"<!-- teaser -->\n{page.teaser}\n<!-- whole -->\n" if page.teaser else ""
    return re.sub(r"(x{100})x+", r"\1...", f"{headings}{teaser}{page.html}\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_it(case: Path) -> None:
    page = rendered((case / "index.md").read_text())
    assert told(page) == (case / "expected.html").read_text()
    assert refused(page.html) == []


def test_every_component_is_shown() -> None:
    assert SHOWS.keys() == KINDS.keys()


def test_a_reference_holds_in_the_whole_lesson() -> None:
    page = rendered("::grid\n[there]\n::\n\n[there]: https://example.com/\n")
    assert '<a href="https://example.com/"' in page.html


def test_ids_of_headings_are_their_own() -> None:
    page = rendered("# a\n# a\n# a 2\n# a\n# <b>!</b>\n#\n")
    names = [each.id for each in page.headings]
    assert names == [
        "lesson-a", "lesson-a-2", "lesson-a-2-2", "lesson-a-3", "lesson-section", "lesson-section-2",
    ]  # fmt: skip


def test_lines_are_those_of_the_file() -> None:
    page = rendered("---\nkind: unit\n---\n\none\ntwo :no{a=b}\n\n- item\n\n  and :no{a=b} [x](y:z)\n")
    assert re.findall(r'line="(\d+)"', page.html) == ["6", "10", "10"]


VALUES = {
    "src": "__static__/a.png",
    "tasks": "tasks",
    "port": "80",
    "kind": "tip",
    "group": "g",
    "max-width": "3px",
    "new": "true",
}
WRITTEN = {"card": ("challenge",), "slide-show": (), "tabbed": ("group",)}
"""Props of these are alternatives, or lists."""


def _camel(prop: str) -> str:
    first, *rest = prop.split("-")
    return first + "".join(each.capitalize() for each in rest)


@pytest.mark.parametrize("name", KINDS)
def test_however_props_are_spelled(name: str) -> None:
    kind = KINDS[name]
    props = {prop: VALUES.get(prop, "x") for prop in WRITTEN.get(name, kind.props)}
    bound = {prop: value if value.isalnum() else f"'{value}'" for prop, value in props.items()}
    braces = (
        " ".join(f"{prop}='{value}'" for prop, value in props.items()),
        " ".join(f':{prop}="{value}"' for prop, value in bound.items()),
        " ".join(f'{_camel(prop)}="{value}"' for prop, value in props.items()),
    )
    ways = [f":{name}{{{each}}}" if kind.inline else f"::{name}{{{each}}}\nText.\n::" for each in braces]
    if not kind.inline:
        for spell in ("{}", ":{}:", ":{}"):
            lines = "".join(f"{spell.format(prop)}: {value}\n" for prop, value in props.items())
            ways.append(f"::{name}\n---\n{lines}---\nText.\n::" if lines else f"::{name}\nText.\n::")
    shown = {re.sub(r"<lab-problem.*?</lab-problem>", "", rendered(way).html) for way in ways}
    assert len(shown) == 1
    assert all(
        value in shown.copy().pop() for prop, value in props.items() if prop in ("name", "kind", "group", "port")
    )


PIECES = (
    *(
        "---",
        "::",
        ":::",
        "::grid",
        ":::grid{a=1}",
        "::tabbed",
        "#one",
        "```",
        "~~~~ [a]{1-9}",
        "<!--",
        "-->",
        "- ",
        "> ",
    ),
    *(
        ":tab{x=",
        "title: |",
        "a: [",
        "::card{:challenge=challenges.x}",
        "",
        "words :tab{a='b'}",
        "<div>",
        "</div>",
        "<b>",
    ),
    *(
        "[a]: b",
        "[a]",
        "![",
        "](",
        "|a|b|",
        "|-|-|",
        "# h",
        "<a href=",
        "'>",
        '">',
        "::simple-task",
        "name: x",
        "***",
        "`",
    ),
    *(
        "::user-input-task{name=a validate='\"'}",
        "::image-box{src=__static__/a}",
        "<details>",
        "    code",
        "<!--more-->",
    ),
    *("<script>", "</script>", "<svg onload=x>", "javascript:x", "&lt;", "\0", "\u2028", "https://a.b/", "</lab-task>"),
)
LINES = st.lists(st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=4).map("".join), max_size=25)


@given(LINES)
def test_whatever_is_written_becomes_harmless_html(lines: list[str]) -> None:
    for start in ("", "---\nkind: tutorial\ntitle: x\ntasks: {x: {run: a}}\nchallenges: {x: {}}\n---\n"):
        try:
            page = rendered(start + "\n".join(lines))
        except SpecError:
            continue  # the front matter never ends, or the like: nothing is shown
        assert refused(page.html) == []
        assert refused(page.teaser) == []


@given(st.text(alphabet="<>/abdivscriptolnk=\"'` !-[]():*_&;#", max_size=200))
def test_any_tags_become_harmless_html(text: str) -> None:
    assert refused(rendered("\n" + text).html) == []


def fill(unit: str, count: int = LARGEST) -> str:
    return unit * (count // len(unit.encode()))


HUGE = {
    "brackets": fill("["),
    "images": fill("!["),
    "emphasis": fill("**a *b "),
    "stars": fill("*" * 500 + "a" + "*" * 500 + "\n\n"),
    "tags": fill("<a "),
    "comments": "<div>" + fill("<!--"),
    "short comments": fill("<div>" + "<!--" * 7000 + "\n\n"),
    "entities": fill("&"),
    "ticks": "".join("`" * number + "a" for number in range(1, 1400)),
    "quotes": fill(">" * 18 + " a\n\n"),
    "list": "".join("  " * number + "- a\n" for number in range(1000)),
    "links": fill("[a](b"),
    "table": "|a" * 300 + "\n" + "|-" * 300 + "\n" + fill("|\n"),
    "tables": fill("|a" * 30 + "\n" + "|-" * 30 + "\n" + "|\n" * 2000 + "\n"),
    "references": "[a]: /" + "u" * 1000 + "\n\n" + fill("[a]\n\n"),
    "definitions": "".join(f"[a{number}]: /u\n\n" for number in range(80_000)),
    "lines": fill("a\n"),
    "headings": fill("# a\n"),
    "open tags": "".join(f"<b title={number}>\n\n" for number in range(60_000)),
    "open blocks": fill("<div>\n\n"),
    "inline": fill(":tab{a=b} "),
    "labels": fill(":a["),
    "spaces": "::a{" + fill(" ") + "}",
    "fences": fill("```\n"),
    "code": fill("```bash\n" + "${" * 16_000 + "\n```\n"),
    "one fence": "```\n" + fill("&") + "\n```\n",
    "components": fill("::grid{a=b}\n::\n", 28_000),
    "hosts": fill("http://a.b/(("),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_a_large_lesson_is_as_little_work_as_a_small_one(text: str) -> None:
    """Counted, not timed: what is beyond the bound is shown as it was written, and nothing grows out of proportion."""
    page = rendered(text)
    assert len(page.html) < 6 * LARGEST
    assert refused(page.html) == []


def test_a_grid_of_cards() -> None:
    page = rendered(
        "::grid\n---\nitems:\n  - challenge: challenges.one-two\n  - {content: tutorials.three, other: nothing}\n---\n::\n"
    )
    assert page.html.count("<lab-card") == 2
    assert 'href="/challenges/one-two"' in page.html and 'href="/tutorials/three"' in page.html
