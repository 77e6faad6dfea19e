package session

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// pivotColumns are what a pivot shows of an event.
const pivotColumns = `event_time, source, principal, src_ip, dst_ip, dst_port, action, target, outcome, error, summary,
  access_key_id, account_id, region, bytes, user_agent, event_id, file_id, record_no`

// Pivot implements [repl.Engine]: every event that has to do with v, in the
// order of time. v is an address, a block of addresses, or any other value,
// which is looked for in whole columns, inside principals, targets and user
// agents, and inside the records' JSON.
func (s *Session) Pivot(ctx context.Context, v string) (value.Rows, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return nil, errors.New("a pivot needs a value")
	}
	where, param := s.about(v)
	return s.o.Case.Query(ctx, "SELECT "+pivotColumns+"\nFROM events\nWHERE "+where+"\nORDER BY event_time, source, file_id, record_no",
		map[string]any{"v": param})
}

// about is the condition on events for v, and v as it is bound to $v.
func (s *Session) about(v string) (where, param string) {
	if addr, err := netip.ParseAddr(v); err == nil {
		return "src_ip = $v OR dst_ip = $v", addr.String()
	}
	if block, err := netip.ParsePrefix(v); err == nil {
		return "ip_in_cidr(src_ip, $v) OR ip_in_cidr(dst_ip, $v)", block.Masked().String()
	}
	terms := []string{
		"access_key_id = $v", "account_id = $v", "event_id = $v", "src_ip = $v", "action = $v", "user_agent = $v",
		"contains(principal, $v)", "contains(target, $v)", "contains(user_agent, $v)",
	}
	// A key, instance or bucket is often named only inside the record.
	for _, src := range s.o.Sources {
		var inside []string
		for _, c := range src.AllColumns() {
			switch c.Type {
			case schema.JSONText:
				inside = append(inside, "contains("+schema.Quote(c.Name)+", $v)")
			case schema.Varchar:
				inside = append(inside, schema.Quote(c.Name)+" = $v")
			}
		}
		terms = append(terms, "source = '"+src.Name+"' AND (file_id, record_no) IN (SELECT (file_id, record_no) FROM "+
			schema.Quote(src.Name)+" WHERE "+strings.Join(inside, " OR ")+")")
	}
	return strings.Join(terms, "\n  OR "), v
}
