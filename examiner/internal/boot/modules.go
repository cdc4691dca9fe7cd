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

// loadFromTree loads a module by name, what it depends on first, as modules.dep of a kernel's folder says.
func loadFromTree(folder, name string) error {
	text, err := os.ReadFile(folder + "/modules.dep")
	if err != nil {
		return err
	}
	paths := resolve(string(text), name)
	if paths == nil {
		return fmt.Errorf("no module %s in %s", name, folder)
	}
	for _, path := range paths {
		if err := loadFile(folder + "/" + path); err != nil {
			return fmt.Errorf("module %s: %w", path, err)
		}
	}
	return nil
}

// resolve finds a module in the text of modules.dep: the files to load, in their order.
func resolve(dep, name string) []string {
	for _, line := range strings.Split(dep, "\n") {
		path, needs, ok := strings.Cut(line, ":")
		if !ok || moduleName(path) != moduleName(name) {
			continue
		}
		paths := strings.Fields(needs)
		for i, j := 0, len(paths)-1; i < j; i, j = i+1, j-1 { // the file lists the nearest first
			paths[i], paths[j] = paths[j], paths[i]
		}
		return append(paths, path)
	}
	return nil
}

func moduleName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	base, _, _ = strings.Cut(base, ".ko")
	return strings.ReplaceAll(base, "-", "_")
}
