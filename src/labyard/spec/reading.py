"""A tree → typed values, with every structural problem at once.

What cannot be read is cut out and the rest read again, so that one typing error does not hide what is wrong elsewhere.
"""

from __future__ import annotations

from operator import is_
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from labyard.spec.document import Loc, Mapping, Node, Scalar, Sequence, find, plain
from labyard.spec.findings import MOST, Finding, nearest
from labyard.spec.model import Spec

Model = TypeVar("Model", bound=Spec)

_ROUNDS = 8
_STAND_INS = {
    "kind": "playground",
    "name": "stand-in",
    "title": "Stand-in for a title",
    "difficulty": "easy",
    "createdAt": "2000-01-01",
}
_EXPECTED = {
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
    "tuple_type": "a list",
}


def read(model: type[Model], root: Node) -> tuple[Model | None, Node, tuple[Finding, ...]]:
    """The value, the tree it was read from (less what was cut out), and what is wrong. None when too little is left."""
    findings: list[Finding] = []
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(plain(root)), root, tuple(findings)
        except ValidationError as error:
            details = _sensible(root, error.errors(include_url=False))
        if not findings:
            findings = [_finding(model, root, detail) for detail in details[:MOST]]
            if len(details) > MOST:
                findings.append(Finding(loc=(), message=f"there are {len(details) - MOST} more errors than are listed"))
        cut = _cut(model, root, details)
        if cut is None:
            break
        root = cut
    return None, root, tuple(findings)


def _sensible(root: Node, details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Less what follows from other errors: a list with broken entries is not short, a bad key's value not judged."""
    locs = [tuple(detail["loc"]) for detail in details]
    bad_keys = {loc[:-1] for loc in locs if loc[-1:] == ("[key]",)}
    kept = []
    for detail, loc in zip(details, locs, strict=True):
        node = find(root, loc)
        full = detail["type"] == "too_short" and isinstance(node, Sequence) and node.items
        follows = loc[-1:] != ("[key]",) and any(loc[:end] in bad_keys for end in range(len(loc) + 1))
        if not full and not follows:
            kept.append(detail)
    return kept


def _finding(model: type[BaseModel], root: Node, detail: ErrorDetails) -> Finding:
    loc, kind, context = tuple(detail["loc"]), detail["type"], detail.get("ctx", {})
    loc = loc[:-1] if loc and loc[-1] == "[key]" else loc
    last = next((step for step in reversed(loc) if isinstance(step, str)), "")
    value = find(root, loc)
    match kind:
        case "refused":
            return Finding(loc=loc, message=context["message"], hint=context["hint"])
        case "missing":
            given = value is not None
            return Finding(
                loc=loc, message=f"`{last}` is {'empty' if given else 'missing'}", hint=_meaning(model, loc), key=True
            )
        case "extra_forbidden":
            keys = _keys(model_at(model, loc[:-1]))
            return Finding(loc=loc, message=f"unknown key `{_shown(last)}`", hint=nearest(str(last), keys), key=True)
        case "enum" | "literal_error":
            words = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            return Finding(
                loc=loc,
                message=f"`{last}` cannot be `{_shown(detail['input'])}`",
                hint=nearest(str(detail["input"]), words),
            )
        case "too_short":
            return Finding(loc=loc, message=f"`{last}` needs at least one entry")
        case "greater_than_equal":
            return Finding(loc=loc, message=f"`{last}` must be at least {context['ge']}, not {detail['input']}")
        case "less_than_equal":
            return Finding(loc=loc, message=f"`{last}` must be at most {context['le']}, not {detail['input']}")
        case _:
            what = _EXPECTED.get(kind)
            return Finding(
                loc=loc, message=f"{what} is expected here" if what else detail["msg"], hint=_meaning(model, loc)
            )


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def _meaning(model: type[BaseModel], loc: Loc) -> str | None:
    """The first sentence of a field's description."""
    parent = model_at(model, loc[:-1])
    field = _fields(parent).get(str(loc[-1])) if parent and loc else None
    return field.description.split("\n")[0].rstrip(".") if field is not None and field.description else None


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}


def _keys(model: type[BaseModel] | None) -> list[str]:
    return list(_fields(model))


def model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model of the value at `loc`; None where there is none."""
    current: type[BaseModel] | None = model
    named = True  # the next step is a field's name, not a place in its list or map
    for step in loc:
        if current is None:
            return None
        if named:
            field = _fields(current).get(str(step))
            if field is None:
                return None
            current, named = _part(field.annotation), not _is_container(field.annotation)
        else:
            named = True
    return current if named else None


def _part(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X | None`, `tuple[X, ...]`, `dict[K, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _part(inner)) is not None), None)


def _is_container(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (tuple, dict)


def _cut(model: type[BaseModel], root: Node, details: list[ErrorDetails]) -> Node | None:
    """The tree less what these errors are about; None when nothing can be cut."""
    doomed: set[Loc] = set()
    stand_ins: dict[str, str] = {}
    for detail in details:
        loc = tuple(detail["loc"])
        loc = loc[:-1] if loc and loc[-1] == "[key]" else loc
        if len(loc) == 1 and loc[0] in _STAND_INS and loc[0] in _fields(model):
            stand_ins[str(loc[0])] = _STAND_INS[str(loc[0])]
        elif detail["type"] == "missing" or find(root, loc) is None:
            doomed.add(loc[:-1])
        else:
            doomed.add(loc)
    if () in doomed or not isinstance(root, Mapping):
        return None
    left = _without(root, (), doomed)
    if not isinstance(left, Mapping):
        return None
    words = {key: Scalar(place=left.place, value=value) for key, value in stand_ins.items()}
    return Mapping(
        place=left.place, entries={**left.entries, **words}, keys={**dict.fromkeys(words, left.place), **left.keys}
    )


def _without(node: Node, loc: Loc, doomed: set[Loc]) -> Node:
    """A node less what is doomed in it; the node itself when nothing is."""
    if isinstance(node, Mapping):
        kept = {
            key: _without(value, (*loc, key), doomed)
            for key, value in node.entries.items()
            if (*loc, key) not in doomed
        }
        if kept.keys() == node.entries.keys() and all(kept[key] is value for key, value in node.entries.items()):
            return node
        return Mapping(place=node.place, entries=kept, keys={key: node.keys[key] for key in kept}, whole=False)
    if isinstance(node, Sequence):
        every = enumerate(node.items)
        items = tuple(_without(item, (*loc, i), doomed) for i, item in every if (*loc, i) not in doomed)
        if len(items) == len(node.items) and all(map(is_, items, node.items)):
            return node
        return Sequence(place=node.place, items=items, whole=False)
    return node
