package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// watchedLogs is the measure of quarry watch on a folder in which files appear.
const watchedLogs = "watch"

// What is put into the folder: so many files a second with so many events each,
// for a minute at scale 1. Each event is a finding, so that each one's way is seen.
const (
	filesPerSecond = 10
	eventsPerFile  = 100
	watchSeconds   = 60
)

// followed is what quarry watch did with it.
type followed struct {
	events         int
	seconds        float64 // in which they were put
	lost, twice    int     // at the target that was there
	p50, p99, most time.Duration
	lateLost       int // at the target that was down all the time
	lateTwice      int
	catchUp        time.Duration // from when that one was up until it had all
	peak           int64         // bytes
}

const watchRule = `title: Trail stopped
id: 3f1c2f0e-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: StopLogging}, condition: selection}
level: high
`

// follow puts files into a folder that quarry watches, and sees when what it finds
// comes out of it: on its standard output, and in a file whose folder is made only
// when all has been put, which is a target that was down.
func (b *session) follow(ctx context.Context) (m followed, err error) {
	dir, err := os.MkdirTemp(b.dir, "watch-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, down, rule := filepath.Join(dir, "in"), filepath.Join(dir, "down"), filepath.Join(dir, "rule.yml")
	if err := os.Mkdir(in, 0o700); err != nil {
		return m, err
	}
	if err := os.WriteFile(rule, []byte(watchRule), 0o600); err != nil {
		return m, err
	}
	late := filepath.Join(down, "found.ndjson")
	c := exec.CommandContext(ctx, b.quarry, "watch", in, "--case", filepath.Join(dir, "case.duckdb"), "--rules", rule, "--to", "-", "--to", "file:"+late,
		"--threads", strconv.Itoa(b.threads), "--quiet", "--drain", "2m")
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		return m, err
	}
	if err := c.Start(); err != nil {
		return m, err
	}
	total := max(5, int(math.Round(watchSeconds*b.scale))) * filesPerSecond * eventsPerFile
	b.say("quarry watch: %d events, %d a second", total, filesPerSecond*eventsPerFile)
	came := map[string]time.Time{} // by event
	var reading errgroup.Group
	all := make(chan struct{})
	reading.Go(func() error {
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			id, err := eventOf(s.Bytes())
			if err != nil {
				return err
			}
			if _, was := came[id]; was {
				m.twice++
				continue
			}
			if came[id] = time.Now(); len(came) == total {
				close(all)
			}
		}
		return s.Err()
	})
	put := make([]time.Time, 0, total/eventsPerFile)
	start := time.Now()
	for len(put) < total/eventsPerFile {
		name := filepath.Join(in, fmt.Sprintf("%08d.json", len(put)))
		if err := os.WriteFile(name+".tmp", stops(len(put)*eventsPerFile), 0o600); err != nil {
			return m, err
		}
		// From here on it is there.
		put = append(put, time.Now())
		if err := os.Rename(name+".tmp", name); err != nil {
			return m, err
		}
		if err := wait(ctx, time.Until(start.Add(time.Duration(len(put))*time.Second/filesPerSecond))); err != nil {
			return m, err
		}
	}
	m.events, m.seconds = total, time.Since(start).Seconds()
	select {
	case <-all:
	case <-time.After(time.Minute): // what is missing is lost
	case <-ctx.Done():
		return m, context.Cause(ctx)
	}
	if err := os.Mkdir(down, 0o700); err != nil {
		return m, err
	}
	up := time.Now()
	for lines := 0; lines < total && time.Since(up) < 2*time.Minute; {
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return m, err
		}
		ids, err := idsIn(late)
		if err != nil {
			return m, err
		}
		lines = len(ids)
	}
	m.catchUp = time.Since(up)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return m, err
	}
	// Its output ends before it can be waited for.
	if err := errors.Join(reading.Wait(), c.Wait()); err != nil {
		return m, fmt.Errorf("quarry watch: %w: %.2000s", err, &said)
	}
	if r, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.peak = r.Maxrss * 1024
	}
	ids, err := idsIn(late)
	if err != nil {
		return m, err
	}
	m.lateLost = total
	for _, n := range ids {
		m.lateLost--
		m.lateTwice += n - 1
	}
	var took []time.Duration
	for i := range total {
		at, ok := came[eventID(i)]
		if !ok {
			m.lost++
			continue
		}
		took = append(took, at.Sub(put[i/eventsPerFile]))
	}
	if len(took) > 0 {
		slices.Sort(took)
		m.p50, m.p99, m.most = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	}
	return m, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func eventID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// stops is a log file of CloudTrail with events from number first on.
func stops(first int) []byte {
	b := []byte(`{"Records":[`)
	for i := range eventsPerFile {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLEALICE00001","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"AKIAEXAMPLEALICE0001","userName":"alice"},"eventTime":"%s","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.30 Python/3.11.8","requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},"responseElements":null,"requestID":"%[2]s","eventID":"%[2]s","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`,
			time.Now().UTC().Format(time.RFC3339), eventID(first+i))
	}
	return append(b, "]}"...)
}

// eventOf is the id of the event that a finding is about.
func eventOf(line []byte) (string, error) {
	var f struct {
		Details struct {
			EventID string `json:"event_id"`
		} `json:"details"`
	}
	err := json.Unmarshal(line, &f)
	if err == nil && f.Details.EventID == "" {
		err = errors.New("it is about no event")
	}
	if err != nil {
		return "", fmt.Errorf("a finding of quarry watch: %w: %.500s", err, line)
	}
	return f.Details.EventID, nil
}

// idsIn counts the findings in a file by event; a file that is not there has none.
func idsIn(path string) (map[string]int, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		id, err := eventOf([]byte(line))
		if err != nil {
			return nil, err
		}
		out[id]++
	}
	return out, nil
}

// verdicts are those of quarry watch; none where it was not measured.
func (m *followed) verdicts() []verdict {
	if m.events == 0 {
		return nil
	}
	what := fmt.Sprintf("watch, %d events at %.0f a second: ", m.events, float64(m.events)/m.seconds)
	return []verdict{
		{measure: what + "lost, or told twice", got: float64(m.lost + m.twice), unit: "events"},
		{measure: what + "from put to target, median", got: float64(m.p50.Milliseconds()), must: 5000, aim: 2000, unit: "ms"},
		{measure: what + "from put to target, 99th percentile", got: float64(m.p99.Milliseconds()), must: 5000, aim: 3000, unit: "ms"},
		{measure: what + "from put to target, longest", got: float64(m.most.Milliseconds()), must: 5000, aim: 4000, unit: "ms"},
		{measure: "watch, target down all that time: lost, or told twice", got: float64(m.lateLost + m.lateTwice), unit: "events"},
		{measure: "watch, target down all that time: until it has all once it is up", got: m.catchUp.Seconds(), must: 90, aim: 65, unit: "s"},
		{measure: "watch: peak memory", got: mib(m.peak), must: 1536, aim: 600, unit: "MiB"},
	}
}
