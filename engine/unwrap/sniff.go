package unwrap

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"

	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// Sniff tells from the first bytes of a file whether its records arrived in
// envelopes, and how the outermost is cut. whole says that head is all of it.
func Sniff(head []byte, whole bool, known Known, sources []*schema.Source) Frame {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return ""
	}
	if text[0] == '{' || text[0] == '[' {
		return sniffObject(text, known)
	}
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	line = bytes.TrimRight(line, "\r")
	switch {
	case exportedLine.Match(line):
		return Lines
	case isBase64(line):
		return Base64
	case newTable(line, known, sources) != nil:
		return Table
	}
	return ""
}

// exportedLine is a line of a CloudWatch Logs export: ISO 8601 with
// milliseconds and Z, a blank, the message.
var exportedLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z( |$)`)

// isBase64 reports whether a line is base64 of gzip or of a JSON object.
func isBase64(line []byte) bool {
	if len(line) < 16 {
		return false
	}
	head := line[:min(len(line), 64)/4*4]
	plain, err := base64.StdEncoding.DecodeString(string(head))
	return err == nil && (bytes.HasPrefix(plain, []byte{0x1f, 0x8b}) || bytes.HasPrefix(bytes.TrimSpace(plain), []byte(`{"`)))
}

// sniffObject looks at the first objects of JSON text, the last of which may be
// cut off.
func sniffObject(text []byte, known Known) Frame {
	i := 0
	for n := 0; n < 4; n++ {
		for i < len(text) && (text[i] == '[' || text[i] == ',' || text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
			i++
		}
		if i < len(text) && text[i] == '"' && text[0] == '[' {
			// A list of the texts alone, as --query makes of an answer.
			end, _, err := jsontext.Skip(text, i)
			if err != nil {
				return ""
			}
			inner := stringOf(nil, text[i:end])
			if ms, _ := membersOf(nil, inner); known.Source(inner, nil) != "" || bytes.HasPrefix(inner, []byte{'{'}) && isEnvelope(ms, known) {
				return Objects
			}
			i = end
			continue
		}
		if i >= len(text) || text[i] != '{' {
			break
		}
		ms, whole := membersOf(nil, text[i:])
		if isEnvelope(ms, known) {
			return Objects
		}
		if whole {
			if known.Source(object(text[i:]), nil) != "" {
				return ""
			}
			if low := lowered(object(text[i:])); known.Source(low, nil) != "" {
				return Objects
			}
			// The first element of a big answer in another spelling.
			for _, m := range ms {
				if first := firstElement(m.Val); first != nil && known.Source(first, nil) == "" && known.Source(lowered(first), nil) != "" {
					return Objects
				}
			}
		}
		end, _, err := jsontext.Skip(text, i)
		if err != nil {
			// Not JSON here: the next line may be.
			k := bytes.IndexByte(text[i:], '\n')
			if k < 0 || errors.Is(err, jsontext.ErrShort) {
				break
			}
			end = i + k + 1
		}
		i = end
	}
	return ""
}

// object is the first object of text, which is whole.
func object(text []byte) []byte {
	end, _, err := jsontext.Skip(text, 0)
	if err != nil {
		return text
	}
	return text[:end]
}

// firstElement is the first element of an array of objects; nil where val is
// something else.
func firstElement(val []byte) []byte {
	if len(val) == 0 || val[0] != '[' {
		return nil
	}
	i := jsontext.Space(val, 1)
	if i >= len(val) || val[i] != '{' {
		return nil
	}
	end, _, err := jsontext.Skip(val, i)
	if err != nil {
		return nil
	}
	return val[i:end]
}
