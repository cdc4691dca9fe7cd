"""Small pages with one form and no script: they work before anything else does, and with every password manager."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from labyard.control.refusals import BadRequestError, TooLargeError
from labyard.errors import LabyardError
from labyard.resources import resource
from labyard.server.arriving import arriving
from labyard.server.asker import check_origin
from labyard.server.problems import status_of

_LIMIT = 16 << 10
_FIELDS = 16
_TYPE = "application/x-www-form-urlencoded"
_HEADERS = {
    "Cache-Control": "no-store",
    # Not `no-referrer`: browsers would then send forms with `Origin: null`, and we ask for our own.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} · Labyard</title>
<style>{style}</style>
</head><body><main class="door"><p class="brand">Labyard</p><h1>{title}</h1>
{body}
</main></body></html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """`autocomplete`: the word by which browsers and password managers know what goes there."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    value: str = ""
    hint: str = ""
    required: bool = True
    least: int = 0
    most: int = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """`hidden`: goes along unseen."""

    action: str
    submit: str
    fields: Sequence[Field]
    hidden: Mapping[str, str]


def form_page(
    title: str,
    form: Form | None,
    *,
    says: Sequence[str] = (),
    below: Sequence[str] = (),
    links: Sequence[tuple[str, str]] = (),
    error: LabyardError | None = None,
    status: int = 200,
) -> Response:
    """`says` above the form and `below` it: sentences, words in backquotes are code. `links`: text and address.

    `error`: what was wrong with what was sent, with its own status.
    """
    parts = [f"<p>{coded(text)}</p>" for text in says]
    if error is not None:
        hint = f"<p>{coded(error.hint)}</p>" if error.hint else ""
        parts.append(
            f'<div class="problem" role="alert" id="problem"><p><strong>{coded(_sentence(error.message))}</strong></p>{hint}'
            f'<p class="muted">Code: <code>{escape(error.code)}</code></p></div>'
        )
    if form is not None:
        parts.append(_form(form, wrong=error is not None))
    parts += [f'<p><a href="{escape(address)}">{escape(text)}</a></p>' for text, address in links]
    parts += [f'<p class="muted">{coded(text)}</p>' for text in below]
    page = small_page(title, "\n".join(parts))
    return HTMLResponse(page, status if error is None else status_of(error), _HEADERS)


def small_page(title: str, body: str) -> str:
    """`body`: HTML, below the title."""
    return _PAGE.format(title=escape(title), style=_style(), body=body)


async def sent(request: Request, *names: str) -> dict[str, str]:
    """What a form of ours was filled with; what is missing is empty. ForbiddenError when another page sent it."""
    check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise BadRequestError("this is no form", hint=f"send it as {_TYPE}")
    body = bytearray()
    async for piece in arriving(request):
        body += piece
        if len(body) > _LIMIT:
            raise TooLargeError(f"the form is larger than {_LIMIT} bytes")
    try:
        told = parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError:
        raise BadRequestError("the form cannot be read") from None
    if doubled := next((name for name, values in told.items() if len(values) > 1), None):
        raise BadRequestError(f"the form has {doubled[:64]!r} twice")
    return {name: told.get(name, [""])[0] for name in names}


def coded(text: str) -> str:
    """Escaped; words in backquotes become code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _form(form: Form, *, wrong: bool) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.hidden.items()
    )
    empty = next((index for index, each in enumerate(form.fields) if not each.value), 0)
    fields = "".join(_field(each, focus=index == empty, wrong=wrong) for index, each in enumerate(form.fields))
    return (
        f'<form method="post" action="{escape(form.action)}">{hidden}{fields}'
        f'<button class="primary" type="submit">{escape(form.submit)}</button></form>'
    )


def _field(field: Field, *, focus: bool, wrong: bool) -> str:
    known = [f"{field.name}-hint"] if field.hint else []
    told = " ".join([*known, *(("problem",) if wrong else ())])
    marks = [
        f'id="{escape(field.name)}" name="{escape(field.name)}" type="{escape(field.kind)}"',
        f'autocomplete="{escape(field.autocomplete)}" maxlength="{field.most}"',
        'autocapitalize="none" autocorrect="off" spellcheck="false"',
        *((f'value="{escape(field.value)}"',) if field.value and field.kind != "password" else ()),
        *((f'minlength="{field.least}"',) if field.least else ()),
        *(("required",) if field.required else ()),
        *(("autofocus",) if focus else ()),
        *((f'aria-describedby="{escape(told)}"',) if told else ()),
    ]
    hint = f'<small class="muted" id="{escape(field.name)}-hint">{coded(field.hint)}</small>' if field.hint else ""
    return f'<label for="{escape(field.name)}">{escape(field.label)}</label><input {" ".join(marks)}>{hint}'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


@functools.cache
def _style() -> str:
    folder = resource("web/src/styles")
    return (folder / "tokens.css").read_text() + (folder / "door.css").read_text()
