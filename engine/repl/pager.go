package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// errPagerQuit stops a renderer after the reader has seen enough.
var errPagerQuit = errors.New("pager left")

// pager shows what is written a screen at a time. It holds at most one screen:
// writing waits for the reader, and so does the statement behind it. With a
// command, the first screen is held back and handed to the command only when
// there is more, so that short results stay on the screen.
type pager struct {
	ctx      context.Context // of the statement: a pager lives no longer
	out      io.Writer
	key      func(context.Context) (byte, error) // waits for one key
	say      func(string)                        // shows a prompt; "" takes it away
	size     func() (width, height int)
	command  string
	env      []string
	errs     io.Writer
	finished func() // called when the command has ended

	quit    bool
	endless bool // the reader wants the rest without stopping
	used    int  // screen lines shown since the last stop
	partial []byte
	held    []byte // for command: what came before it runs
	cmd     *exec.Cmd
	pipe    io.WriteCloser
}

func (s *session) newPager(ctx context.Context) *pager {
	p := &pager{
		ctx: ctx, out: s.cfg.Out, errs: s.cfg.Err,
		key: s.term.key, say: s.term.say, size: s.term.size, finished: s.term.running,
		command: strings.TrimSpace(s.cfg.getenv("PAGER")),
	}
	p.env = os.Environ()
	if s.cfg.getenv("LESS") == "" {
		p.env = append(p.env, "LESS=FRSX") // leave when short, keep colours, do not wrap or clear
	}
	return p
}

// Write implements io.Writer. It returns errPagerQuit once the reader has left.
func (p *pager) Write(b []byte) (int, error) {
	if p.quit {
		return 0, errPagerQuit
	}
	if p.pipe != nil {
		if _, err := p.pipe.Write(b); err != nil { // the command has ended
			p.quit = true
			return 0, errPagerQuit
		}
		return len(b), nil
	}
	if p.endless {
		return p.out.Write(b)
	}
	p.partial = append(p.partial, b...)
	for {
		i := strings.IndexByte(string(p.partial), '\n')
		if i < 0 {
			return len(b), nil
		}
		line := p.partial[:i+1]
		if err := p.line(line); err != nil {
			return 0, err
		}
		p.partial = p.partial[i+1:]
		if p.pipe != nil || p.endless { // the rest needs no looking at
			rest := p.partial
			p.partial = nil
			_, err := p.Write(rest)
			return len(b), err
		}
	}
}

// line shows one line, after a stop where the screen is full.
func (p *pager) line(line []byte) error {
	width, height := p.size()
	n := screenLines(string(line), width)
	if p.used > 0 && p.used+n > height-1 {
		if p.command != "" {
			return p.start(line)
		}
		if err := p.stop(n, height); err != nil {
			return err
		}
	}
	p.used += n
	if p.command != "" {
		p.held = append(p.held, line...)
		return nil
	}
	_, err := p.out.Write(line)
	return err
}

// stop asks the reader how to go on.
func (p *pager) stop(next, height int) error {
	p.say("-- more --  space: page   enter: line   G: to the end   q: quit ")
	defer p.say("")
	for {
		c, err := p.key(p.ctx)
		if err != nil {
			p.quit = p.ctx.Err() == nil
			if p.quit {
				return errPagerQuit
			}
			return context.Cause(p.ctx)
		}
		switch c {
		case ' ', 'f', 0x06:
			p.used = 0
			return nil
		case '\r', '\n', 'j':
			p.used = max(0, height-1-next)
			return nil
		case 'd', 0x04:
			p.used = (height - 1) / 2
			return nil
		case 'G', 'g':
			p.endless = true
			return nil
		case 'q', 'Q', 0x03, 0x1b:
			p.quit = true
			return errPagerQuit
		}
	}
}

// start runs the pager command with what was held and then line on its input.
func (p *pager) start(line []byte) error {
	p.cmd = exec.Command("/bin/sh", "-c", p.command) // PAGER may hold arguments
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p.out, p.errs, p.env
	pipe, err := p.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the pager %s: %w", p.command, err)
	}
	if err := p.cmd.Start(); err != nil {
		pipe.Close()
		return fmt.Errorf("start the pager %s: %w", p.command, err)
	}
	p.pipe = pipe
	_, err = p.Write(append(p.held, line...))
	p.held = nil
	return err
}

// Close shows what is held back and waits for the reader to leave the command.
func (p *pager) Close() error {
	var err error
	if p.pipe == nil && !p.quit {
		_, err = p.out.Write(p.held)
		if err == nil {
			_, err = p.out.Write(p.partial)
		}
		p.held, p.partial = nil, nil
	}
	if p.pipe != nil {
		p.pipe.Close()
		ended := make(chan struct{})
		stop := context.AfterFunc(p.ctx, func() {
			select {
			case <-ended:
			default:
				p.cmd.Process.Signal(os.Interrupt) // less shrugs, others leave
			}
		})
		p.cmd.Wait() // its status says nothing about the result
		close(ended)
		stop()
		p.pipe = nil
		p.finished()
	}
	return err
}

// screenLines is how many lines of a terminal text takes, without the escape
// sequences that colour it.
func screenLines(text string, width int) int {
	if width <= 0 {
		return 1
	}
	cells := 0
	for i := 0; i < len(text); {
		if text[i] == 0x1b && i+1 < len(text) && text[i+1] == '[' {
			i += 2
			for i < len(text) && (text[i] < 0x40 || text[i] > 0x7e) {
				i++
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r != '\n' {
			cells += runewidth.RuneWidth(r)
		}
		i += n
	}
	return max(1, (cells+width-1)/width)
}
