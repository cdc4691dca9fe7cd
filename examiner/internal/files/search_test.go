package files

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func found(t *testing.T, content, text string, withCase, regex bool) []match {
	t.Helper()
	finder, err := newFinder(text, withCase, regex)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &search{
		desk: &desk{out: bufio.NewWriter(&out)}, finder: finder, end: time.Now().Add(time.Minute), buffer: make([]byte, chunkSize),
	}
	if err := s.through(strings.NewReader(content), "file"); err != nil && err != errEnough {
		t.Fatal(err)
	}
	s.desk.out.Flush()
	var all []match
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if line == "" {
			continue
		}
		var one match
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func TestLinesKeepTheirNumbersAndPlacesAcrossPieces(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	content := strings.Repeat(line, 7000) + "the Needle\n" + strings.Repeat(line, 7000) + "needle at the end"
	for _, regex := range []bool{false, true} {
		all := found(t, content, "needle", false, regex)
		if len(all) != 2 {
			t.Fatalf("%d matches", len(all))
		}
		if all[0].Line != 7001 || all[0].At != 700_000 || all[0].Column != 4 {
			t.Errorf("%+v", all[0])
		}
		if all[1].Line != 14002 || all[1].At != 1_400_011 || all[1].Column != 0 {
			t.Errorf("%+v", all[1])
		}
	}
}

func TestColumnsCountAsBrowsersDo(t *testing.T) {
	all := found(t, "😀é needle", "needle", true, false)
	if len(all) != 1 || all[0].Column != 4 || all[0].Before != 4 || all[0].Length != 6 {
		t.Errorf("%+v", all)
	}
}

func TestALineIsToldOnce(t *testing.T) {
	if all := found(t, "aaa\naaa\n\na", "a", true, false); len(all) != 3 {
		t.Errorf("%+v", all)
	}
	if all := found(t, "a\nb\n", "x*", true, true); len(all) != 2 {
		t.Errorf("an expression that fits nothing, too: %+v", all)
	}
}

func TestWhatIsShownOfALongLine(t *testing.T) {
	line := []byte(strings.Repeat("ä", 1000) + "needle" + strings.Repeat("ö", 1000))
	one := shown(line, 2000, 2006, "file", 1, 0)
	if len(one.Text) > shownBefore+2*shownBehind || !strings.HasPrefix(one.Text[len(strings.Split(one.Text, "needle")[0]):], "needle") {
		t.Errorf("%+v", one)
	}
	if one.Before != strings.Count(strings.Split(one.Text, "needle")[0], "ä") {
		t.Errorf("%+v", one)
	}
}

func TestOtherLettersFoldByTheExpression(t *testing.T) {
	if all := found(t, "ÄÖÜ\näöü\n", "äÖü", false, false); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestAVersionChangesWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	seen := map[string]bool{}
	look := func() {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		seen[version(info)] = true
	}
	for _, change := range []func() error{
		func() error { return os.WriteFile(path, []byte("a"), 0o600) },
		func() error { return os.WriteFile(path, []byte("ab"), 0o600) },
		func() error { return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)) },
		func() error { return os.Rename(path, path+".old") },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			look()
		}
	}
	if err := os.WriteFile(path, []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	look()
	if len(seen) != 4 {
		t.Errorf("%d versions of four", len(seen))
	}
}
