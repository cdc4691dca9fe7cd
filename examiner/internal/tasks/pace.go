package tasks

import "time"

const (
	// Quick is how long a task that did not pass rests while its machine is in use.
	Quick = time.Second
	// Slow is the same where nothing has happened for long.
	Slow = 5 * time.Second
	// Fresh is how long a machine counts as in use after something has happened there.
	Fresh = 20 * time.Second
)

// Pace is how long a task rests when nothing has happened on its machine for that long.
func Pace(idle time.Duration) time.Duration {
	if idle <= Fresh {
		return Quick
	}
	return min(Slow, Quick+(idle-Fresh)/10)
}

// Due is when a task is run again whose last run has ended then: by a beat that all tasks share, so that a machine is woken for all
// of them at once. Both are told from one and the same moment on; between two runs it rests for half a second at least.
func Due(ended, idle time.Duration) time.Duration {
	every := Pace(idle).Truncate(Quick)
	return (ended + Quick/2 + every - 1).Truncate(every)
}
