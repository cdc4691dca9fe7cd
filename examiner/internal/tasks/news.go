package tasks

import "time"

const (
	// early runs are all told: whoever wants to know that a check is red counts them.
	early = 3
	// rest is how long after a run was told one that changed nothing but its output is told again.
	rest = 5 * time.Second
	// still is the same for one that changed nothing at all.
	still = 15 * time.Second
)

// News decides which states are worth telling: a host with many machines is not to hear of every second in each.
type News struct {
	told map[string]telling
}

type telling struct {
	state State
	at    time.Time
}

// Worth tells whether a state should be told now, and takes it as told when it should.
func (n *News) Worth(state State, now time.Time) bool {
	last, known := n.told[state.Name]
	passed := now.Sub(last.at)
	worth := !known || state.Runs <= early || passed >= still ||
		last.state.Status != state.Status || last.state.Hint != state.Hint || !equal(last.state.Input, state.Input) ||
		passed >= rest && !last.state.sameButRuns(state)
	if worth {
		if n.told == nil {
			n.told = map[string]telling{}
		}
		n.told[state.Name] = telling{state, now}
	}
	return worth
}
