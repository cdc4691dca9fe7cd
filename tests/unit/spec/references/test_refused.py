"""Where a value would be run, calculated with or taken for a name: refused, with its place."""

from __future__ import annotations

import re

import pytest

from labyard.errors import SpecError
from labyard.spec.references import examine, prepare

CALCULATED = (
    "echo $((x(.input) + 1))",
    'echo "$(( 1 + $(echo x(.input)) ))"',
    "echo $[x(.input)]",
    "((x(.input) > 1))",
    "if (( 1 < x(.input) )); then :; fi",
    "for ((i = 0; i < x(.input); i++)); do :; done",
    "[[ x(.input) -eq 1 ]]",
    "[[ 1 -lt 'x(.input)' || a == b ]]",
    "[[ -n y && ( $(echo x(.input)) -ge 2 ) ]]",
    'v=abc; echo "${v:x(.input)}"',
    "v=abc; echo ${v:1:x(.input)}",
    "echo ${a[x(.input)]}",
    "a[x(.input)]=1",
    "a=([x(.input)]=1)",
    "declare -i n=x(.input)",
    "declare -ir n='x(.input)'",
    "declare -i n; n=x(.input)",
    "local -i n; let m=1; n+=x(.input)",
    "RANDOM=x(.input)",
    "export OPTIND='x(.input)'",
    "echo `echo $((x(.input)))`",
    "echo $((\nx(.input)\n))",
    "cat <<EOF\n$((x(.input)))\nEOF",
)
RUN = (
    "eval x(.input)",
    "builtin eval 'echo x(.input)'",
    "let x(.input)",
    "trap 'x(.input)' EXIT",
    "alias a=x(.input)",
    "source x(.input)",
    ". /tmp/x(.input)",
    "compgen -W x(.input)",
    "bash -c 'x(.input)'",
    'sudo -u bob bash -ec "echo x(.input)"',
    '/bin/sh -c "echo $(printf %s x(.input))"',
    "docker exec -i c sh -c 'test x(.input) = 1'",
    'su - bob -c "x(.input)"',
    "su bob --command='x(.input)'",
    "su bob -c'x(.input)'",
    "find . -exec sh -c 'x(.input)' ';'",
    "python3 -c 'print(x(.input))'",
    "perl -ne 'x(.input)' file",
    "ssh -p 22 host cat x(.input)",
    "bash <<EOF\necho x(.input)\nEOF",
    "bash -s a <<'EOF'\necho x(.input)\nEOF",
    "sudo bash <<< x(.input)",
    "python3 - a <<EOF\nprint('x(.input)')\nEOF",
    "ssh host <<EOF\nx(.input)\nEOF",
    "PS4=x(.input)",
    "BASH_ENV=x(.input) bash file",
    "x(.input) --version",
    "/usr/bin/x(.input)",
    "FOO=1 'x(.input)'",
    "exec x(.input)",
    "env A=b x(.input)",
    "sleep 1; x(.input)",
    "$(echo x(.input))",
    "echo hi >&x(.input)",
)
NAMES = (
    "unset x(.input)",
    "read x(.input)",
    "read -r v 'x(.input)' <<< a",
    "mapfile x(.input)",
    "getopts ab x(.input)",
    "declare x(.input)",
    "declare 'x(.input)=1'",
    "export x(.input)=1",
    "declare -n v=x(.input)",
    "printf -v x(.input) %s a",
    "[ -v x(.input) ]",
    "test ! -v 'x(.input)'",
    "[[ -v x(.input) ]]",
    "[[ a == b && -R x(.input) ]]",
    "wait -p x(.input)",
)
IMPOSSIBLE = (
    "echo ${x(.input)}",
    "echo ${!x(.input)}",
    "echo ${#x(.input)}",
    "echo ${v@x(.input)}",
    "echo \"${v:-'x(.input)'}\"",
    'echo "${v:-"x(.input)"}"',
    "echo ${v:-$'x(.input)'}",
    "echo \\x(.input)",
    'echo "\\x(.input)"',
    "echo $'\\x(.input)'",
    "cat <<EOF\n\\x(.input)\nEOF",
    "echo $x(.input)",
    'echo "costs $x(.input)"',
    "echo {1..x(.input)}",
    "echo {x(.input)..3}",
    "cat <<x(.input)\nEOF",
    "cat <<'E F'\nx(.input)\nE F",
    "echo `cat <<'EOF'\nx(.input)\nEOF\n`",
)
UNREAD = (
    "echo 'x(.input)",
    'echo "x(.input)',
    "echo $(x x(.input)",
    "echo x(.input) $((1",
    "echo ${v:-x(.input)",
    "echo `x x(.input)",
    "cat <<EOF\nx(.input)\n",
    "[[ x(.input) == 1",
    "a=(x(.input)",
    "echo x(.input))",
    "echo x(.input) @(a",
    "$(" * 5000 + "x(.input)",
    "(" * 5000 + "x(.input)",
    "((" * 5000 + "x(.input)",
    "${a:-" * 5000 + "x(.input)",
    "a=(" * 5000 + "x(.input)",
    "@(" * 5000 + "x(.input)",
    "echo $((" + "(" * 5000 + "x(.input)",
)
UNKNOWN = (
    "x(.nope)",
    "echo 'x(.inputs)'",
    "x(.needs.a)",
    "x(.needs.a.output)",
    "x(.needs.a.stdout | trim)",
    "x(.input",
)
ALL = (*CALCULATED, *RUN, *NAMES, *IMPOSSIBLE, *UNREAD, *UNKNOWN)


@pytest.mark.parametrize("script", ALL, ids=[f"{number}" for number in range(len(ALL))])
def test_it_is_refused_where_it_stands(script: str) -> None:
    with pytest.raises(SpecError) as caught:
        prepare({"run": script}, [])
    assert not any(each.warning for each in caught.value.problems)
    first = caught.value.problems[0]
    assert first.file == "run"
    lines = script.split("\n")
    assert first.line <= len(lines)
    if script not in UNREAD:
        assert re.match(r"x\(\.", lines[first.line - 1][first.column - 1 :]), first


@pytest.mark.parametrize(
    ("scripts", "words"),
    [(CALCULATED, "calculates"), (RUN, "run|twice"), (NAMES, "name of a variable"), (UNKNOWN, "nothing|has no")],
    ids=["calculated", "run", "names", "unknown"],
)
def test_it_is_told_why(scripts: tuple[str, ...], words: str) -> None:
    for script in scripts:
        (told, *_) = examine({"run": script}, [])
        assert re.search(words, told.objection.message), (script, told)


ALLOWED = (
    "bash check.sh -- x(.input)",
    "bash -c 'test \"$1\" = 5' _ x(.input)",
    "su bob -c 'read -r v' <<< x(.input)",
    "ssh host 'read -r v' <<< x(.input)",
    "bash file <<< x(.input)",
    "docker exec -i c psql -c 'select 1' <<< x(.input)",
    "grep -c x(.input) file",
    "[ x(.input) -eq 1 ]",
    "[ -n x(.input) ]",
    "[[ -n x(.input) && $(wc -l < file) -eq 1 ]]",
    "export v=x(.input)",
    "printf '%s' x(.input)",
    "echo $(( 1 + 1 )) x(.input)",
    "a[1]=x(.input)",
    "echo -v x(.input)",
    "sudo -u bob cat x(.input)",
)


@pytest.mark.parametrize("script", ALLOWED)
def test_what_only_looks_like_it_is_not(script: str) -> None:
    assert examine({"run": script}, []) == ()


@pytest.mark.parametrize(
    ("script", "env", "column"),
    [
        ('n="x(.input)"; [[ $n -eq 1 ]]', [], 18),
        ("n=x(.input); echo $((n + 1))", [], 21),
        ('(( n > 1 ))', ["n=x(.input)"], 2),
        ("read -r n <<< x(.input); (( n ))", [], 27),
        ("for n in x(.input); do (( n )); done", [], 25),
        ('export n=x(.input); bash -c "echo $n"', [], 28),
        ('n=$(tr -d " " <<< x(.input)); eval "echo $n"', [], 35),
    ],
)  # fmt: skip
def test_a_variable_that_holds_a_value_is_warned_of(script: str, env: list[str], column: int) -> None:
    (told,) = examine({"run": script}, env)
    assert told.objection.warning
    assert "`n` holds a value from outside" in told.objection.message
    assert (told.line, told.column) == (0, column)
    prepare({"run": script}, env)


@pytest.mark.parametrize(
    "script",
    [
        'n=x(.input); [[ $n =~ ^[0-9]+$ ]] || exit 1; (( n > 1 ))',
        'n=x(.input); case "$n" in *[!0-9]*) exit 1;; esac; (( n > 1 ))',
        "n=x(.input); [ $n -eq 1 ]",
        "n=1; v=x(.input); (( n ))",
        "export n=x(.input); bash -c 'echo \"$n\"'",
    ],
)  # fmt: skip
def test_one_that_was_looked_at_is_not(script: str) -> None:
    assert examine({"run": script}, []) == ()


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("A=x(.nope)", 2, "refers to nothing"),
        ("A=-x(.needs.b.out)", 3, "a task has no `out`"),
        ("x(.input)=1", 0, "behind `KEY=`"),
        ("BASH_ENV=x(.input)", 9, "bash runs what is in `BASH_ENV`"),
    ],
)
def test_lines_of_env(line: str, column: int, words: str) -> None:
    (told,) = examine({}, ["B=$(x(.input)'`", line])
    assert (told.where, told.line, told.column) == (1, 0, column)
    assert words in told.objection.message
    with pytest.raises(SpecError, match=r"env\[1\]"):
        prepare({}, ["B=1", line])
