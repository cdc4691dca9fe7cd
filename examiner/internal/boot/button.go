package boot

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// of include/uapi/linux/input-event-codes.h
const (
	keyEvent  = 1
	powerKey  = 116
	eventSize = 24 // two 64-bit words of time, type, code, value
)

// watchPowerButton ends the machine when its host presses the button and no init of an image listens.
func watchPowerButton(signals chan<- os.Signal) {
	for _, module := range []string{"button", "evdev"} {
		if err := loadNamed(module); err != nil {
			say("power button: %v", err) // built in, or the image has no modules
		}
	}
	devices, _ := filepath.Glob("/dev/input/event*")
	for _, device := range devices {
		go func() {
			file, err := os.Open(device)
			if err != nil {
				return
			}
			defer file.Close()
			var event [eventSize]byte
			for {
				if _, err := io.ReadFull(file, event[:]); err != nil {
					return
				}
				if isPowerKey(event) {
					signals <- syscall.SIGUSR2
				}
			}
		}()
	}
}

func isPowerKey(event [eventSize]byte) bool {
	kind, code := binary.NativeEndian.Uint16(event[16:]), binary.NativeEndian.Uint16(event[18:])
	return kind == keyEvent && code == powerKey && binary.NativeEndian.Uint32(event[20:]) == 1
}
