package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one run of a tool took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // user and system, of all its threads and children
	peak int64         // bytes resident, at the highest
	size int64         // bytes of what it wrote; 0 where it writes nothing
}

// spend runs a command to its end and says what it cost. The peak is at least
// what this process held when it started the command: the kernel counts it so.
// Thus whatever needs memory here is done in a child too.
func spend(c *exec.Cmd) (stdout []byte, used cost, err error) {
	var out, problems bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &out
	}
	c.Stderr = &problems
	from := time.Now()
	err = c.Run()
	used.wall = time.Since(from)
	if err != nil {
		text := strings.TrimSpace(problems.String())
		if len(text) > 2000 {
			text = "…" + text[len(text)-2000:]
		}
		return nil, used, fmt.Errorf("%s: %w\n%s", c.Path, err, text)
	}
	used.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if r, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		used.peak = r.Maxrss
		if runtime.GOOS != "darwin" {
			used.peak *= 1024 // getrusage(2): kilobytes on Linux and the BSDs
		}
	}
	return out.Bytes(), used, nil
}

// costs are those of the runs of one tool over one corpus; empty where the tool
// was not run.
type costs []cost

// wall is the median.
func (c costs) wall() time.Duration {
	return middle(c, func(x cost) time.Duration { return x.wall })
}

// cpu is the median.
func (c costs) cpu() time.Duration {
	return middle(c, func(x cost) time.Duration { return x.cpu })
}

// peak is the highest of all runs: memory must never exceed a bound, not usually.
func (c costs) peak() (most int64) {
	for _, x := range c {
		most = max(most, x.peak)
	}
	return most
}

// size is the median.
func (c costs) size() int64 {
	return middle(c, func(x cost) int64 { return x.size })
}

// middle is the median of one measure; of an even number, the mean of the two
// in the middle; 0 of none.
func middle[T ~int64](c costs, of func(cost) T) T {
	if len(c) == 0 {
		return 0
	}
	var all []T
	for _, x := range c {
		all = append(all, of(x))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
