//go:build !linux && !darwin

package repl

import (
	"context"
	"errors"
	"os"
)

// terminal does not exist here: statements are read from the standard input.
type terminal struct{}

func endSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func openTerminal() (*terminal, error) { return nil, errors.ErrUnsupported }

func (*terminal) close()                            {}
func (*terminal) running()                          {}
func (*terminal) say(string)                        {}
func (*terminal) size() (width, height int)         { return 80, 24 }
func (*terminal) key(context.Context) (byte, error) { return 0, errors.ErrUnsupported }
func (*session) interact(context.Context) error     { return errors.ErrUnsupported }
