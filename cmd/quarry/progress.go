package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"logquarry/engine/load"
	"logquarry/engine/render"
)

// watcher shows how far a load is, on a terminal.
type watcher struct {
	progress *load.Progress
	stop     func()
}

// showsProgress reports whether stderr is a terminal on which progress is shown.
func (a *app) showsProgress() bool {
	return terminal(a.err) > 0 && !a.quiet && a.getenv("TERM") != "dumb"
}

// watch shows p on stderr until stop is called. Nothing is shown where stderr
// is no terminal.
func (a *app) watch(p *load.Progress) *watcher {
	w := &watcher{p, func() {}}
	if !a.showsProgress() {
		return w
	}
	width := terminal(a.err)
	newBar := func() *progressbar.ProgressBar {
		return progressbar.NewOptions64(1,
			progressbar.OptionSetWriter(a.err), progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(min(24, max(8, width/6))),
			progressbar.OptionEnableColorCodes(false))
	}
	var bar *progressbar.ProgressBar
	var start time.Time
	w.stop = a.ticking(func(now time.Time) {
		s := p.Snapshot()
		if s.FilesTotal == 0 {
			fmt.Fprint(a.err, eraseLine+"looking at files")
			return
		}
		if bar == nil {
			fmt.Fprint(a.err, eraseLine)
			bar, start = newBar(), now
		}
		bar.ChangeMax64(max(1, s.BytesTotal))
		rate := int64(float64(s.Records) / max(0.2, now.Sub(start).Seconds()))
		bar.Describe(fmt.Sprintf("%s %s/%s files, %s records/s", s.Source,
			render.Thousands(s.Files), render.Thousands(s.FilesTotal), render.Thousands(rate)))
		// Some files are read twice: the bar must not run over.
		_ = bar.Set64(min(s.Bytes, max(1, s.BytesTotal)-1))
	})
	return w
}

// ticking calls draw five times a second until stop is called, and then erases what
// it drew. It is for a terminal.
func (a *app) ticking(draw func(now time.Time)) (stop func()) {
	done := make(chan struct{})
	var drawn sync.WaitGroup
	drawn.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		// Erased, so that the summary stands alone.
		defer fmt.Fprint(a.err, eraseLine)
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				draw(now)
			}
		}
	})
	return sync.OnceFunc(func() { close(done); drawn.Wait() })
}

// eraseLine goes to the beginning of a terminal's line and empties it.
const eraseLine = "\r\x1b[2K"
