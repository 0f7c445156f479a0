package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows on a terminal how far something is that takes long, and how long it will still take. Elsewhere it is
// silent. It is the only one who knows the progress bar.
type progress struct {
	e   env
	on  bool
	bar *progressbar.ProgressBar // nil before the first step
	all int64
}

// newProgress returns a progress that is not to be seen before its first step.
func newProgress(e env, quiet bool) *progress {
	return &progress{e: e, on: !quiet && isTerminal(e.stderr)}
}

// step says that done of all is done; an all of 0 is one that is not known.
func (p *progress) step(done, all int64) {
	if !p.on {
		return
	}
	if all <= 0 {
		all = -1
	}
	if p.bar == nil {
		p.all = all
		p.bar = progressbar.NewOptions64(all,
			progressbar.OptionSetWriter(p.e.stderr),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	if all != p.all {
		p.all = all
		p.bar.ChangeMax64(all)
	}
	_ = p.bar.Set64(done) // as with any talk: there is nobody left to tell
}

// clear takes the bar away, so that something can be said. The next step shows it again.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear() // as above
	}
}

// done takes the bar away for good.
func (p *progress) done() {
	p.clear()
	p.on = false
}
