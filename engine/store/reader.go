package store

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// reader turns the cells of one vector into the values of package value. The
// layouts are those duckdb.h documents for duckdb_vector_get_data.
type reader struct {
	typ    mapping.Type
	read   func(r *reader, row int) any
	kids   []reader
	names  []string // members of a STRUCT, values of an ENUM
	scale  uint8
	inner  mapping.Type // what a DECIMAL or ENUM is stored as
	length int          // of an ARRAY

	data  unsafe.Pointer
	valid unsafe.Pointer // nil: no NULL in the vector
}

func (r *reader) point(vec mapping.Vector) {
	r.data = mapping.VectorGetData(vec)
	r.valid = mapping.VectorGetValidity(vec)
	switch r.typ {
	case duckdb.TYPE_LIST, duckdb.TYPE_MAP:
		r.kids[0].point(mapping.ListVectorGetChild(vec))
	case duckdb.TYPE_ARRAY:
		r.kids[0].point(mapping.ArrayVectorGetChild(vec))
	case duckdb.TYPE_STRUCT:
		for i := range r.kids {
			r.kids[i].point(mapping.StructVectorGetChild(vec, mapping.IdxT(i)))
		}
	}
}

func (r *reader) at(row int) any {
	if !r.holds(row) {
		return nil
	}
	return r.read(r, row)
}

// holds reports whether the cell is not NULL.
func (r *reader) holds(row int) bool {
	return r.valid == nil || *(*uint64)(unsafe.Add(r.valid, row/64*8))&(1<<(row%64)) != 0
}

func cell[T any](r *reader, row int) T {
	var t T
	return *(*T)(unsafe.Add(r.data, row*int(unsafe.Sizeof(t))))
}

// hugeint is DuckDB's 128-bit integer, two's complement.
type hugeint struct {
	Lower uint64
	Upper int64
}

func (h hugeint) big() *big.Int {
	b := new(big.Int).Lsh(big.NewInt(h.Upper), 64)
	return b.Add(b, new(big.Int).SetUint64(h.Lower))
}

// text is the bytes of the duckdb_string_t at row.
func (r *reader) text(row int) []byte {
	c := unsafe.Slice((*byte)(unsafe.Add(r.data, row*16)), 16)
	n := binary.NativeEndian.Uint32(c)
	if n <= 12 {
		return c[4 : 4+n]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&c[8])), n)
}

func newReader(t mapping.LogicalType) (reader, error) {
	r := reader{typ: mapping.GetTypeId(t)}
	switch r.typ {
	case duckdb.TYPE_BOOLEAN:
		r.read = func(r *reader, row int) any { return cell[bool](r, row) }
	case duckdb.TYPE_TINYINT:
		r.read = func(r *reader, row int) any { return int64(cell[int8](r, row)) }
	case duckdb.TYPE_SMALLINT:
		r.read = func(r *reader, row int) any { return int64(cell[int16](r, row)) }
	case duckdb.TYPE_INTEGER:
		r.read = func(r *reader, row int) any { return int64(cell[int32](r, row)) }
	case duckdb.TYPE_BIGINT:
		r.read = func(r *reader, row int) any { return cell[int64](r, row) }
	case duckdb.TYPE_UTINYINT:
		r.read = func(r *reader, row int) any { return uint64(cell[uint8](r, row)) }
	case duckdb.TYPE_USMALLINT:
		r.read = func(r *reader, row int) any { return uint64(cell[uint16](r, row)) }
	case duckdb.TYPE_UINTEGER:
		r.read = func(r *reader, row int) any { return uint64(cell[uint32](r, row)) }
	case duckdb.TYPE_UBIGINT:
		r.read = func(r *reader, row int) any { return cell[uint64](r, row) }
	case duckdb.TYPE_FLOAT:
		r.read = func(r *reader, row int) any { return float64(cell[float32](r, row)) }
	case duckdb.TYPE_DOUBLE:
		r.read = func(r *reader, row int) any { return cell[float64](r, row) }
	case duckdb.TYPE_HUGEINT:
		r.read = func(r *reader, row int) any { return value.Number(cell[hugeint](r, row).big().String()) }
	case duckdb.TYPE_UHUGEINT:
		r.read = func(r *reader, row int) any {
			h := cell[[2]uint64](r, row)
			b := new(big.Int).Lsh(new(big.Int).SetUint64(h[1]), 64)
			return value.Number(b.Add(b, new(big.Int).SetUint64(h[0])).String())
		}
	case duckdb.TYPE_DECIMAL:
		r.scale, r.inner = mapping.DecimalScale(t), mapping.DecimalInternalType(t)
		r.read = readDecimal
	case duckdb.TYPE_VARCHAR:
		r.read = func(r *reader, row int) any { return string(r.text(row)) }
	case duckdb.TYPE_BLOB:
		r.read = func(r *reader, row int) any { return append([]byte{}, r.text(row)...) }
	case duckdb.TYPE_ENUM:
		r.inner = mapping.EnumInternalType(t)
		for i := range mapping.EnumDictionarySize(t) {
			r.names = append(r.names, mapping.EnumDictionaryValue(t, mapping.IdxT(i)))
		}
		r.read = readEnum
	case duckdb.TYPE_UUID:
		r.read = func(r *reader, row int) any {
			h := cell[hugeint](r, row)
			var b [16]byte
			// The sign bit is flipped, so that UUIDs sort as text does.
			binary.BigEndian.PutUint64(b[:8], uint64(h.Upper)^1<<63)
			binary.BigEndian.PutUint64(b[8:], h.Lower)
			return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
		}
	case duckdb.TYPE_DATE:
		r.read = func(r *reader, row int) any {
			return time.Unix(int64(cell[int32](r, row))*86400, 0).UTC().Format("2006-01-02")
		}
	case duckdb.TYPE_TIME:
		r.read = func(r *reader, row int) any { return clock(cell[int64](r, row)) }
	case duckdb.TYPE_TIMESTAMP, duckdb.TYPE_TIMESTAMP_TZ:
		r.read = readTimestamp
	case duckdb.TYPE_TIMESTAMP_S:
		r.read = func(r *reader, row int) any { return time.Unix(cell[int64](r, row), 0).UTC() }
	case duckdb.TYPE_TIMESTAMP_MS:
		r.read = func(r *reader, row int) any { return time.UnixMilli(cell[int64](r, row)).UTC() }
	case duckdb.TYPE_TIMESTAMP_NS:
		r.read = func(r *reader, row int) any { return time.Unix(0, cell[int64](r, row)).UTC() }
	case duckdb.TYPE_INTERVAL:
		r.read = readInterval
	case duckdb.TYPE_SQLNULL:
		r.read = func(*reader, int) any { return nil }
	case duckdb.TYPE_LIST:
		return r.nest([]mapping.LogicalType{mapping.ListTypeChildType(t)}, readList)
	case duckdb.TYPE_ARRAY:
		r.length = int(mapping.ArrayTypeArraySize(t))
		return r.nest([]mapping.LogicalType{mapping.ArrayTypeChildType(t)}, func(r *reader, row int) any {
			return r.list(row*r.length, r.length)
		})
	case duckdb.TYPE_STRUCT:
		var kids []mapping.LogicalType
		for i := range mapping.StructTypeChildCount(t) {
			r.names = append(r.names, mapping.StructTypeChildName(t, i))
			kids = append(kids, mapping.StructTypeChildType(t, i))
		}
		return r.nest(kids, readStruct)
	case duckdb.TYPE_MAP:
		return r.nest([]mapping.LogicalType{mapping.ListTypeChildType(t)}, readMap)
	default:
		return r, fmt.Errorf("a value of type %s cannot be shown: CAST it to VARCHAR", typeName(t))
	}
	return r, nil
}

func (r reader) nest(types []mapping.LogicalType, read func(*reader, int) any) (reader, error) {
	r.read = read
	var failed error
	for i := range types {
		kid, err := newReader(types[i])
		mapping.DestroyLogicalType(&types[i])
		if err != nil && failed == nil {
			failed = err
		}
		r.kids = append(r.kids, kid)
	}
	return r, failed
}

func (r *reader) list(from, n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = r.kids[0].at(from + i)
	}
	return out
}

func readList(r *reader, row int) any {
	e := cell[[2]uint64](r, row) // offset, length
	return r.list(int(e[0]), int(e[1]))
}

func readStruct(r *reader, row int) any {
	s := make(value.Struct, len(r.kids))
	for i := range r.kids {
		s[i] = value.Field{Name: r.names[i], Value: r.kids[i].at(row)}
	}
	return s
}

// readMap: a MAP is a list of structs of a key and a value.
func readMap(r *reader, row int) any {
	var s value.Struct
	for _, e := range readList(r, row).([]any) {
		if pair, ok := e.(value.Struct); ok && len(pair) == 2 {
			s = append(s, value.Field{Name: fmt.Sprint(pair[0].Value), Value: pair[1].Value})
		}
	}
	return s
}

func readEnum(r *reader, row int) any {
	var i int
	switch r.inner {
	case duckdb.TYPE_UTINYINT:
		i = int(cell[uint8](r, row))
	case duckdb.TYPE_USMALLINT:
		i = int(cell[uint16](r, row))
	default:
		i = int(cell[uint32](r, row))
	}
	return r.names[i]
}

func readDecimal(r *reader, row int) any {
	var b *big.Int
	switch r.inner {
	case duckdb.TYPE_SMALLINT:
		b = big.NewInt(int64(cell[int16](r, row)))
	case duckdb.TYPE_INTEGER:
		b = big.NewInt(int64(cell[int32](r, row)))
	case duckdb.TYPE_BIGINT:
		b = big.NewInt(cell[int64](r, row))
	default:
		b = cell[hugeint](r, row).big()
	}
	if r.scale == 0 {
		return value.Number(b.String())
	}
	sign := ""
	if b.Sign() < 0 {
		sign = "-"
		b.Neg(b)
	}
	digits := b.String()
	if pad := int(r.scale) + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - int(r.scale)
	return value.Number(sign + digits[:point] + "." + digits[point:])
}

// DuckDB's infinite timestamps are the ends of its range.
func readTimestamp(r *reader, row int) any {
	switch v := cell[int64](r, row); v {
	case 1<<63 - 1:
		return "infinity"
	case -(1<<63 - 1):
		return "-infinity"
	default:
		return time.UnixMicro(v).UTC()
	}
}

func readInterval(r *reader, row int) any {
	v := cell[struct {
		Months, Days int32
		Micros       int64
	}](r, row)
	var parts []string
	unit := func(n int64, name string) {
		if n != 0 {
			if n != 1 && n != -1 {
				name += "s"
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	unit(int64(v.Months/12), "year")
	unit(int64(v.Months%12), "month")
	unit(int64(v.Days), "day")
	if v.Micros != 0 || parts == nil {
		parts = append(parts, clock(v.Micros))
	}
	return strings.Join(parts, " ")
}

// clock writes microseconds as hours, minutes and seconds.
func clock(micros int64) string {
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	s := micros / 1_000_000
	text := fmt.Sprintf("%s%02d:%02d:%02d", sign, s/3600, s/60%60, s%60)
	if f := micros % 1_000_000; f != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%06d", f), "0")
	}
	return text
}

var typeNames = map[mapping.Type]string{
	duckdb.TYPE_BOOLEAN: "BOOLEAN", duckdb.TYPE_TINYINT: "TINYINT", duckdb.TYPE_SMALLINT: "SMALLINT",
	duckdb.TYPE_INTEGER: "INTEGER", duckdb.TYPE_BIGINT: "BIGINT", duckdb.TYPE_UTINYINT: "UTINYINT",
	duckdb.TYPE_USMALLINT: "USMALLINT", duckdb.TYPE_UINTEGER: "UINTEGER", duckdb.TYPE_UBIGINT: "UBIGINT",
	duckdb.TYPE_FLOAT: "FLOAT", duckdb.TYPE_DOUBLE: "DOUBLE", duckdb.TYPE_HUGEINT: "HUGEINT",
	duckdb.TYPE_UHUGEINT: "UHUGEINT", duckdb.TYPE_VARCHAR: "VARCHAR", duckdb.TYPE_BLOB: "BLOB",
	duckdb.TYPE_ENUM: "ENUM", duckdb.TYPE_UUID: "UUID", duckdb.TYPE_DATE: "DATE", duckdb.TYPE_TIME: "TIME",
	duckdb.TYPE_TIME_TZ: "TIME WITH TIME ZONE", duckdb.TYPE_TIMESTAMP: "TIMESTAMP",
	duckdb.TYPE_TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE", duckdb.TYPE_TIMESTAMP_S: "TIMESTAMP_S",
	duckdb.TYPE_TIMESTAMP_MS: "TIMESTAMP_MS", duckdb.TYPE_TIMESTAMP_NS: "TIMESTAMP_NS",
	duckdb.TYPE_INTERVAL: "INTERVAL", duckdb.TYPE_SQLNULL: "NULL", duckdb.TYPE_MAP: "MAP",
	duckdb.TYPE_UNION: "UNION", duckdb.TYPE_BIT: "BIT", duckdb.TYPE_BIGNUM: "BIGNUM",
}

// typeName is how DuckDB writes a type.
func typeName(t mapping.LogicalType) string {
	id := mapping.GetTypeId(t)
	switch id {
	case duckdb.TYPE_VARCHAR:
		if alias := mapping.LogicalTypeGetAlias(t); alias != "" {
			return alias
		}
	case duckdb.TYPE_DECIMAL:
		return fmt.Sprintf("DECIMAL(%d,%d)", mapping.DecimalWidth(t), mapping.DecimalScale(t))
	case duckdb.TYPE_LIST:
		kid := mapping.ListTypeChildType(t)
		defer mapping.DestroyLogicalType(&kid)
		return typeName(kid) + "[]"
	case duckdb.TYPE_ARRAY:
		kid := mapping.ArrayTypeChildType(t)
		defer mapping.DestroyLogicalType(&kid)
		return fmt.Sprintf("%s[%d]", typeName(kid), mapping.ArrayTypeArraySize(t))
	case duckdb.TYPE_STRUCT:
		var parts []string
		for i := range mapping.StructTypeChildCount(t) {
			kid := mapping.StructTypeChildType(t, i)
			parts = append(parts, schema.Quote(mapping.StructTypeChildName(t, i))+" "+typeName(kid))
			mapping.DestroyLogicalType(&kid)
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	}
	if name, ok := typeNames[id]; ok {
		return name
	}
	return fmt.Sprintf("type %d", id)
}
