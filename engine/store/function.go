package store

/*
#include <stdint.h>
#include <stdlib.h>

// Of function.go: what DuckDB calls.
void quarry_function_run(void *info, void *chunk, void *result);
void quarry_function_forget(void *extra);

static void *quarry_run(void) { return (void *)quarry_function_run; }
static void *quarry_forget(void) { return (void *)quarry_function_forget; }
*/
import "C"

import (
	"fmt"
	"hash/maphash"
	"runtime/cgo"
	"strings"
	"sync"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"logquarry/engine/schema"
)

// Function is a scalar function of ours that statements may call: of one text,
// NULL for NULL. Exactly one of Text, Whole and Real is set, and gives the
// result; false is NULL. It must give the same answer for the same text, for
// answers are remembered, and is called by several threads at once.
//
// The case may hold a macro of the same name, for an engine without us; here the
// function stands before it, in views of the case too.
type Function struct {
	Name  string
	Text  func(arg string) (string, bool)  // VARCHAR
	Whole func(arg string) (int64, bool)   // BIGINT
	Real  func(arg string) (float64, bool) // DOUBLE
}

// register makes functions known to the database that conn is of. It does not
// put them before the macros of a case: see inFront.
func register(conn mapping.Connection, functions []Function) error {
	for _, f := range functions {
		s := &scalar{name: f.Name}
		kind := mapping.Type(duckdb.TYPE_VARCHAR)
		switch {
		case f.Text != nil:
			s.run = filling(f.Text, setText)
		case f.Whole != nil:
			kind, s.run = duckdb.TYPE_BIGINT, filling(f.Whole, setFixed[int64])
		default:
			kind, s.run = duckdb.TYPE_DOUBLE, filling(f.Real, setFixed[float64])
		}
		if err := s.register(conn, kind); err != nil {
			return err
		}
	}
	return nil
}

// inFront are the statements that put functions before macros of their names,
// on one connection: a temporary macro is found before one of the case.
func inFront(functions []Function) string {
	var b strings.Builder
	for _, f := range functions {
		name := schema.Quote(f.Name)
		fmt.Fprintf(&b, "CREATE OR REPLACE TEMP MACRO %s(arg) AS system.main.%[1]s(arg);", name)
	}
	return b.String()
}

// scalar is a function as DuckDB holds it.
type scalar struct {
	name string
	run  func(in reader, rows int, out mapping.Vector)
}

func (s *scalar) register(conn mapping.Connection, result mapping.Type) error {
	f := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&f)
	mapping.ScalarFunctionSetName(f, s.name)
	text, kind := mapping.CreateLogicalType(duckdb.TYPE_VARCHAR), mapping.CreateLogicalType(result)
	mapping.ScalarFunctionAddParameter(f, text)
	mapping.ScalarFunctionSetReturnType(f, kind)
	mapping.DestroyLogicalType(&text)
	mapping.DestroyLogicalType(&kind)
	// C holds a handle, not the Go value, until DuckDB gives the function up.
	extra := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(extra) = cgo.NewHandle(s)
	mapping.ScalarFunctionSetExtraInfo(f, extra, C.quarry_forget())
	mapping.ScalarFunctionSetFunction(f, C.quarry_run())
	if mapping.RegisterScalarFunction(conn, f) == mapping.StateError {
		return fmt.Errorf("register the function %s", s.name)
	}
	return nil
}

//export quarry_function_forget
func quarry_function_forget(extra unsafe.Pointer) {
	(*(*cgo.Handle)(extra)).Delete()
	C.free(extra)
}

// quarry_function_run fills result for the rows of chunk, on whichever thread of
// DuckDB's. Nothing of either may be kept.
//
//export quarry_function_run
func quarry_function_run(info, chunk, result unsafe.Pointer) {
	f := mapping.FunctionInfo{Ptr: info}
	s := (*(*cgo.Handle)(mapping.ScalarFunctionGetExtraInfo(f))).Value().(*scalar)
	defer func() {
		// A panic must not unwind through C.
		if fault := recover(); fault != nil {
			mapping.ScalarFunctionSetError(f, fmt.Sprintf("%s: internal error: %v", s.name, fault))
		}
	}()
	in := mapping.DataChunk{Ptr: chunk}
	r := reader{typ: duckdb.TYPE_VARCHAR}
	r.point(mapping.DataChunkGetVector(in, 0))
	s.run(r, int(mapping.DataChunkGetSize(in)), mapping.Vector{Ptr: result})
}

// output is a result vector as memory.
type output struct {
	vec   mapping.Vector
	data  unsafe.Pointer
	valid *[1 << 20]uint64
}

func setFixed[T int64 | float64](o *output, row int, v T) {
	*(*T)(unsafe.Add(o.data, row*8)) = v
}

// inline is how many bytes of text a duckdb_string_t holds itself.
const inline = 12

func setText(o *output, row int, v string) {
	if len(v) > inline {
		mapping.VectorAssignStringElement(o.vec, mapping.IdxT(row), v)
		return
	}
	c := (*struct {
		length uint32
		text   [inline]byte
	})(unsafe.Add(o.data, row*16))
	c.length, c.text = uint32(len(v)), [inline]byte{}
	copy(c.text[:], v)
}

// filling is f over all rows of a vector, with what it answered remembered: the
// texts of logs repeat. A thread has a memo to itself while it runs.
func filling[T any](f func(string) (T, bool), set func(*output, int, T)) func(reader, int, mapping.Vector) {
	pool := sync.Pool{New: func() any { return new(memo[T]) }}
	seed := maphash.MakeSeed()
	return func(in reader, rows int, vec mapping.Vector) {
		mapping.VectorEnsureValidityWritable(vec)
		out := output{vec, mapping.VectorGetData(vec), (*[1 << 20]uint64)(mapping.VectorGetValidity(vec))}
		m := pool.Get().(*memo[T])
		defer pool.Put(m)
		for row := range rows {
			var value T
			ok := in.holds(row)
			if ok {
				value, ok = m.ask(f, seed, in.text(row))
			}
			if ok {
				set(&out, row, value)
			} else {
				out.valid[row/64] &^= 1 << (row % 64)
			}
		}
	}
}

// remembered is how many bytes a text may have for its answer to be kept.
const remembered = 512

// ask is f of the text in arg, which is not kept.
func (m *memo[T]) ask(f func(string) (T, bool), seed maphash.Seed, arg []byte) (T, bool) {
	if len(arg) > remembered {
		return f(string(arg))
	}
	e := &m[maphash.Bytes(seed, arg)%uint64(len(m))]
	if !e.used || e.arg != string(arg) {
		text := string(arg)
		value, ok := f(text)
		e.arg, e.value, e.ok, e.used = text, value, ok, true
	}
	return e.value, e.ok
}

// memo has the last answer for each of some hashes of texts.
type memo[T any] [4096]struct {
	arg   string
	value T
	ok    bool
	used  bool
}
