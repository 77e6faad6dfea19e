package schema

import (
	"fmt"
	"strings"
)

// EventColumns are the columns of the view events, and of every view
// <source>_events from which it is made, in order. Outcome is success, failure,
// denied or dry_run for calls; allowed, blocked, counted, captcha or challenge
// for traffic; nodata or skipdata for windows without flows; NULL where the
// source states none.
var EventColumns = [...]Column{
	{Name: "event_time", Type: Timestamp, Unit: "UTC", Doc: "When it happened."},
	{Name: "source", Type: Varchar, Unit: "-", Doc: "Table the event is from."},
	{Name: "event_id", Type: Varchar, Unit: "-", Doc: "The source's own id of the event or request."},
	{Name: "account_id", Type: Varchar, Unit: "-", Doc: "Account whose log holds the event."},
	{Name: "region", Type: Varchar, Unit: "-", Doc: "Region of the event."},
	{Name: "principal", Type: Varchar, Unit: "-", Doc: "Who did it: the ARN, or the best name the record has."},
	{Name: "access_key_id", Type: Varchar, Unit: "-", Doc: "Access key that signed the call."},
	{Name: "src_ip", Type: Varchar, Unit: "-", Doc: "Where it came from; in CloudTrail maybe the name of an AWS service."},
	{Name: "dst_ip", Type: Varchar, Unit: "-", Doc: "Where it went, for traffic."},
	{Name: "dst_port", Type: Integer, Unit: "-", Doc: "Port it went to, for traffic."},
	{Name: "action", Type: Varchar, Unit: "-", Doc: "The source's own word for what was done: event name, or action on the traffic."},
	{Name: "target", Type: Varchar, Unit: "-", Doc: "What it was done to: resource, host and path, interface."},
	{Name: "outcome", Type: Varchar, Unit: "-", Doc: "success, failure, denied, dry_run, allowed, blocked, counted, captcha, challenge, nodata or skipdata; NULL where the source states none."},
	{Name: "error", Type: Varchar, Unit: "-", Doc: "Why it failed, as the source writes it."},
	{Name: "bytes", Type: Bigint, Unit: "bytes", Doc: "Bytes moved, where the source counts them."},
	{Name: "user_agent", Type: Varchar, Unit: "-", Doc: "Client, as it names itself."},
	{Name: "summary", Type: Varchar, Unit: "-", Doc: "The event in one line."},
	{Name: "file_id", Type: Bigint, Unit: "-", Doc: "File the row came from: evidence.file_id."},
	{Name: "record_no", Type: Bigint, Unit: "-", Doc: "Number of the record in that file, from 1."},
}

// EventsView is the statement that makes the view events over every source
// that has a view <source>_events, without a semicolon; with no such source the
// view is empty. Each branch names plain columns, so that filters on events are
// pushed into the tables.
func EventsView(sources []*Source) (View, error) {
	v := View{Name: "events", Doc: "All sources in one: every event, request and flow in the same columns."}
	names := make([]string, len(EventColumns))
	empty := make([]string, len(EventColumns))
	for i, c := range EventColumns {
		names[i] = c.Name
		empty[i] = "CAST(NULL AS " + c.Type.SQL() + ") AS " + c.Name
	}
	var branches []string
	for _, s := range sources {
		views, err := SplitViews(s.Views)
		if err != nil {
			return View{}, fmt.Errorf("%s/%s: %w", s.Name, viewsFile, err)
		}
		for _, view := range views {
			if view.Name == s.Name+"_events" {
				branches = append(branches, "SELECT "+strings.Join(names, ", ")+" FROM "+view.Name)
			}
		}
	}
	if len(branches) == 0 {
		branches = []string{"SELECT " + strings.Join(empty, ", ") + " WHERE 1 = 0"}
	}
	v.SQL = "CREATE OR REPLACE VIEW events AS\n" + strings.Join(branches, "\nUNION ALL\n")
	return v, nil
}

// HoursView is the statement that makes the view log_hours: of every source that
// has a view <source>_events, how many records an hour, account and region has.
// Where the source has a log_status, as flow logs have, windows that say NODATA
// or SKIPDATA are counted by themselves and are no records.
func HoursView(sources []*Source) (View, error) {
	v := View{Name: "log_hours", Doc: "Records an hour, source, account and region; hours without any are not in it, see coverage."}
	var branches []string
	for _, s := range sources {
		views, err := SplitViews(s.Views)
		if err != nil {
			return View{}, fmt.Errorf("%s/%s: %w", s.Name, viewsFile, err)
		}
		records, nodata, skipdata := "count(*)", "CAST(0 AS BIGINT)", "CAST(0 AS BIGINT)"
		for _, c := range s.Columns {
			if c.Name == "log_status" {
				nodata, skipdata = "count(CASE WHEN outcome = 'nodata' THEN 1 END)", "count(CASE WHEN outcome = 'skipdata' THEN 1 END)"
				records = "count(CASE WHEN outcome IN ('nodata', 'skipdata') THEN NULL ELSE 1 END)"
			}
		}
		for _, view := range views {
			if view.Name == s.Name+"_events" {
				branches = append(branches, fmt.Sprintf("SELECT '%s' AS source, account_id, region, date_trunc('hour', event_time) AS hour, %s AS records, %s AS nodata, %s AS skipdata\nFROM %s WHERE event_time IS NOT NULL GROUP BY account_id, region, date_trunc('hour', event_time)",
					s.Name, records, nodata, skipdata, view.Name))
			}
		}
	}
	if len(branches) == 0 {
		branches = []string{"SELECT CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS account_id, CAST(NULL AS VARCHAR) AS region, CAST(NULL AS TIMESTAMP) AS hour, CAST(NULL AS BIGINT) AS records, CAST(NULL AS BIGINT) AS nodata, CAST(NULL AS BIGINT) AS skipdata WHERE 1 = 0"}
	}
	v.SQL = "CREATE OR REPLACE VIEW log_hours AS\n" + strings.Join(branches, "\nUNION ALL\n")
	return v, nil
}
