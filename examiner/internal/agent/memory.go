package agent

import (
	"os"
	"strconv"
	"strings"

	"labyard/examiner/internal/link"
)

// memory answers what the kernel says of the machine's memory, in bytes. Somebody who looks at a map asks every few seconds, so it
// starts nothing and reads one file.
func memory() (any, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil, err
	}
	total, available, ok := memoryOf(string(text))
	if !ok {
		return nil, &link.Refusal{Code: "not-built", Message: "this kernel does not say how much memory is available"}
	}
	return map[string]any{"total": total, "available": available}, nil
}

// memoryOf reads the two lines of meminfo that matter (proc(5)).
func memoryOf(text string) (total, available int64, ok bool) {
	total, known := kibibytes(text, "MemTotal:")
	available, said := kibibytes(text, "MemAvailable:")
	return total << 10, available << 10, known && said
}

func kibibytes(text, key string) (int64, bool) {
	_, after, found := strings.Cut(text, key)
	line, _, _ := strings.Cut(after, "\n")
	number, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return number, found && err == nil && number >= 0
}
