package session

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// pivotColumns are what a pivot shows of an event.
const pivotColumns = `event_time, source, principal, src_ip, dst_ip, dst_port, action, target, outcome, error, summary,
  access_key_id, account_id, region, bytes, user_agent, event_id, file_id, record_no`

// Pivot implements [repl.Engine]: every event that has to do with v, in the
// order of time. v is an address, a block of addresses, or any other value. It
// is looked for in every column of every source that holds text, inside the
// records' JSON too, as a whole word: i-0a1 is not found in i-0a12.
func (s *Session) Pivot(ctx context.Context, v string) (value.Rows, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return nil, errors.New("a pivot needs a value")
	}
	about := newAbout(v)
	var parts []string
	for _, src := range s.o.Sources {
		if !hasEvents(src) {
			continue
		}
		parts = append(parts, fmt.Sprintf("SELECT %s FROM %s WHERE (file_id, record_no) IN (\n  SELECT (file_id, record_no) FROM %s WHERE %s)",
			pivotColumns, schema.Quote(src.Name+"_events"), schema.Quote(src.Name), about.where(src)))
	}
	return s.o.Case.Query(ctx, strings.Join(parts, "\nUNION ALL\n")+"\nORDER BY event_time, source, file_id, record_no", about.params)
}

// hasEvents reports whether a source takes part in events.
func hasEvents(s *schema.Source) bool {
	views, err := schema.SplitViews(s.Views)
	if err != nil {
		return false
	}
	for _, v := range views {
		if v.Name == s.Name+"_events" {
			return true
		}
	}
	return false
}

// about is what makes a text one about the pivot's value.
type about struct {
	column string // condition on a text column, with %s for it
	params map[string]any
}

// newAbout makes the condition for v.
func newAbout(v string) about {
	if block, err := netip.ParsePrefix(v); err == nil {
		if block = block.Masked(); block.Addr().Is4() {
			return about{"regexp_matches(%s, $re)", map[string]any{"re": word(octets(block), "0-9.")}}
		}
		// Of all ways to write an address of the block only a comparison of
		// values is sure.
		return about{`len(list_filter(regexp_extract_all(%s, '[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}'), x -> coalesce(ip_in_cidr(x, $v), false))) > 0`,
			map[string]any{"v": block.String()}}
	}
	if addr, err := netip.ParseAddr(v); err == nil && addr.Is6() {
		var forms []string
		for _, f := range []string{addr.String(), addr.StringExpanded(), plainZeros(addr)} {
			forms = append(forms, regexp.QuoteMeta(f))
		}
		return about{"regexp_matches(%s, $re)", map[string]any{"re": "(?i)" + word("(?:"+strings.Join(forms, "|")+")", "0-9A-Fa-f:")}}
	} else if err == nil {
		// contains is quick and leaves few texts to look at closely.
		return about{"(contains(%[1]s, $v) AND regexp_matches(%[1]s, $re))", map[string]any{"v": addr.String(), "re": word(regexp.QuoteMeta(addr.String()), "0-9.")}}
	}
	if name := strings.TrimSuffix(strings.ToLower(v), "."); domain.MatchString(name) {
		return about{"regexp_matches(%s, $re)", map[string]any{"re": "(?i)" + word(regexp.QuoteMeta(name), "0-9A-Za-z-")}}
	}
	return about{"(contains(%[1]s, $v) AND regexp_matches(%[1]s, $re))", map[string]any{"v": v, "re": word(regexp.QuoteMeta(v), "0-9A-Za-z")}}
}

// domain is a host name: labels with dots between, the last of letters.
var domain = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9])?\.)+[a-z]{2,}$`)

// word is an expression for expr with none of the characters of class around it.
func word(expr, class string) string {
	return "(?:^|[^" + class + "])" + expr + "(?:$|[^" + class + "])"
}

// plainZeros writes every group of an address, without leading zeros.
func plainZeros(a netip.Addr) string {
	b := a.As16()
	var groups []string
	for i := 0; i < 16; i += 2 {
		groups = append(groups, fmt.Sprintf("%x", uint16(b[i])<<8|uint16(b[i+1])))
	}
	return strings.Join(groups, ":")
}

// octets is an expression for every IPv4 address of a block.
func octets(block netip.Prefix) string {
	b := block.Addr().As4()
	var parts []string
	for i, octet := range b {
		switch fixed := block.Bits() - 8*i; {
		case fixed >= 8:
			parts = append(parts, fmt.Sprint(octet))
		case fixed <= 0:
			parts = append(parts, `\d{1,3}`)
		default:
			var values []string
			for v := int(octet); v < int(octet)+1<<(8-fixed); v++ {
				values = append(values, fmt.Sprint(v))
			}
			parts = append(parts, "(?:"+strings.Join(values, "|")+")")
		}
	}
	return strings.Join(parts, `\.`)
}

// where is the condition on the rows of a source.
func (a about) where(src *schema.Source) string {
	var terms []string
	for _, c := range src.AllColumns() {
		if c.Type == schema.JSONText || c.Type == schema.Varchar {
			if strings.Contains(a.column, "%[1]s") {
				terms = append(terms, fmt.Sprintf(a.column, schema.Quote(c.Name)))
			} else {
				terms = append(terms, strings.Replace(a.column, "%s", schema.Quote(c.Name), 1))
			}
		}
	}
	return strings.Join(terms, "\n    OR ")
}
