package tasks

import (
	"encoding/json"
	"testing"
	"time"
)

func board(t *testing.T, tasks ...Task) *Board {
	t.Helper()
	b := &Board{}
	if !b.Begin("one") {
		t.Fatal("nothing was begun")
	}
	for _, task := range tasks {
		b.Assign(task, State{Status: Created})
	}
	return b
}

func end(status Status) func(*State) { return func(state *State) { state.Status = status } }

func TestAnEndIsNeverChanged(t *testing.T) {
	for _, status := range []Status{Failed, Completed} {
		b := board(t, Task{Name: "a", Mine: true, Kind: Regular})
		was := b.Set("a", end(status))
		if again := b.Set("a", end(Running)); again.Status != status || again.Version != was.Version {
			t.Fatalf("%v became %v", status, again.Status)
		}
		if b.Hear(State{Name: "a", Status: Running, Version: 99}) || b.Hear(State{Name: "a", Status: Created}) {
			t.Fatal("somebody else undid an end")
		}
		if len(b.Mine()) != 0 {
			t.Fatal("it is still to be run")
		}
	}
}

func TestOfOwnTasksOthersKnowOnlyTheEnd(t *testing.T) {
	b := board(t, Task{Name: "a", Mine: true, Kind: Regular})
	b.Set("a", func(state *State) { state.Runs = 7 })
	if b.Hear(State{Name: "a", Status: Running, Version: 99}) {
		t.Fatal("an older story was believed")
	}
	if !b.Hear(State{Name: "a", Status: Completed, Version: 1}) {
		t.Fatal("its end was not believed")
	}
	if _, state, _ := b.Find("a"); state.Status != Completed || state.Version < 2 {
		t.Fatal(state)
	}
}

func TestAnotherAttemptForgetsAll(t *testing.T) {
	b := board(t, Task{Name: "a", Mine: true, Kind: Regular})
	b.Set("a", end(Completed))
	if b.Begin("one") || !b.Begin("two") || len(b.Names()) != 0 {
		t.Fatal("what was before is still there")
	}
}

func TestNeedsAcrossMachines(t *testing.T) {
	b := board(t, Task{Name: "a"}, Task{Name: "b", Mine: true, Kind: Regular, Needs: []string{"a", "dropped"}})
	if b.Free("b") {
		t.Fatal("its need is open")
	}
	if !b.Hear(State{Name: "a", Status: Completed, Version: 3, Stdout: "x", Stderr: "y"}) || !b.Free("b") {
		t.Fatal("its need is not seen as completed")
	}
}

func TestEnvironment(t *testing.T) {
	var task Task
	text := `{"name": "b", "mine": true, "env": [{"name": "A", "parts": ["<", {"task": "a", "stream": "stdout"}, "|",
		{"task": "a", "stream": "stderr"}, "|", {"task": null, "stream": "stdout"}, ">"]}]}`
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		t.Fatal(err)
	}
	b := board(t, Task{Name: "a"}, task)
	if got := b.Environment("b")["A"]; got != "<||>" {
		t.Fatal(got)
	}
	input := "$(id)\x00"
	b.Hear(State{Name: "a", Status: Completed, Version: 3, Stdout: "out", Stderr: "err"})
	b.Set("b", func(state *State) { state.Input = &input })
	if got := b.Environment("b")["A"]; got != "<out|err|$(id)>" {
		t.Fatal(got)
	}
	again, err := json.Marshal(task)
	var copied Task
	if err != nil || json.Unmarshal(again, &copied) != nil || len(copied.Env[0].Parts) != 7 || *copied.Env[0].Parts[0].Text != "<" {
		t.Fatal(string(again), err)
	}
}

func TestOutcomes(t *testing.T) {
	passed, not := Result{}, Result{ExitCode: 1, Stdout: "o"}
	late := Result{ExitCode: 0, TimedOut: true}
	hinted := Result{ExitCode: 9, Stdout: " look\n"}
	for name, want := range map[string]struct {
		kind    string
		outcome Outcome
		status  Status
		hint    string
	}{
		"passed":                       {Regular, Outcome{Run: passed}, Completed, ""},
		"not yet":                      {Regular, Outcome{Run: not}, Running, ""},
		"too late is not passed":       {Regular, Outcome{Run: late}, Running, ""},
		"a hint's exit code is no end": {Regular, Outcome{Run: not, Hint: &hinted}, Running, "look"},
		"failed for good":              {Regular, Outcome{Run: not, Fail: &hinted}, Failed, "look"},
		"failcheck passed":             {Regular, Outcome{Run: not, Fail: &passed, Hint: &hinted}, Running, "look"},
		"failcheck too late":           {Regular, Outcome{Run: not, Fail: &Result{ExitCode: 137, TimedOut: true}}, Running, ""},
		"helpers never end":            {Helper, Outcome{Run: passed}, Running, ""},
	} {
		state := State{Status: Running}
		want.outcome.Apply(Task{Kind: want.kind}, &state)
		if state.Status != want.status || state.Hint != want.hint || state.Runs != 1 {
			t.Errorf("%s: %v %q", name, state.Status, state.Hint)
		}
	}
}

func TestPace(t *testing.T) {
	for idle, want := range map[time.Duration]time.Duration{
		0: Quick, Fresh: Quick, Fresh + 20*time.Second: 3 * time.Second, time.Hour: Slow,
	} {
		if got := Pace(idle); got != want {
			t.Errorf("after %v: %v", idle, got)
		}
	}
}

func TestTasksAreDueTogether(t *testing.T) {
	const second = time.Second
	for _, each := range []struct{ ended, idle, want time.Duration }{
		{0, 0, second},
		{300 * time.Millisecond, 0, second},
		{500 * time.Millisecond, 0, second},
		{501 * time.Millisecond, 0, 2 * second},
		{7200 * time.Millisecond, Fresh, 8 * second},
		{7 * second, Fresh + 20*second, 9 * second},
		{7 * second, time.Hour, 10 * second},
		{9800 * time.Millisecond, time.Hour, 15 * second},
	} {
		if got := Due(each.ended, each.idle); got != each.want {
			t.Errorf("ended at %v, idle for %v: %v", each.ended, each.idle, got)
		}
	}
}

func TestOnlyNewsIsTold(t *testing.T) {
	var news News
	now := time.Now()
	one := 1
	state := State{Name: "a", Status: Running, Runs: 1, ExitCode: &one}
	tell := func(after time.Duration, change func(*State)) bool {
		now = now.Add(after)
		state.Runs++
		change(&state)
		return news.Worth(state, now)
	}
	nothing := func(*State) {}
	for range early {
		state.Runs--
		if !tell(time.Second, func(state *State) { state.Runs++ }) && state.Runs <= early {
			t.Fatal("an early run was not told")
		}
	}
	state.Runs = 10
	news.Worth(state, now)
	for name, each := range map[string]struct {
		after  time.Duration
		change func(*State)
		want   bool
	}{
		"1 nothing new": {time.Second, nothing, false},
		"2 a hint":      {time.Second, func(s *State) { s.Hint += "h" }, true},
		"3 an end":      {time.Second, func(s *State) { s.Status = Completed }, true},
	} {
		if got := tell(each.after, each.change); got != each.want {
			t.Errorf("%s: %v", name, got)
		}
		state.Status = Running
		news.Worth(state, now)
	}
	news.Worth(state, now)
	if tell(time.Second, func(s *State) { s.Stdout += "x" }) || !tell(rest, func(s *State) { s.Stdout += "x" }) {
		t.Error("new output is told neither too often nor never")
	}
	if tell(rest, nothing) || !tell(still, nothing) {
		t.Error("how often it ran is told now and then")
	}
}
