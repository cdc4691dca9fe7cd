package checks

import (
	"os/exec"
	"strings"
	"testing"
)

var plain = []string{
	"test -e /run/done-7",
	"true",
	"[ -e /etc/passwd ] && [ ! -L /etc/passwd ]",
	"[ -n \"$GIVEN\" ] && [ \"$GIVEN\" = \"${KNOWN}\" ]",
	"# looked at\n[ -d /srv ] || ! test -s '/srv/it''s here' # and that\n",
	"[ -e /a ] \\\n  && [ -e /b ]",
	"if [ ! -d /srv ]; then echo \"There is no /srv.\"; elif test -f /srv; then echo \"a 'file'\"; else false; fi",
	"[ \"$A\" ]",
	"[ \"$N\" -gt 3 ]",
	"[ letter -ef copy ] && [ -e /etc/my.conf ]",
}

var notPlain = []string{
	"", "# nothing", "\n;",
	"x=1", "x=1 test -e /a", "test -e /a && y=2", "read -r x </proc/uptime", "export A", "cd /; test -e a",
	"exit 1", "[ -e /a ] || exit 1", "exec true", "return", "set -e; false", "trap true EXIT", "eval true", ". /a",
	"grep -q x /etc/passwd", "/bin/true", "'true'; \"x\"", "tes't' -e /a", "$A", "\"$A\" -e /a", "echo a | true", "true & false",
	"(true)", "{ true; }", "f() { true; }", "test -e $(pwd)", "test -e `pwd`", "[ \"$(id -u)\" = 0 ]", "echo $((1))", "echo a >/b",
	"[ a \\< b ]", "[[ -e /a ]]", "true <<X\nX", "while true; do true; done", "for a in b; do true; done", "case a in a) true;; esac",
	"test -e $A", "[ -e /etc/*.conf ]", "test -e /?", "[ -v A ]", "[ -v 'a[$(id)]' ]", "[ \"$A\" b ]", "[ \"$A\" \"$B\" ]", "[ \"$A\" = b -o c = d ]", "[ \"$A\" \"$B\" c ]",
	"[ -e /a", "[ -e /a ']'", "test 'x", "test \"x", "[ \"$RANDOM\" = 3 ]", "[ \"$_\" = x ]", "[ \"$1\" = x ]", "[ \"$?\" = 0 ]",
	"[ \"${A:=b}\" = b ]", "[ \"${A[0]}\" = b ]", "[ \"${#A}\" = 1 ]", "[ \"\\$A\" = b ]", "echo {a,b}", "[ \"$BASH_SUBSHELL\" = 1 ]", "fi x",
	"true \x00", "echo $'a'", "echo \\\nfoo$(id)",
}

func TestWhatIsPlain(t *testing.T) {
	for _, script := range plain {
		if !Plain(script) {
			t.Errorf("not plain: %q", script)
		}
	}
	for _, script := range notPlain {
		if Plain(script) {
			t.Errorf("plain: %q", script)
		}
	}
}

// What is plain leaves a shell as it was, with all it has set.
func TestWhatIsPlainLeavesNothing(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	const look = `set | grep -v '^\(_\|before\|BASH_.*\|FUNCNAME\|PIPESTATUS\|LINENO\|RANDOM\|SECONDS\|EPOCH.*\)='
		set -o; shopt; umask; trap; alias; ulimit -a; pwd`
	for _, script := range plain {
		run := "look() { " + look + "; }; script=$1; before=$(look); eval \"$script\" >/dev/null 2>&1; [ \"$(look)\" = \"$before\" ] && echo same; jobs"
		said, err := exec.Command(bash, "-c", run, "bash", script).Output()
		if err != nil || strings.TrimSpace(string(said)) != "same" {
			t.Errorf("%q left something: %s %v", script, said, err)
		}
	}
}

func TestPlainNeverFails(t *testing.T) {
	whole := strings.Join(append(append([]string{}, plain...), notPlain...), "\n")
	for from := range whole {
		Plain(whole[from:])
		Plain(whole[:from])
	}
}
