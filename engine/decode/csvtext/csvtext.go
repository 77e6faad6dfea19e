// Package csvtext takes records of comma-separated values apart (RFC 4180). It
// is given one whole record and keeps nothing.
package csvtext

import "bytes"

// Field is one field of a record.
type Field struct {
	Text   []byte // without its quotes, doubled ones single; may lie in the record
	Quoted bool
}

// Split appends to dst the fields of one record.
func Split(dst []Field, record []byte, sep byte) []Field {
	for {
		if len(record) == 0 || record[0] != '"' {
			end := bytes.IndexByte(record, sep)
			if end < 0 {
				return append(dst, Field{Text: bytes.TrimRight(record, "\r")})
			}
			dst = append(dst, Field{Text: record[:end]})
			record = record[end+1:]
			continue
		}
		var text []byte
		doubled := false
		p := 1
		for p < len(record) {
			q := bytes.IndexByte(record[p:], '"')
			if q < 0 {
				q = len(record) - p
			}
			if p += q; p+1 < len(record) && record[p+1] == '"' {
				if !doubled {
					text, doubled = append([]byte(nil), record[1:p+1]...), true
				} else {
					text = append(text, record[p-q:p+1]...)
				}
				p += 2
				continue
			}
			if doubled {
				text = append(text, record[p-q:p]...)
			}
			break
		}
		if !doubled {
			text = record[1:min(p, len(record))]
		}
		rest := record[min(p+1, len(record)):]
		end := bytes.IndexByte(rest, sep)
		behind := rest
		if end >= 0 {
			behind = rest[:end]
		}
		// Nothing should stand behind the closing quote; what does is kept.
		if behind = bytes.TrimRight(behind, " \t\r"); len(behind) > 0 {
			text = append(bytes.Clone(text), behind...)
		}
		dst = append(dst, Field{text, true})
		if end < 0 {
			return dst
		}
		record = rest[end+1:]
	}
}
