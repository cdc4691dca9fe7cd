package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// What examinerctl ends with.
const (
	exitDone        = 0
	exitFailed      = 1 // also: it was refused
	exitUsage       = 2
	exitNotFound    = 3
	exitUnreachable = 4
	exitTimeout     = 124
)

const usage = `Ask this machine's examiner about the tasks of its play.

  examinerctl task ls [-o table|json]          all tasks, of all machines
  examinerctl task get NAME [-o table|json]    one of them
  examinerctl task wait NAME [--timeout 30s]   until it is completed or failed
  examinerctl task input NAME [VALUE]          put in what it asks for; without VALUE all of stdin, at most 16 KiB

Exit statuses: 0 done, or completed; 1 failed, or refused; 2 the command line is wrong; 3 there is no such task;
4 the examiner does not answer; 124 the time was up.
`

// Main runs one command line, without the program's name, and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return client{Socket, 10 * time.Second}.run(args, stdin, stdout, stderr)
}

// wanted is what a command line asks for.
type wanted struct {
	request
	json  bool
	help  bool
	stdin bool
}

func (c client) run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	want, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "examinerctl: %v (see examinerctl --help)\n", err)
		return exitUsage
	}
	if want.help {
		fmt.Fprint(stdout, usage)
		return exitDone
	}
	if err := fill(&want, stdin); err != nil {
		fmt.Fprintf(stderr, "examinerctl: %v\n", err)
		return exitUsage
	}
	said, err := c.ask(want.request)
	if err != nil {
		fmt.Fprintf(stderr, "examinerctl: %s\n", plain(err.Error()))
		return status(err)
	}
	return show(want, said, stdout, stderr)
}

func status(err error) int {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case "not-found":
			return exitNotFound
		case "unreachable":
			return exitUnreachable
		}
	}
	return exitFailed
}

// parse reads a command line. Options may stand before and after names; of input everything behind the name is the value.
func parse(args []string) (wanted, error) {
	var want wanted
	var words []string
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		value := len(words) == 3 && words[1] == "input"
		if value && word == "--" && len(args) == 1 {
			word, args = args[0], nil
		}
		if value || !strings.HasPrefix(word, "-") {
			words = append(words, word)
			continue
		}
		name, text, glued := strings.Cut(word, "=")
		switch name {
		case "-h", "--help":
			return wanted{help: true}, nil
		case "-o", "--output", "--timeout":
			if !glued {
				if len(args) == 0 {
					return want, fmt.Errorf("%s needs a value", name)
				}
				text, args = args[0], args[1:]
			}
			if err := want.option(name, text); err != nil {
				return want, err
			}
		default:
			return want, fmt.Errorf("there is no option %s", plain(name))
		}
	}
	return want, want.words(words)
}

func (w *wanted) option(name, text string) error {
	if name == "--timeout" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			length, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("--timeout is a time like 30s or 2m, not %s", plain(text))
			}
			seconds = length.Seconds()
		}
		if !(seconds > 0 && seconds <= maxWait) {
			return errors.New("--timeout is more than nothing, and at most a week")
		}
		w.Timeout = seconds
		return nil
	}
	if text != "table" && text != "json" {
		return fmt.Errorf("-o is table or json, not %s", plain(text))
	}
	w.json = text == "json"
	return nil
}

func (w *wanted) words(words []string) error {
	if len(words) == 0 {
		w.help = true
		return nil
	}
	if words[0] != "task" || len(words) == 1 {
		return errors.New("what is asked for is task ls, get, wait or input")
	}
	w.Op = words[1]
	least, most := 3, 3
	switch w.Op {
	case "ls", "list":
		w.Op, least, most = "ls", 2, 2
	case "input":
		most = 4
	case "get", "wait":
	default:
		return fmt.Errorf("there is no task %s: it is ls, get, wait or input", plain(w.Op))
	}
	if len(words) < least {
		return fmt.Errorf("task %s needs the name of a task", w.Op)
	}
	if len(words) > most {
		return fmt.Errorf("task %s takes no %s", w.Op, plain(words[most]))
	}
	if w.Timeout > 0 && w.Op != "wait" {
		return fmt.Errorf("task %s has no --timeout", w.Op)
	}
	if least == 3 {
		w.Name = words[2]
	}
	w.stdin = w.Op == "input" && len(words) == 3
	if len(words) == 4 {
		w.Value = words[3]
	}
	return nil
}

// fill reads the value of an input that is not on the command line.
func fill(want *wanted, stdin io.Reader) error {
	if want.stdin {
		value, err := io.ReadAll(io.LimitReader(stdin, MaxInput+1))
		if err != nil {
			return err
		}
		want.Value = string(value)
	}
	return checkInput(want.Value)
}

func show(want wanted, said answer, stdout, stderr io.Writer) int {
	switch want.Op {
	case "ls":
		if want.json {
			return showJSON(append([]Task{}, said.Tasks...), stdout)
		}
		return showTable(said.Tasks, stdout)
	case "input":
		return exitDone
	}
	if said.TimedOut {
		fmt.Fprintf(stderr, "examinerctl: %s is neither completed nor failed yet\n", plain(want.Name))
		return exitTimeout
	}
	if said.Task == nil {
		fmt.Fprintln(stderr, "examinerctl: the examiner's answer says nothing of the task")
		return exitFailed
	}
	if want.Op == "wait" {
		fmt.Fprintln(stdout, plain(said.Task.StatusName))
		if said.Task.Status != Completed {
			return exitFailed
		}
		return exitDone
	}
	if want.json {
		return showJSON(said.Task, stdout)
	}
	return showTable([]Task{*said.Task}, stdout)
}

func showJSON(value any, stdout io.Writer) int {
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return exitFailed
	}
	return exitDone
}

func showTable(tasks []Task, stdout io.Writer) int {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tMACHINE\tKIND\tSTATUS\tRUNS\tHINT")
	for _, task := range tasks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", plain(task.Name), plain(task.Machine), plain(task.Kind),
			plain(task.StatusName), task.Runs, plain(task.Hint))
	}
	if table.Flush() != nil {
		return exitFailed
	}
	return exitDone
}

// plain is one line that can do nothing to a terminal, and is not too long for one.
func plain(text string) string {
	var line strings.Builder
	for count, letter := range []rune(strings.Join(strings.Fields(text), " ")) {
		if count == 100 {
			line.WriteString("...")
			break
		}
		if !unicode.IsPrint(letter) {
			letter = '\uFFFD'
		}
		line.WriteRune(letter)
	}
	return line.String()
}
