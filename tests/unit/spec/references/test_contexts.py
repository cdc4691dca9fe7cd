"""Wherever a reference stands, the program gets the value: whole, unchanged, and never as code."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.spec.references.run import END, HOSTILE, SHOW

from labyard.play.plan import Reference, Setting, TaskStream
from labyard.spec.references import prepare

Meant = Callable[[str], list[str]]


def same(value: str) -> list[str]:
    return [value]


def cut(value: str) -> list[str]:
    """What a command substitution leaves."""
    return [value.rstrip("\n")]


def around(before: str, after: str) -> Meant:
    return lambda value: [before + value + after]


CONTEXTS: tuple[tuple[str, Meant], ...] = (
    ("show x(.input)", same),
    ("show x( .input )", same),
    ('show "x(.input)"', same),
    ("show 'x(.input)'", same),
    ("show $'x(.input)'", same),
    ('show $"x(.input)"', same),
    ("show a'b'x(.input)\"c\"d", around("ab", "cd")),
    ("show ab\\ x(.input)\\$", around("ab ", "$")),
    ("show 'a\"$HOME`id` x(.input) $'", around('a"$HOME`id` ', " $")),
    ("show $'a\\'\\n\"x(.input)\\x41'", around("a'\n\"", "A")),
    ('show "a\\"\' x(.input) \\$HOME\\`"', around("a\"' ", " $HOME`")),
    ("show '\\x(.input)\\'", around("\\", "\\")),
    ('show "\\$x(.input)"', around("$", "")),
    ("show \\$x(.input)", around("$", "")),
    ("show x(.input)x(.input)", lambda value: [value + value]),
    ("show x(.input) 'x(.input)' y", lambda value: [value, value, "y"]),
    ("a=b; show $ax(.input) \"$ax(.input)\" ${a}x(.input)", lambda value: ["b" + value] * 3),
    ("set -- 1 2; show \"$#x(.input)\" $1x(.input)", lambda value: ["2" + value, "1" + value]),
    ("v=x(.input); show \"$v\"", same),
    ("v=\"x(.input)\"'x(.input)'; show \"$v\"", lambda value: [value + value]),
    ("v+=x(.input); show \"$v\"", same),
    ("f() { local v=x(.input); show \"$v\"; }; f", same),
    ("declare -r v='x(.input)'; export w=x(.input); show \"$v\" \"$w\"", lambda value: [value, value]),
    ("declare \"v=x(.input)\"; show \"$v\"", same),
    ("v=(x(.input) 'b c' \"x(.input)\" # x(.nope)\n ); show \"${v[@]}\"", lambda value: [value, "b c", value]),
    ("v=([1]=x(.input)); show \"${v[1]}\"", same),
    ("v=x(.input) bash -c 'printf \"%s\\37\" \"$v\"'", same),
    ("bash -c 'printf \"%s\\37\" \"$1\"' _ x(.input)", same),
    ('show "$(printf %s "x(.input)")"', cut),
    ("show \"$(printf %s 'x(.input)')\"", cut),
    ('show "`printf %s x(.input)`"', cut),
    ("show \"`printf %s 'x(.input)'`\"", cut),
    ('show "`printf %s "x(.input)"`"', cut),
    ('show "`printf %s \\"x(.input)\\"`"', cut),
    ("v=`printf %s x(.input)`; show \"$v\"", cut),
    ("v=`printf %s \"\\`printf %s x(.input)\\`\"`; show \"$v\"", cut),
    ('show "$(printf %s "$(printf %s "x(.input)")")"', cut),
    ("show \"$(case x in (y) ;; x) printf %s x(.input);; esac)\"", cut),
    ("show \"$( (printf %s x(.input)) )\"", cut),
    ("show \"$((1 + 1))x(.input)$[2]\"", around("2", "2")),
    ("show ${u:-x(.input)} ${u-'x(.input)'} ${u:-\"x(.input)\"}", lambda value: [value] * 3),
    ('show "${u:-x(.input)}" "${u-a x(.input) b}"', lambda value: [value, f"a {value} b"]),
    ('show "${u:-$(printf %s x(.input))}"', cut),
    ('show "${u:=x(.input)}" "$u"', lambda value: [value, value]),
    ("u=1; show \"${u:+x(.input)}\" ${u+x(.input)}", lambda value: [value, value]),
    ('v=1x(.input); show "${v#1}" "${v%x(.input)}"', lambda value: [value, "1"]),
    ("v=x(.input)1; show ${v##x(.input)} \"${v#\"x(.input)\"}\"", lambda value: ["1", "1"]),
    ("v=abc; show \"${v/b/x(.input)}\"", lambda value: [f"a{value}c"]),
    ("v=1x(.input)2; show \"${v/1x(.input)/}\"", lambda value: ["2"]),
    ("v=$(cat <<EOF\na\"b' x(.input) \\$HOME\nEOF\n); show \"$v\"", around("a\"b' ", " $HOME")),
    ("v=$(cat <<'EOF'\n$HOME `id` \\\\ \\\n\"x(.input)\" \\x(.input)$\nEOF\n); show \"$v\"",
     lambda value: [f'$HOME `id` \\\\ \\\n"{value}" \\{value}$']),
    ("v=$(cat <<\\EOF\nx(.input) $(id)\nEOF\n); show \"$v\"", around("", " $(id)")),
    ("v=$(cat <<-'EOF'\n\t\ta x(.input)'\n\tEOF\n); show \"$v\"", around("a ", "'")),
    ("v=$(cat <<-EOF; printf '%s\\n' x(.input)\n\tx(.input).\n\tEOF\n); show \"$v\"",
     lambda value: [f"{value}.\n{value}".rstrip("\n")]),
    ("v=$(cat <<EOF\n$(printf %s x(.input)).${u:-x(.input)}.\nEOF\n); show \"$v\"",
     lambda value: [f"{value.rstrip(chr(10))}.{value}."]),
    ("v=$(cat <<A <<'B'\nx(.input)\nA\n$x(.input).\nB\n); show \"$v\"", around("$", ".")),
    ("read -rd '' v <<< x(.input); show \"$v\"", lambda value: [value.strip(" \t\n")]),
    ("IFS= read -rd '' v < <(printf %s x(.input)); show \"$v\"", same),
    ("mapfile -td '' v < <(printf '%s\\0' \"x(.input)\"); show \"${v[@]}\"", same),
    ("[[ x(.input) == x(.input) ]] && show yes", lambda value: ["yes"]),
    ("[[ x(.input) = 'x(.input)' && ! x(.input) == ?x(.input) ]] && show yes", lambda value: ["yes"]),
    ("v=x(.input); [[ $v =~ ^(x(.input)|other)$ ]] && show yes", lambda value: ["yes"]),
    ("[[ .x(.input) == @(a|.x(.input)) ]] && show yes", lambda value: ["yes"]),
    ("[ x(.input) = x(.input) ] && show yes", lambda value: ["yes"]),
    ("test 'x(.input)' = \"x(.input)\" && show yes", lambda value: ["yes"]),
    ("case x(.input) in other) show no;; x(.input)) show yes;; esac", lambda value: ["yes"]),
    ("case x(.input) in\n a|'x(.input)')\n show yes\n ;;\n esac; show x(.input)", lambda value: ["yes", value]),
    ("for v in x(.input) 'x(.input)'; do show \"$v\"; done", lambda value: [value, value]),
    ("for v in 1; do if true; then { ( show x(.input) ); }; fi; done", same),
    ("while show x(.input); do break; done", same),
    ("# it's x(.input) \"\nshow x(.input) # and x(.input)'", same),
    ("show a#b x(.input)", lambda value: ["a#b", value]),
    ("show \\\n  x(.input)", same),
    ("function f { show \"$1\"; }; f x(.input)", same),
    ("f()\n{\n show \"$@\"\n}\nf 'x(.input)' x(.input)", lambda value: [value, value]),
    ("show {a,x(.input)}", lambda value: ["a", value]),
    ("! false && show x(.input) || show no", same),
    ("show x(.input) 2>&1 >&1 | cat", same),
    ("exec 3>&1; show x(.input) >&3 2>/dev/null", same),
    ("(( 1 < 2 )) && show x(.input)", same),
    ("for ((i = 0; i < 1; i++)); do show x(.input); done", same),
    ("((true); show x(.input))", same),
    ("a[0]=x(.input); show \"${a[0]}\" ${#a[@]}x(.input)", lambda value: [value, "1" + value]),
    ("eval 'a=1'; show x(.input)$a", around("", "1")),
    ("coproc cat; show x(.input); exec {COPROC[1]}>&-; wait", same),
    ("printf -v v %s x(.input); show \"$v\"", same),
    ("set -euo pipefail; show x(.input)", same),
    ("sed -n 's/a/b/p' <<<'it'\\''s' ; show x(.input)", same),
    ("awk 'BEGIN { print max(.5) }' 2>/dev/null; show 'max(.5)' x(.input)", lambda value: ["max(.5)", value]),
)  # fmt: skip


@pytest.mark.parametrize(("script", "meant"), CONTEXTS, ids=[script for script, _ in CONTEXTS])
def test_the_program_gets_the_value(script: str, meant: Meant, tmp_path: Path) -> None:
    """One bash per context, every value in turn; each ends with a mark of its own."""
    prepared = prepare({"run": script}, [])
    assert prepared.settings == (Setting(name="LABYARD_INPUT", parts=(Reference(),)),)
    (tmp_path / "script").write_text(prepared.scripts["run"] + "\n")
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a file").touch()
    slow = "%x(" in script or "#x(" in script  # bash takes half a minute to find 64 KiB at an end of 64 KiB
    values = {f"VALUE_{index}": value for index, value in enumerate(HOSTILE[:-1] if slow else HOSTILE)}
    loop = "export LABYARD_INPUT\nfor each in ${!VALUE_*}; do LABYARD_INPUT=${!each}\n"
    loop += "( unset each; . ../script ); printf '%s\\36' \"$each\"; done"
    given = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "BASH_FUNC_show%%": SHOW, **values}
    done = subprocess.run(["bash", "-c", loop], cwd=folder, env=given, capture_output=True, check=False)
    assert [each.name for each in folder.iterdir()] == ["a file"], "something ran, or was written"
    parts = [part.rpartition(END) for part in done.stdout.decode().split("\x1e")]
    shown = {name: text for text, _, name in parts}
    for name, value in values.items():
        assert shown.get(name, "").split(END) == meant(value), (value[:99], prepared.scripts["run"], done.stderr[:999])


def test_outputs_of_tasks_have_variables_of_their_own() -> None:
    scripts = {"run": "show x(.needs.b.stderr) x(.needs.a-1.stdout)", "hintcheck": "echo 'x(.needs.b.stdout)'"}
    prepared = prepare(scripts, ["A=1", "B=x(.needs.c.stdout)-x(.input)$"])
    assert prepared.scripts == {
        "run": 'show "${LABYARD_NEEDS_1_STDERR}" "${LABYARD_NEEDS_0_STDOUT}"',
        "hintcheck": "echo ''\"${LABYARD_NEEDS_1_STDOUT}\"''",
    }
    c = Reference(task="c")
    assert prepared.settings == (
        Setting(name="A", parts=("1",)),
        Setting(name="B", parts=(c, "-", Reference(), "$")),
        Setting(name="LABYARD_NEEDS_0_STDOUT", parts=(Reference(task="a-1"),)),
        Setting(name="LABYARD_NEEDS_1_STDERR", parts=(Reference(task="b", stream=TaskStream.STDERR),)),
        Setting(name="LABYARD_NEEDS_1_STDOUT", parts=(Reference(task="b"),)),
    )


@pytest.mark.parametrize("taken", [["LABYARD_INPUT=1"], ["LABYARD_NEEDS_0_STDOUT="]])
def test_names_of_the_author_stay_the_authors(taken: list[str]) -> None:
    prepared = prepare({"run": "show x(.input)"}, taken)
    assert prepared.scripts == {"run": 'show "${LABYARD2_INPUT}"'}
    assert prepare({"run": "LABYARD_INPUT=1; show x(.input)"}, []).settings[0].name == "LABYARD2_INPUT"


def test_what_refers_to_nothing_else_stays_as_it_is() -> None:
    for script in ("", "echo 'never closed", "$(( x ))) (", "# x\n\\", "x() { :; }; x (.input)"):
        assert prepare({"run": script}, []).scripts == {"run": script}
