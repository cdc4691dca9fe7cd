"""The matrix: what was tried, down; rounds, across, the newest first. One page, no script, everything escaped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from urllib.parse import quote

from labyard.bots.results import Outcome, Result, Round

COLUMNS = 30
"""How many rounds are shown."""

_LETTERS = {Result.PASSED: "✓", Result.FAILED: "✗", Result.FLAKY: "~", Result.BROKEN: "!", Result.NOT_RUN: "-"}
_MEANINGS = {
    Result.PASSED: "passed",
    Result.FAILED: "failed",
    Result.FLAKY: "flaky: passed at times",
    Result.BROKEN: "broken: could not be tried",
    Result.NOT_RUN: "not run here",
}

# Colours are those of the pages (web/src/styles/tokens.css); the letter and the shape say the same without them.
_STYLE = """
:root{color-scheme:light dark;--bg:#f6f5f2;--surface:#fff;--line:#d8d5ce;--text:#1f2226;--muted:#5a5f68;
--accent:#1756a9;--passed:#2c6e2f;--failed:#b3261e;--flaky:#7d5a00;--broken:#8a2f8f;--on:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#131518;--surface:#1a1d21;--line:#33383f;--text:#e7e6e2;--muted:#a2a9b3;
--accent:#8bb8f5;--passed:#7fc983;--failed:#f2938c;--flaky:#e0b64f;--broken:#d59ad9;--on:#131518}}
*{box-sizing:border-box}
body{font:16px/1.6 system-ui,sans-serif;background:var(--bg);color:var(--text);margin:0;padding:16px;max-width:1200px}
a{color:var(--accent)}.home{color:inherit;font-weight:700;text-decoration:none}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:24px 0 8px}p{margin:0 0 12px;max-width:68ch}
.wide{overflow-x:auto;width:fit-content;max-width:100%;background:var(--surface);border:1px solid var(--line)}
table{border-collapse:collapse;font-size:14px}th,td{padding:4px;text-align:left;white-space:nowrap}
thead th{font-weight:normal;color:var(--muted);font-size:12px;line-height:1.3;text-align:center}
tbody tr{border-top:1px solid var(--line)}
tbody th{font-weight:normal;position:sticky;left:0;background:var(--surface);padding-left:12px;max-width:44vw;
overflow:hidden;text-overflow:ellipsis}
tbody th[colspan]{color:var(--muted);font-size:12px;text-transform:capitalize}
small{color:var(--muted)}td small{display:block;text-align:right;font-variant-numeric:tabular-nums}
tbody th small{display:block;line-height:1.2}
.s{display:inline-block;width:24px;height:24px;line-height:24px;text-align:center;font-weight:700;color:var(--on)}
.passed{background:var(--passed)}.failed{background:var(--failed);border-radius:12px}
.flaky{background:var(--flaky);border-radius:12px 0}.broken{background:var(--broken);border-radius:0 0 12px 12px}
.not-run{color:var(--muted);border:1px solid var(--line);line-height:22px}
.key span{margin-right:4px}.key{display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;list-style:none}
.red li{margin-bottom:8px;overflow-wrap:anywhere}
"""


def page(rounds: Sequence[Round], *, links: bool = False, note: str = "", home: str = "") -> str:
    """`rounds`: newest first. `links`: the newest one's artifacts lie beside the page. `note`: a sentence below the title.

    `home`: where the server's other pages are; a file has none.
    """
    shown = list(rounds[:COLUMNS])
    body = _told(shown, links=links) if shown else "<p>No round was played yet.</p>"
    words = f"<p>{escape(note)}</p>" if note else ""
    way_back = f'<p><a class="home" href="{escape(home)}">Labyard</a></p>' if home else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Labyard: what bots found</title><style>{_STYLE}</style></head>\n"
        f"<body>{way_back}<h1>What bots found</h1>{words}\n{body}\n</body></html>\n"
    )


def _told(rounds: list[Round], *, links: bool) -> str:
    newest = rounds[0]
    cut = "" if newest.complete else " It was cut before its end."
    took = _span((newest.finished - newest.started).total_seconds())
    summary = f"<p>{_stamp(newest.started)}, {took}: {escape(newest.words or 'nothing was tried')}.{cut}</p>"
    return "\n".join((summary, _key(), _matrix(rounds), _red(newest, links=links)))


def _key() -> str:
    items = "".join(f"<li>{_square(result, '')}{escape(words)}</li>" for result, words in _MEANINGS.items())
    return f'<ul class="key">{items}</ul>'


def _matrix(rounds: list[Round]) -> str:
    by_round = [{outcome.key: outcome for outcome in each.outcomes} for each in rounds]
    rows = list(dict.fromkeys(key for known in by_round for key in known))
    order = {kind: place for place, kind in enumerate(dict.fromkeys(kind for kind, _, _ in rows))}
    rows.sort(key=lambda row: (order[row[0]], row[1], row[2]))
    head = "".join(f"<th scope=col>{_stamp(each.started, '<br>')}</th>" for each in rounds)
    lines = [f"<thead><tr><th></th><th scope=col>took</th>{head}</tr></thead><tbody>"]
    for kind, keys in groupby(rows, key=lambda row: row[0]):
        lines.append(f"<tr><th colspan={len(rounds) + 2}>{escape(kind)}s</th></tr>")
        lines.extend(_row(key, by_round) for key in keys)
    table = "\n".join(lines)
    return f'<div class="wide" tabindex=0 role=region aria-label="All results"><table>{table}</tbody></table></div>'


def _row(key: tuple[str, str, str], by_round: list[dict[tuple[str, str, str], Outcome]]) -> str:
    _, name, case = key
    cells = "".join(f"<td>{_cell(known.get(key))}</td>" for known in by_round)
    newest = by_round[0].get(key)
    took = _span(newest.seconds) if newest is not None and newest.tried else ""
    head = f"<th scope=row>{escape(name)} <small>{escape(case)}</small></th><td><small>{took}</small></td>"
    return f"<tr>{head}{cells}</tr>"


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    words = ": ".join(part for part in (_MEANINGS[outcome.result], outcome.words) if part)
    return _square(outcome.result, words[:400])


def _square(result: Result, words: str) -> str:
    told = f' role=img title="{escape(words)}" aria-label="{escape(words)}"' if words else " aria-hidden=true"
    return f'<span class="s {result.value}"{told}>{_LETTERS[result]}</span>'


def _red(newest: Round, *, links: bool) -> str:
    red = [outcome for outcome in newest.outcomes if outcome.result.red]
    if not red:
        return ""
    items = "".join(
        f"<li>{_square(outcome.result, _MEANINGS[outcome.result])} {escape(outcome.kind)} "
        f"<b>{escape(outcome.name)}</b> {escape(outcome.case)}: {escape(outcome.words)}{_folders(outcome, links)}</li>"
        for outcome in red
    )
    return f'<h2>What is red</h2><ul class="red key" style="display:block">{items}</ul>'


def _folders(outcome: Outcome, links: bool) -> str:
    folders = [tried.folder for tried in outcome.tried if tried.folder and tried.result is not Result.PASSED]
    if not links:
        return ""
    return "".join(f' <a href="{escape(quote(f"./{folder}/"))}">artifacts</a>' for folder in folders)


def _stamp(moment: datetime, between: str = " ") -> str:
    return f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%b %d}{between}{moment:%H:%M}</time>'


def _span(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes}m{left}s" if minutes else f"{left}s"
