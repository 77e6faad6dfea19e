package indicator

import (
	"bufio"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is how the columns of a CSV are used.
type table struct {
	comma   byte
	names   []string // of the columns; empty where there is no header
	header  string   // the line of the header
	values  []valueColumn
	typed   int // the column that names each row's type; -1: none
	from    int // the columns of validity; -1: none
	until   int
	comment bool // the header stands in a comment
}

// valueColumn is a column that holds indicators.
type valueColumn struct {
	at    int
	typ   Type
	typed bool
}

// valueColumns are the names of columns that hold indicators: of the type, or of
// any type.
var valueColumns = map[string]valueColumn{
	"indicator": {}, "ioc": {}, "iocvalue": {}, "indicatorvalue": {}, "observable": {}, "artifact": {}, "value": {},
	"ip": {typ: IP, typed: true}, "ipaddress": {typ: IP, typed: true}, "srcip": {typ: IP, typed: true}, "dstip": {typ: IP, typed: true}, "sourceip": {typ: IP, typed: true},
	"destinationip": {typ: IP, typed: true}, "ipv4": {typ: IP, typed: true}, "ipv6": {typ: IP, typed: true}, "cidr": {typ: Block, typed: true}, "network": {typ: Block, typed: true},
	"domain": {typ: Domain, typed: true}, "hostname": {typ: Domain, typed: true}, "fqdn": {typ: Domain, typed: true}, "host": {}, "url": {typ: URL, typed: true}, "uri": {},
	"hash": {}, "md5": {typ: MD5, typed: true}, "md5hash": {typ: MD5, typed: true}, "sha1": {typ: SHA1, typed: true}, "sha1hash": {typ: SHA1, typed: true},
	"sha256": {typ: SHA256, typed: true}, "sha256hash": {typ: SHA256, typed: true}, "ja3": {typ: MD5, typed: true}, "ja3md5": {typ: MD5, typed: true}, "ja4": {},
	"email": {typ: Email, typed: true}, "emailaddress": {typ: Email, typed: true}, "useragent": {typ: UserAgent, typed: true},
	"accesskey": {}, "accesskeyid": {}, "arn": {typ: ARN, typed: true},
}

// typeColumns are the names of columns that name the type of a row's indicator.
var typeColumns = []string{"type", "ioctype", "indicatortype", "kind", "observabletype"}

// namedTypes are the types that lists name in words, as columnName has them.
var namedTypes = map[string]Type{
	"ip": IP, "ipv4": IP, "ipv6": IP, "ipv4addr": IP, "ipv6addr": IP, "ipaddress": IP, "address": IP, "ipsrc": IP, "ipdst": IP, "ipport": IP, "cidr": Block, "ipv4cidr": Block, "subnet": Block,
	"domain": Domain, "domainname": Domain, "hostname": Domain, "fqdn": Domain, "url": URL, "email": Email, "emailaddr": Email, "emailsrc": Email, "emaildst": Email, "emailaddress": Email,
	"md5": MD5, "filehashmd5": MD5, "md5hash": MD5, "ja3": MD5, "sha1": SHA1, "filehashsha1": SHA1, "sha1hash": SHA1, "sha256": SHA256, "filehashsha256": SHA256, "sha256hash": SHA256, "sha512": SHA512,
	"useragent": UserAgent, "httpuseragent": UserAgent, "arn": ARN, "awsarn": ARN, "ja4": JA4, "account": Account, "awsaccount": Account, "awsaccountid": Account,
	"accesskey": AccessKey, "accesskeyid": AccessKey, "awsaccesskey": AccessKey,
}

// columnName is a name without what lists write differently.
func columnName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '_' || r == '-' || r == '"' || r == ':' || r == '|' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

// tableOf tells by its start whether a text is a table, and of what columns. A
// table has a header with a known name, or a column most of whose values look
// like indicators.
func (r *reader) tableOf(start []byte, all bool) (table, bool) {
	lines := strings.Split(string(start), "\n")
	if !all && len(lines) > 1 {
		lines = lines[:len(lines)-1] // cut off
	}
	var rows []string
	last := "" // comment before the first row
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
		case trimmed[0] == '#' || trimmed[0] == ';' || strings.HasPrefix(trimmed, "//"):
			if len(rows) == 0 {
				last = strings.TrimLeft(trimmed, "#; /")
			}
		default:
			rows = append(rows, line)
		}
		if len(rows) == 100 {
			break
		}
	}
	if len(rows) == 0 {
		return table{}, false
	}
	for _, comma := range []byte{',', '\t', ';', '|'} {
		t := table{comma: comma, typed: -1, from: -1, until: -1}
		first, _ := split(rows[0], comma)
		if len(first) < 2 {
			continue
		}
		if t.head(rows[0], r.o.Column) {
			return t, true
		}
		if fields, _ := split(last, comma); len(fields) == len(first) && t.head(last, r.o.Column) {
			t.comment = true
			return t, true
		}
		if r.o.Column != "" {
			continue
		}
		if at, ok := byContent(rows, comma, len(first)); ok {
			t.values = []valueColumn{{at: at}}
			// A first row whose value is none of the kind is a header nobody knows.
			if !strong(tell(refang(strings.TrimSpace(first[at])))) {
				t.header, t.names = rows[0], trimmed(first)
				t.context()
			}
			return t, true
		}
	}
	return table{}, false
}

func trimmed(fields []string) []string {
	out := slices.Clone(fields)
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// head takes a line as the header, if it names a column of indicators.
func (t *table) head(line, wanted string) bool {
	fields, ok := split(line, t.comma)
	if !ok || len(fields) < 2 {
		return false
	}
	names := trimmed(fields)
	var values []valueColumn
	for i, name := range names {
		c, known := valueColumns[columnName(name)]
		c.at = i
		switch {
		case wanted != "":
			if columnName(name) == columnName(wanted) {
				values = append(values, c)
			}
		case known && !c.typed && slices.Contains([]string{"indicator", "ioc", "iocvalue", "indicatorvalue", "observable", "artifact", "value"}, columnName(name)):
			// The column of indicators; what else there is is about them.
			t.header, t.names, t.values = line, names, []valueColumn{c}
			t.context()
			return true
		case known:
			values = append(values, c)
		}
	}
	if values == nil {
		return false
	}
	t.header, t.names, t.values = line, names, values
	t.context()
	return true
}

// context finds the columns that say something every reader understands.
func (t *table) context() {
	t.typed, t.from, t.until = -1, -1, -1
	for i, name := range t.names {
		switch name = columnName(name); {
		case slices.Contains(typeColumns, name) && !slices.ContainsFunc(t.values, func(v valueColumn) bool { return v.at == i }):
			t.typed = i
		case name == "validfrom":
			t.from = i
		case name == "validuntil" || name == "validto" || name == "expires" || name == "expiration":
			t.until = i
		}
	}
}

// byContent is the column most of whose values look like indicators.
func byContent(rows []string, comma byte, columns int) (at int, ok bool) {
	counts := make([]int, columns)
	n := 0
	for _, row := range rows {
		fields, whole := split(row, comma)
		if !whole || len(fields) != columns {
			continue
		}
		n++
		for i, f := range fields {
			if strong(tell(refang(strings.TrimSpace(f)))) {
				counts[i]++
			}
		}
	}
	best := slices.Max(counts)
	return slices.Index(counts, best), n*2 > len(rows) && best*2 >= n && best > 0
}

// split parts a line at commas that are not in double quotes; whole is false
// where the last quote is not closed.
func split(line string, comma byte) (fields []string, whole bool) {
	for {
		trimmed := strings.TrimLeft(line, " ")
		if !strings.HasPrefix(trimmed, `"`) {
			at := strings.IndexByte(line, comma)
			if at < 0 {
				return append(fields, line), true
			}
			fields, line = append(fields, line[:at]), line[at+1:]
			continue
		}
		var b strings.Builder
		rest := trimmed[1:]
		for {
			at := strings.IndexByte(rest, '"')
			if at < 0 {
				return append(fields, b.String()+rest), false
			}
			b.WriteString(rest[:at])
			rest = rest[at+1:]
			if !strings.HasPrefix(rest, `"`) {
				break
			}
			b.WriteByte('"')
			rest = rest[1:]
		}
		at := strings.IndexByte(rest, comma)
		if at < 0 {
			return append(fields, b.String()+strings.TrimRight(rest, " ")), true
		}
		fields, line = append(fields, b.String()+strings.TrimRight(rest[:at], " ")), rest[at+1:]
	}
}

// Of a field in quotes with line ends inside, as many lines and bytes are read.
const (
	joinedLines = 1000
	joinedBytes = 1 << 20
)

// csv reads the rows of a table. A quote that is never closed spoils its own
// line, not those after it.
func (r *reader) csv(in *bufio.Reader, t table) error {
	var open []string // lines of a row whose quote is not closed yet
	size, since := 0, 0
	row := func(no int, line string) error { return r.row(no, line, &t) }
	giveUp := func() error {
		r.bad(since, open[0], "a quote that is not closed")
		rest := open[1:]
		open = nil
		for i, line := range rest {
			if _, whole := split(line, t.comma); !whole {
				r.bad(since+1+i, line, "a quote that is not closed")
			} else if err := row(since+1+i, line); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.lines(in, func(no int, line string) error {
		if open == nil {
			if _, whole := split(line, t.comma); whole || comment(line) {
				return row(no, line)
			}
			open, size, since = []string{line}, len(line), no
			return nil
		}
		open, size = append(open, line), size+len(line)
		if strings.Contains(line, `"`) {
			joined := strings.Join(open, "\n")
			if _, whole := split(joined, t.comma); whole {
				open = nil
				return row(since, joined)
			}
		}
		if len(open) == joinedLines || size > joinedBytes {
			return giveUp()
		}
		return nil
	})
	if err == nil && open != nil {
		err = giveUp()
	}
	return err
}

// comment reports whether a line is none of the table's.
func comment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#' || line[0] == ';' || strings.HasPrefix(line, "//")
}

func (r *reader) row(no int, line string, t *table) error {
	if comment(line) {
		return nil
	}
	if line == t.header && !t.comment {
		t.header = "" // once
		return nil
	}
	fields, _ := split(line, t.comma)
	fields = trimmed(fields)
	i := Indicator{Line: int32(no)}
	at := func(column int) string {
		if column < 0 || column >= len(fields) {
			return ""
		}
		return fields[column]
	}
	i.From, i.Until = moment(at(t.from)), moment(at(t.until))
	var about []member
	for n, f := range fields {
		if f == "" || slices.ContainsFunc(t.values, func(v valueColumn) bool { return v.at == n }) || len(about) == 100 {
			continue
		}
		name := "column_" + strconv.Itoa(n+1)
		if n < len(t.names) && t.names[n] != "" {
			name = t.names[n]
		}
		about = append(about, member{name, f})
	}
	i.Context = context(about...)
	some := false
	for _, v := range t.values {
		text := at(v.at)
		if text == "" {
			continue
		}
		some = true
		typ, typed := v.typ, v.typed
		if name, ok := namedTypes[columnName(at(t.typed))]; ok && !typed {
			typ, typed = name, true
		}
		if typed {
			typ = settle(text, typ)
		}
		if err := r.take(text, typ, typed, i); err != nil {
			return err
		}
	}
	if !some {
		r.bad(no, line, "no indicator in its column")
	}
	return nil
}

// settle is the type of a value of which a list says only roughly what it is.
func settle(text string, said Type) Type {
	is := tell(refang(text))
	switch said {
	case IP, Block, Domain:
		// ip columns hold blocks, host columns addresses, and the other way.
		if is == IP || is == Block || is == Domain || is == URL && said == Domain {
			return is
		}
	case MD5, SHA1, SHA256, SHA512:
		if is == MD5 || is == SHA1 || is == SHA256 || is == SHA512 {
			return is
		}
	case URL:
		if is == IP || is == Domain {
			return is
		}
	case UserAgent:
		if is == Substring {
			return is
		}
	}
	return said
}

// moment reads a time, in UTC where it names no zone, as Unix seconds; 0: none.
func moment(text string) int64 {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Unix()
		}
	}
	return 0
}
