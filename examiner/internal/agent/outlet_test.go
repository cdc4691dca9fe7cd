package agent

import (
	"strings"
	"testing"
)

func TestAnOutletIsLookedInto(t *testing.T) {
	outlet, writer, err := newOutlet()
	if err != nil {
		t.Fatal(err)
	}
	defer outlet.close()
	if taken, more := outlet.take(); taken != 0 || !more {
		t.Fatalf("empty: %d %v", taken, more)
	}
	long := strings.Repeat("x", 3*atOnce+1)
	if _, err := writer.WriteString(long); err != nil {
		t.Fatal(err)
	}
	if taken, more := outlet.take(); taken != len(long) || !more || outlet.kept.text() != long {
		t.Fatalf("%d of %d, %v", taken, len(long), more)
	}
	outlet.forget()
	if _, err := writer.WriteString("end"); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	for range 2 {
		if outlet.take(); outlet.kept.text() != "end" {
			t.Fatal(outlet.kept.text())
		}
	}
	if taken, more := outlet.take(); taken != 0 || more {
		t.Fatalf("closed: %d %v", taken, more)
	}
}
