package sys

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestSameAddressesAreForWhatIsStartedThere(t *testing.T) {
	ask := func(told *int64) func() error {
		return func() error {
			said, err := exec.Command("cat", "/proc/self/personality").Output()
			if err == nil {
				*told, err = strconv.ParseInt(strings.TrimSpace(string(said)), 16, 64)
			}
			return err
		}
	}
	var before, within, after int64
	for _, each := range []func() error{ask(&before), func() error { return AtSameAddresses(ask(&within)) }, ask(&after)} {
		if err := each(); err != nil {
			t.Fatal(err)
		}
	}
	if within != before|sameAddresses || after != before {
		t.Fatalf("%x %x %x", before, within, after)
	}
}
