"""Markdown → HTML: that of GitHub, with inline components, labelled code and a bound on how much work a text may be. Pure.

markdown-it-py takes up to 30 µs for a character that might mean something; it is linear but for tables and what looks through
the rest of a paragraph. So work is counted while it is done, and a text beyond the bound is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from labyard.content.addresses import ANCHOR, LONGEST, Files, image, link, slug, static
from labyard.content.blocks import INLINE, Component, attributes
from labyard.content.highlight import highlight, plain, read_info
from labyard.content.raw_html import RawHtml
from labyard.spec.document import Place

WORK: Final = 30_000
"""How much one lesson may ask for: about three for a block, one for each character that might mean something. 28 KiB of tables
and lists take 1,300."""
PARAGRAPH: Final = 32 << 10
"""Characters of one paragraph, and of one piece of HTML."""
DEEPEST: Final = 20
"""How deep quotations, lists and emphasis nest."""
REPEATED: Final = 1 << 20
"""Characters of all addresses and titles: a reference repeats its own wherever it is used."""
COLOURED: Final = 256 << 10
"""Characters of code that are coloured in one lesson."""
MORE: Final = re.compile(r"\s*<!--\s*more\s*-->\s*")
"""Ends what is shown of a solution at first."""

_ALERTS: Final = {"tip": "tip", "warning": "warning", "caution": "error"}
_DEAR: Final = frozenset("<&![:")
"""Characters at which the parser looks through the rest of the paragraph."""


_RUN: Final = re.compile(r"\*+|_+|~+")


class TooMuchError(Exception):
    """This text asks for more work than a lesson may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """`id` is that of the element in the page."""

    level: int
    id: str
    text: str


@dataclass(slots=True, kw_only=True)
class Writing:
    """One lesson that is being written: what its parts share."""

    files: Files
    component: Callable[[Component], str]
    """How an inline component is shown."""
    problem: Callable[[int, str], str]
    """How something wrong in a line is shown, within a paragraph."""
    headings: list[Heading] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    work: int = WORK
    repeated: int = REPEATED
    coloured: int = COLOURED

    def spend(self, work: int) -> None:
        """Raises TooMuchError when nothing is left."""
        self.work -= work
        if self.work < 0:
            raise TooMuchError

    def heading(self, level: int, text: str) -> str:
        """Its id, which no other has."""
        base = name = ANCHOR + slug(text)
        while name in self.ids:
            self.ids[base] += 1
            name = f"{base}-{self.ids[base]}"
        self.ids[name] = 1
        self.headings.append(Heading(level=level, id=name, text=text))
        return name

    def address(self, tag: str, key: str, address: str) -> dict[str, str] | None:
        """Of a link (`href`) or an image (`src`): the attributes it gets; None when it is refused."""
        self.repeated -= len(address)
        if self.repeated < 0:
            raise TooMuchError
        if key == "src":
            found = image(address, self.files)
            return None if found is None else {"src": found, "loading": "lazy"}
        target = link(address, self.files)
        if target is None:
            return None
        outside = {"rel": "noopener noreferrer", "target": "_blank"} if target.outside else {}
        return {"href": target.address, **outside}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """`more`: what came after the line that ends a teaser; None without one."""

    html: str
    more: str | None = None


def learn_references(text: str, writing: Writing) -> None:
    """Definitions `[name]: address` hold in the whole lesson, wherever they stand. Raises TooMuchError."""
    if "]:" in text:
        _parser(inline=False).parse(text, {"references": writing.references, "writing": writing})


def to_html(text: str, line: int, writing: Writing) -> Text:
    """A text that begins in line `line`. Raises TooMuchError."""
    parser = _parser(inline=True)
    env = {"references": writing.references, "writing": writing, "line": line}
    tokens = parser.parse(text, env)
    split = next((at for at, token in enumerate(tokens) if _is_more(token)), None)
    if split is None:
        return Text(html=parser.renderer.render(tokens, parser.options, env))
    above, below = (parser.renderer.render(part, parser.options, env) for part in (tokens[:split], tokens[split + 1 :]))
    return Text(html=above, more=below)


def _is_more(token: Token) -> bool:
    return token.level == 0 and token.type == "html_block" and bool(token.meta.get("more"))


@cache
def _parser(*, inline: bool) -> MarkdownIt:
    parser = MarkdownIt("gfm-like2", {"maxNesting": DEEPEST, "strikethrough_single_tilde": False}, renderer_cls=_Html)
    parser.block.ruler.before("table", "work", _count_block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.inline.ruler.before("text", "work", _count_inline)
    parser.inline.ruler.before("linkify", "component", _component)
    parser.core.ruler.before("inline", "paragraphs", _bound_paragraphs)
    parser.core.ruler.push("finish", _finish)
    # All addresses are looked at in one place, when they are written.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    if parser.linkify is not None:
        # Names of files look like names of hosts: `setup.sh`, `README.md`.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        parser.linkify.add("//", None).add("ftp:", None)
    if not inline:
        parser.core.ruler.disable(["inline", "linkify", "text_join", "finish"])
    return parser


def _writing(env: EnvType) -> Writing:
    found = env["writing"]
    assert isinstance(found, Writing)  # noqa: S101
    return found


def _count_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule that never matches, before all others; a table costs what it may be filled up to."""
    columns = 0
    if start + 1 < end and state.eMarks[start + 1] - state.bMarks[start + 1] < PARAGRAPH:
        columns = state.src.count("|", state.bMarks[start + 1], state.eMarks[start + 1])
        delimiter = state.src[state.bMarks[start + 1] : state.eMarks[start + 1]]
        columns = columns if columns and not delimiter.strip(" \t>|:-") else 0
    rows = 0
    while columns and not silent and start + rows < end and not state.isEmpty(start + rows):
        rows += 1
    _writing(state.env).spend((1 if silent else 3) + rows * columns // 2)
    return False


def _count_inline(state: StateInline, silent: bool) -> bool:
    """Likewise; a run of `*` is as much work as that many tokens."""
    here, work = state.src[state.pos], 1
    if here in _DEAR:
        work += (state.posMax - state.pos) >> 10
    elif here in "*_~":
        run = _RUN.match(state.src, state.pos)
        work += (run.end() - state.pos) // 2 if run else 0
    _writing(state.env).spend(work)
    return False


def _bound_paragraphs(state: StateCore) -> None:
    if any(len(token.content) > PARAGRAPH for token in state.tokens if token.type in ("inline", "html_block")):
        raise TooMuchError


def _component(state: StateInline, silent: bool) -> bool:
    """`:name{key="value"}` in a line of text."""
    if state.src[state.pos] != ":" or (found := INLINE.match(state.src, state.pos, state.posMax)) is None:
        return False
    if not silent:
        token = state.push("component", "", 0)
        token.meta = {"name": found[1], "label": found[2] or "", "props": found[3]}
    state.pos = found.end()
    return True


def _finish(state: StateCore) -> None:
    """What needs the whole: lines of components, ids of headings, the author's HTML."""
    writing, first = _writing(state.env), int(state.env["line"])
    raw = RawHtml(writing.address)
    state.tokens = list(_without_titles(state.tokens))
    for at, token in enumerate(state.tokens):
        if token.type == "heading_open":
            token.attrSet("id", writing.heading(int(token.tag[1]), _words(state.tokens[at + 1].children or ())))
        elif token.type == "html_block":
            token.meta["more"] = MORE.fullmatch(token.content) is not None
        _number(token.children or (), first + (token.map[0] if token.map else 0))
        _nest(token, raw)


def _without_titles(tokens: Iterable[Token]) -> Iterator[Token]:
    """Alerts begin with their kind as a paragraph; the page says it anyway."""
    inside = False
    for token in tokens:
        inside = inside or token.type == "alert_title_open"
        if not inside:
            yield token
        inside = inside and token.type != "alert_title_close"


def _nest(token: Token, raw: RawHtml) -> None:
    """The author's tags end where what they stand in ends."""
    if token.nesting == 1:
        raw.enter()
    elif token.nesting == -1:
        token.meta["before"] = raw.leave()
    elif token.type == "html_block":
        token.content = raw.write(token.content, block=True)
    elif token.type == "html_inline":
        token.content = raw.write(token.content, block=False)
    elif token.type == "inline":
        raw.enter()
        for child in token.children or ():
            _nest(child, raw)
        if rest := raw.leave():
            token.children = [*(token.children or ()), Token("html_inline", "", 0, content=rest)]


def _line(token: Token, env: EnvType) -> int:
    return int(token.meta.get("line") or env["line"])


def _number(children: Iterable[Token], line: int) -> None:
    for child in children:
        child.meta["line"] = line
        line += child.type in ("softbreak", "hardbreak")


def _words(tokens: Iterable[Token]) -> str:
    """What is read of them."""
    return " ".join("".join(_pieces(tokens)).split())[:200]


def _pieces(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            yield token.content
        elif token.type == "image":
            yield from _pieces(token.children or ())
        elif token.type in ("softbreak", "hardbreak"):
            yield " "


class _Html(RendererHTML):
    """markdown-it's own, but for what is dangerous or ours. Every method is a rule for the token it is named after."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: N802
        return str(tokens[idx].meta.get("before", "")) + super().renderToken(tokens, idx, options, env)

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return tokens[idx].content

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return tokens[idx].content

    def component(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        meta, place = tokens[idx].meta, Place(_line(tokens[idx], env), 1)
        props = attributes("{" + meta["props"] + "}", place)
        named = Component(name=meta["name"], place=place, props=props, slots={}, slot_places={}, inline=True)
        return _writing(env).component(named)

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return code(tokens[idx].content, tokens[idx].info, _writing(env))

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return code(tokens[idx].content, "", _writing(env))

    def alert_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        kind = str(tokens[idx].meta.get("kind", "")).lower()
        return f'<lab-remark kind="{_ALERTS.get(kind, "info")}">\n'

    def alert_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return str(tokens[idx].meta.get("before", "")) + "</lab-remark>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A refused address is said, and its words stay."""
        token, writing = tokens[idx], _writing(env)
        address = str(token.attrs.get("href", ""))
        found = writing.address("a", "href", address)
        title = str(token.attrs.get("title", ""))[:300]
        writing.repeated -= len(title)
        token.attrs = {**(found or {}), **({"title": title} if title and found else {})}
        said = "" if found else writing.problem(_line(token, env), _refused("a link", address))
        return said + f"<a{self.renderAttrs(token)}>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, writing = tokens[idx], _writing(env)
        words = _words(token.children or ())
        return picture(str(token.attrs.get("src", "")), words, _line(token, env), writing)


def picture(address: str, words: str, line: int, writing: Writing) -> str:
    """An image; one of another place is not loaded, a link leads to it."""
    found = writing.address("img", "src", address)
    if found is not None:
        return _tag("img", {**found, "alt": words})
    target = writing.address("a", "href", address)
    if target is None or "rel" not in target:
        return writing.problem(line, _refused("an image", address))
    return _tag("a", target) + escape(f"Image: {words or address}") + "</a>"


def code(text: str, written: str, writing: Writing) -> str:
    """A fence, with the words behind its opening."""
    info = read_info(written)
    if info.language == "mermaid":
        return f'<lab-mermaid><pre tabindex="0"><code>{plain(text)}</code></pre></lab-mermaid>\n'
    writing.coloured -= len(text)
    inside = highlight(text, info) if writing.coloured >= 0 else plain(text)
    named = {"language": info.language, "label": info.label}
    opening = _tag("lab-code", {key: value for key, value in named.items() if value})
    return f'{opening}<pre tabindex="0"><code>{inside}</code></pre></lab-code>\n'


def _tag(name: str, attributes: dict[str, str]) -> str:
    return "<" + name + "".join(f' {key}="{escape(value)}"' for key, value in attributes.items()) + ">"


def _refused(what: str, address: str) -> str:
    if len(address) > LONGEST:
        return f"{what} leads to an address of more than {LONGEST} characters"
    if (path := static(address)) is not None:
        return f"there is no {path[:200]} (files of `__static__` lie beside the lesson's index.md)"
    return f"{what} leads to `{address[:80]}`, which is not allowed"
