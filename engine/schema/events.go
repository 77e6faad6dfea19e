package schema

import "strings"

// EventColumns are the columns of the view events and of each <source>_events.
var EventColumns = []string{
	"event_time", "source", "event_id", "account_id", "region", "principal", "access_key_id",
	"src_ip", "dst_ip", "dst_port", "action", "target", "outcome", "error", "bytes", "user_agent",
	"summary", "file_id", "record_no",
}

// EventsView is the statement that makes the view events over the sources that
// have a view <source>_events; empty where none has.
func EventsView(sources []*Source) string {
	var parts []string
	for _, s := range sources {
		if strings.Contains(s.Views, s.Name+"_events ") {
			parts = append(parts, "SELECT "+strings.Join(EventColumns, ", ")+" FROM "+s.Name+"_events")
		}
	}
	if parts == nil {
		return ""
	}
	return "-- Every event of every source, in one shape.\nCREATE OR REPLACE VIEW events AS\n" + strings.Join(parts, "\nUNION ALL\n")
}
