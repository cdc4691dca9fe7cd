package agent

import "testing"

func TestMemoryIsReadAsTheKernelSaysIt(t *testing.T) {
	const text = "MemTotal:         487328 kB\nMemFree:           11 kB\nMemAvailable:     301200 kB\nBuffers: 0 kB\n"
	if total, available, ok := memoryOf(text); !ok || total != 487328<<10 || available != 301200<<10 {
		t.Fatal(total, available, ok)
	}
	for _, broken := range []string{"", "MemTotal: 1 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n", "MemTotal: 9 kB\nMemAvailable: -1 kB\n"} {
		if _, _, ok := memoryOf(broken); ok {
			t.Fatalf("%q says nothing", broken)
		}
	}
}

func TestMemoryOfThisBox(t *testing.T) {
	answer, err := memory()
	if err != nil {
		t.Fatal(err)
	}
	told := answer.(map[string]any)
	if told["total"].(int64) <= told["available"].(int64) || told["available"].(int64) <= 0 {
		t.Fatal(told)
	}
}
