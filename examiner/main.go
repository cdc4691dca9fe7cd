// The examiner: first process of a machine, and then what its host talks to.
package main

import (
	"fmt"
	"os"

	"labyard/examiner/internal/boot"
)

func main() {
	if os.Getpid() == 1 {
		boot.Main()
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
	return fmt.Errorf("usage: examiner agent [--socket PATH] | files VERB PATH MODE")
}
