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
