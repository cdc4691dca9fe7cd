"""What programs and builtins do with their words: where a value would be run, calculated with, or taken for a name. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from labyard.spec.shell.parts import Command, Notes, Objection, Word
from labyard.spec.shell.quotes import Quotes

CODE: Final = (
    "this value would be run as commands",
    "hand it over as an argument: `bash -c '... \"$1\" ...' _ x(.input)`",
)
CODE_INPUT: Final = ("this value would be run as commands", "hand it over as an argument: `bash -s x(.input) <<'EOF'`")
_NAME: Final = ("this would be the name of a variable, in which bash runs commands", "use a name of your own")
_PROGRAM: Final = ("this value would name the program to run", "decide with `case` what may be run")

_BEFORE: Final = frozenset(("command", "builtin", "exec", "sudo", "doas", "env", "nohup", "nice", "setsid"))
"""Programs that run another one, named after their options."""
_RUNS: Final = frozenset(("eval", "let", "trap", "alias", "source", ".", "compgen", "complete", "fc"))
_NAMES: Final = frozenset(("unset", "read", "mapfile", "readarray", "getopts"))
_DECLARES: Final = frozenset(("declare", "typeset", "local", "export", "readonly"))
_SHELLS: Final = frozenset(
    ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "su", "runuser", "script", "sg", "flock")
)
_LANGUAGES: Final = re.compile(r"python[\d.]*|perl[\d.]*|ruby|node|php|lua[\d.]*")
_REMOTE: Final = frozenset(("ssh", "rsh", "mosh", "pdsh"))
_COMPUTED: Final = frozenset(
    ("RANDOM", "SRANDOM", "OPTIND", "HISTCMD", "EPOCHSECONDS", "EPOCHREALTIME", "BASHPID", "PPID")
)
_STARTS: Final = frozenset(("BASH_ENV", "ENV", "PS0", "PS1", "PS2", "PS4", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS"))
_NUMERIC: Final = frozenset(("-eq", "-ne", "-lt", "-le", "-gt", "-ge"))
_SET: Final = re.compile(r"([A-Za-z_]\w*)\+?=", re.ASCII)

_LOOKED: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?\"?\s*=~|\bcase\s+\"?\$\{?([A-Za-z_]\w*)\}?\"?\s+in\b", re.ASCII)
"""A variable that is matched against something."""


def hot(name: str) -> str | None:
    """Why a variable of this name cannot hold a reference's value."""
    if name in _STARTS:
        return f"bash runs what is in `{name}`"
    return f"bash calculates for `{name}`, and would run commands in its value" if name in _COMPUTED else None


def judge(script: Quotes, command: Command) -> None:
    """Refuse references among the words of a command where it would run them, or take them for names."""
    for word in command.assigned:
        _assigned(script, word)
    if command.kind == "for" and command.words:
        _held(script, command.words[:1], command.words[1:])
    if command.kind != "simple" or not command.words:
        return
    first = _effective(command.words)
    name, words = command.words[first].base, command.words[first + 1 :]
    script.refuse(command.words[first].start, command.words[first].end, *_PROGRAM)
    if name in _RUNS:
        for word in words:
            script.evaluated(word.start, word.end, *CODE)
    elif name in _NAMES:
        for word in words:
            script.refuse(word.start, word.end, *_NAME)
        _held(script, words, command.inputs)
    elif name in _DECLARES:
        _declared(script, words)
    elif name in ("test", "[", "printf", "wait"):
        _after(script, words, ("-v", "-R") if name in ("test", "[") else ("-v",) if name == "printf" else ("-p",))
    _programs(script, command.words)
    if reads_code(command):
        for word in command.inputs:
            script.evaluated(word.start, word.end, *CODE_INPUT)


def _effective(words: list[Word]) -> int:
    """Which word names what is run in the end."""
    at = 0
    while at + 1 < len(words) and words[at].base in _BEFORE:
        at += 1
        while at + 1 < len(words) and (words[at].plain.startswith("-") or _SET.match(words[at].plain)):
            at += 1
    return at


def _assigned(script: Quotes, word: Word, *, kept: bool = True) -> None:
    """`name=value`."""
    found = _SET.match(word.plain)
    name = found[1] if found else word.plain.partition("[")[0]
    if name in script.notes.integers:
        script.evaluated(word.start, word.end)
    elif why := hot(name):
        script.refuse(word.start, word.end, why, "use a name of your own")
    elif kept:
        _held(script, [Word(word.start, word.end, name)], [word])


def _held(script: Quotes, names: list[Word], values: list[Word]) -> None:
    """Variables that have a reference's value from now on."""
    if any(script.marks.between(word.start, word.end) for word in values):
        script.notes.holders |= {word.plain for word in names if re.fullmatch(r"[A-Za-z_]\w*", word.plain, re.ASCII)}


def _declared(script: Quotes, words: list[Word]) -> None:
    flags = "".join(word.plain for word in words if word.plain[:1] in ("-", "+"))
    for word in words:
        found = _SET.match(word.plain)
        if "i" in flags and (name := re.match(r"[A-Za-z_]\w*", word.plain, re.ASCII)):
            script.notes.integers.add(name[0])
        if "n" in flags or not found:
            script.refuse(word.start, word.end, *_NAME)
        else:
            _assigned(script, word)


def _after(script: Quotes, words: list[Word], options: tuple[str, ...]) -> None:
    """A variable's name follows these options."""
    for option, word in pairwise(words):
        if option.plain in options:
            script.refuse(word.start, word.end, *_NAME)


def _programs(script: Quotes, words: list[Word]) -> None:
    """Commands in the words of shells and the like, whatever runs those."""
    remote, letters, option = False, "", ""
    for word in words:
        glued = letters and word.plain.startswith(("--command=", "--eval=", "-c"))
        if remote or glued or _short(option, letters):
            script.evaluated(word.start, word.end, *CODE)
        remote = remote or word.base in _REMOTE
        letters += _letters(word)
        option = word.plain


def _letters(word: Word) -> str:
    """The options behind which this program takes commands."""
    if word.base in _SHELLS:
        return "c"
    return "ceErp" if _LANGUAGES.fullmatch(word.base) else ""


def _short(option: str, letters: str) -> bool:
    """Whether commands follow this option."""
    if letters and option in ("--command", "--eval", "--exec", "--print"):
        return True
    cluster = re.fullmatch(r"-[A-Za-z]*", option) is not None
    return cluster and bool(letters) and ("c" in option or option[-1] in letters)


def reads_code(command: Command) -> bool:
    """Whether its stdin is commands: `bash <<EOF`, not `bash file <<EOF`."""
    at = next((at for at, word in enumerate(command.words) if word.base in _REMOTE or _letters(word)), None)
    if at is None:
        return False
    word, rest = command.words[at], [each.plain for each in command.words[at + 1 :]]
    operands = sum(not each.startswith("-") for each in rest)
    if word.base in _REMOTE:
        return operands < 2
    if any(_short(each, _letters(word)) or each.startswith("--command=") for each in rest):
        return False
    login = word.base in ("su", "runuser")
    return operands <= login or any(each == "-" or re.fullmatch("-[a-z]*s", each) for each in rest)


def judge_condition(script: Quotes, words: list[Word]) -> None:
    """Of `[[ ... ]]`: it calculates with both sides of `-eq` and its like, and takes names after `-v`."""
    for at, word in enumerate(words):
        if word.plain in _NUMERIC:
            for side in (*words[max(at - 1, 0) : at], *words[at + 1 : at + 2]):
                script.evaluated(side.start, side.end)
    _after(script, words, ("-v", "-R"))


def warn(text: str, notes: Notes) -> None:
    """Of variables that hold a reference's value where bash calculates with them or runs them, unless a script looks at them
    first: a guess, so nothing is refused."""
    holders = notes.holders - {name for found in _LOOKED.finditer(text) for name in found.groups()}
    for at, part in notes.evaluated if holders else ():
        used = set() if part.startswith("'") else set(re.findall(r"[A-Za-z_]\w*", part, re.ASCII))
        for name in sorted(holders & used):
            words = f"`{name}` holds a value from outside, and bash would run commands hidden in it here"
            hint = f'look at it first, as with `[[ "${name}" =~ ^[0-9]+$ ]]`, or compare with `[ ... ]`'
            notes.objections.setdefault(at, Objection(at, words, hint, warning=True))
