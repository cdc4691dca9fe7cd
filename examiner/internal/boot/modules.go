package boot

import (
	"fmt"
	"os"
	"strings"

	"labyard/examiner/internal/sys"
)

// loadListed loads the modules a file names, one path a line, in its order. No file: the kernel has all it needs.
func loadListed(list string) error {
	text, err := os.ReadFile(list)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, path := range strings.Fields(string(text)) {
		if err := loadFile(path); err != nil {
			return fmt.Errorf("module %s: %w", path, err)
		}
	}
	return nil
}

func loadFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return sys.LoadModule(file.Fd(), !strings.HasSuffix(path, ".ko"))
}
