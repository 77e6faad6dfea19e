package jsontext

// Member is one member of an object, as it stands in the bytes scanned.
type Member struct {
	Name []byte // without its quotes; a copy where it has escapes
	Val  []byte
}

// Object scans the object that begins at b[i] as [Skip] does, and appends its
// members to dst: who wants them need not scan twice.
func Object(dst []Member, b []byte, i int) ([]Member, int, error) {
	if i = Space(b, i+1); i >= len(b) {
		return dst, i, ErrShort
	}
	if b[i] == '}' {
		return dst, i + 1, nil
	}
	for {
		start := i
		next, f, err := Key(b, i)
		if err != nil {
			return dst, next, err
		}
		if i = Space(b, next); i >= len(b) {
			return dst, i, ErrShort
		}
		end, _, err := skip(b, i, maxDepth-1)
		if err != nil {
			return dst, end, err
		}
		dst = append(dst, Member{Name(b[start:next], f), b[i:end]})
		if i = Space(b, end); i >= len(b) {
			return dst, i, ErrShort
		}
		switch b[i] {
		case '}':
			return dst, i + 1, nil
		case ',':
			if i = Space(b, i+1); i >= len(b) {
				return dst, i, ErrShort
			}
		default:
			return dst, i, Syntax(b, i, "',' or '}'")
		}
	}
}

// Name is the name that [Key] scanned with these flags: its bytes where they
// stand, or a copy without escapes.
func Name(key []byte, f Flags) []byte {
	name := KeyText(key)
	if f&Escaped != 0 {
		name = Unescape(nil, append(append([]byte{'"'}, name...), '"'))
	}
	return name
}
