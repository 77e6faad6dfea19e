// Package moto runs moto, a stand-in for the services of AWS written in Python,
// as a server for tests.
//
// In: a Python that has moto[server]. Out: an endpoint on 127.0.0.1 that answers
// as AWS does, with nothing in it.
package moto

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// Server is a server that runs.
type Server struct {
	Endpoint string // such as http://127.0.0.1:34567
	cmd      *exec.Cmd
}

// patience is how long the server may take until it answers.
const patience = time.Minute

// Start starts a server. It runs until Stop is called or ctx ends.
func Start(ctx context.Context, python string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	s := &Server{Endpoint: "http://" + address}
	s.cmd = exec.CommandContext(ctx, python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	var said bytes.Buffer
	s.cmd.Stderr, s.cmd.Stdout = &said, &said
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	waited := time.NewTimer(patience)
	defer waited.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/moto-api/data.json", nil)
		if err != nil {
			return nil, err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return s, nil
		}
		select {
		case <-tick.C:
		case <-waited.C:
			_ = s.Stop()
			return nil, fmt.Errorf("moto does not answer after %v: %s", patience, &said)
		}
	}
}

// Stop ends the server.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = s.cmd.Wait() // it was killed
	return nil
}
