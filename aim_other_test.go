//go:build !linux

package daybook

import (
	"os"
	"runtime"
	"time"
)

// killSelfIn has a thread of its own kill this process.
func killSelfIn(d time.Duration) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		panic(err) // it is us
	}
	go func() {
		runtime.LockOSThread()
		for began := time.Now(); time.Since(began) < d; {
		}
		self.Kill() // nothing is left to look at an error
	}()
}
