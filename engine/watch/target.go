package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Stream is a target that writes findings to a stream, one JSON object a line.
type Stream struct {
	Label string
	W     io.Writer
}

// Name implements [Target].
func (s *Stream) Name() string { return s.Label }

// Most implements [Target].
func (s *Stream) Most() int { return 1000 }

// Send implements [Target].
func (s *Stream) Send(_ context.Context, list []Finding) []error {
	errs := make([]error, len(list))
	for i, f := range list {
		if i > 0 && errs[i-1] != nil {
			errs[i] = errs[i-1] // the stream is broken, and order counts
			continue
		}
		_, errs[i] = s.W.Write(line(f))
	}
	return errs
}

func line(f Finding) []byte { return append(bytes.Clone(f.Body), '\n') }

// File is a target that appends findings to a file of mode 0600, one JSON object
// a line. Each call is on disk before it returns. A last line that a killed
// process left unfinished is ended first, so that what follows can be read.
type File struct{ Path string }

// Name implements [Target].
func (f *File) Name() string { return "file:" + f.Path }

// Most implements [Target].
func (f *File) Most() int { return 1000 }

// Send implements [Target].
func (f *File) Send(_ context.Context, list []Finding) []error {
	return all(list, f.append(list))
}

// all is the same result for each.
func all(list []Finding, err error) []error {
	errs := make([]error, len(list))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func (f *File) append(list []Finding) (err error) {
	// Opened anew each time, so that the file may be moved away.
	out, err := os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := out.Stat()
	if err != nil {
		return err
	}
	var text []byte
	if info.Mode().IsRegular() && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := out.ReadAt(last, info.Size()-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			text = append(text, '\n')
		}
	}
	for _, x := range list {
		text = append(text, line(x)...)
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	return out.Sync()
}

// Command is a target that starts a program for each finding, with the finding on
// its standard input. There is no shell. It is delivered where the program ends
// with 0 within half a minute; else what the program wrote to standard error is why.
type Command struct {
	Args []string // the program and its arguments
	// Env is the environment; nil: that of the process.
	Env []string
}

// Name implements [Target].
func (c *Command) Name() string { return "exec:" + strings.Join(c.Args, " ") }

// Most implements [Target].
func (c *Command) Most() int { return 1 }

// Send implements [Target].
func (c *Command) Send(ctx context.Context, list []Finding) []error {
	errs := make([]error, len(list))
	for i, f := range list {
		errs[i] = c.run(ctx, f)
	}
	return errs
}

// commandGrace is how long a program that is told to end may take.
const commandGrace = 2 * time.Second

func (c *Command) run(ctx context.Context, f Finding) error {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = c.Env
	cmd.Stdin = bytes.NewReader(line(f))
	var said clipped
	cmd.Stderr = &said
	cmd.WaitDelay = commandGrace
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if text := said.String(); text != "" {
		return fmt.Errorf("%s: %w: %s", c.Args[0], err, text)
	}
	return fmt.Errorf("%s: %w", c.Args[0], err)
}

// clipped keeps the first line of what is written, and no more than 300 bytes.
type clipped struct {
	mu sync.Mutex
	b  []byte
}

func (c *clipped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.b = append(c.b, p[:min(len(p), 300-len(c.b))]...)
	return len(p), nil
}

func (c *clipped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, _, _ := strings.Cut(strings.TrimSpace(string(c.b)), "\n")
	return text
}
