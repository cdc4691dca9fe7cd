// The examiner: first process of a machine, and then what its host talks to.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"labyard/examiner/internal/boot"
	"labyard/examiner/internal/ctl"
)

func main() {
	if os.Getpid() == 1 {
		boot.Main()
	}
	if filepath.Base(os.Args[0]) == "examinerctl" {
		os.Exit(ctl.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	verb := ""
	if len(arguments) > 0 {
		verb = arguments[0]
	}
	switch verb {
	case "agent":
		return runAgent(arguments[1:])
	case "files":
		return runFiles(arguments[1:])
	}
	return fmt.Errorf("usage: examiner agent [--socket PATH] | files [VERB PATH MODE]")
}
