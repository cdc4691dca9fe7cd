"""The code of a fence → coloured HTML: classes of Pygments, no styles. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

from pygments import highlight as colour
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LARGEST: Final = 32 << 10
"""Characters of a fence that are coloured. Longer ones stay plain: lexers are slow, and nobody reads colours there."""
LINES: Final = 10_000
"""The last line that can be marked."""

_PIECE: Final = 8 << 10
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z][\w+#.-]{0,39})")
_LABEL: Final = re.compile(r"\[([^\]]{1,200})\]")
_MARKED: Final = re.compile(r"\{([\d\s,-]{1,200})\}")
_ALIASES: Final = {
    "sh": "bash", "shell": "bash", "zsh": "bash", "terminal": "console", "yml": "yaml", "containerfile": "docker",
    "dockerfile": "docker", "golang": "go", "py": "python", "js": "javascript", "ts": "typescript", "conf": "ini",
    "systemd": "ini", "env": "bash", "tf": "terraform", "hcl": "terraform", "makefile": "make", "patch": "diff",
}  # fmt: skip
_KNOWN: Final = frozenset((
    *("bash", "c", "console", "cpp", "css", "diff", "docker", "go", "html", "http", "ini", "java", "javascript"),
    *("json", "jsonnet", "lua", "make", "nginx", "perl", "php", "powershell", "promql", "python", "rego", "ruby"),
    *("rust", "sql", "terraform", "toml", "typescript", "vim", "xml", "yaml"),
))  # fmt: skip
"""Languages that are coloured: those of labs, each looked at with hostile text (tests). Any other is shown plain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is written behind the opening of a fence: ```` ```yaml [some/file]{2,9-11} ````."""

    language: str = ""
    label: str = ""
    marked: frozenset[int] = frozenset()


def read_info(text: str) -> Info:
    language, label, marked = _LANGUAGE.match(text), _LABEL.search(text), _MARKED.search(text)
    return Info(
        language=language[1].lower() if language else "",
        label=label[1].strip() if label else "",
        marked=_numbers(marked[1]) if marked else frozenset(),
    )


def highlight(code: str, info: Info) -> str:
    """What goes into `<code>`."""
    lexer = _lexer(_ALIASES.get(info.language, info.language)) if len(code) <= LARGEST else None
    if lexer is None:
        return _marked(code, info.marked) if info.marked and len(code) <= LARGEST else plain(code)
    return str(colour(code, lexer, HtmlFormatter(nowrap=True, hl_lines=sorted(info.marked))))


def plain(text: str) -> str:
    """Text as HTML, in pieces: nh3 takes quadratic time for `&` in one long text."""
    if len(text) <= _PIECE:
        return escape(text)
    return "".join(f"<span>{escape(text[at : at + _PIECE])}</span>" for at in range(0, len(text), _PIECE))


def _marked(code: str, marked: frozenset[int]) -> str:
    lines = enumerate(code.splitlines(keepends=True), 1)
    return "".join(
        f'<span class="hll">{plain(line)}</span>' if number in marked else plain(line) for number, line in lines
    )


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if language not in _KNOWN:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


def _numbers(text: str) -> frozenset[int]:
    """`2,9-11`."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            low, high = int(first), int(last or first)
            found.update(range(low, min(high, LINES) + 1))
    return frozenset(found)
