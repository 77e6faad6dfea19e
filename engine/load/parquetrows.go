package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// parquetRows reads one Parquet file for a scan: a query on a connection of its
// own, row by row. A load lets DuckDB insert such files instead.
type parquetRows struct {
	ctx    context.Context
	db     *sql.DB
	source *schema.Source
	path   string
	tally  *decode.Tally

	rows  *sql.Rows
	cells []any
	dest  []any
}

// Reset implements decode.Decoder. The file's plain bytes are of no use to it.
func (p *parquetRows) Reset(_ io.Reader, t *decode.Tally) {
	p.close()
	p.tally = t
}

// Fill implements decode.Decoder.
func (p *parquetRows) Fill(b *batch.Batch) (bool, error) {
	err := p.fill(b)
	if err == nil && b.Full() {
		return false, nil
	}
	if err != nil && p.ctx.Err() == nil {
		p.tally.Reject(decode.Reject{Reason: "read as Parquet: " + firstLine(err.Error())})
	}
	return true, errors.Join(err, p.close())
}

func (p *parquetRows) fill(b *batch.Batch) error {
	if p.rows == nil {
		if err := p.open(b); err != nil {
			return err
		}
	}
	for !b.Full() {
		if !p.rows.Next() {
			return p.rows.Err()
		}
		if err := p.rows.Scan(p.dest...); err != nil {
			return err
		}
		for i, v := range p.cells {
			switch v := v.(type) {
			case string:
				b.SetText(i, []byte(strings.ToValidUTF8(v, "\ufffd")))
			case time.Time:
				b.SetInt64(i, v.UnixMicro())
			case int64:
				b.SetInt64(i, v)
			case int32:
				b.SetInt32(i, v)
			case float64:
				b.SetFloat64(i, v)
			case bool:
				b.SetBool(i, v)
			}
		}
		b.Next()
		p.tally.Records++
		p.tally.Rows++
	}
	return nil
}

// open asks for the columns the batch's reader wants.
func (p *parquetRows) open(b *batch.Batch) error {
	order, err := parquetColumns(p.ctx, p.db, p.path)
	if err != nil {
		return err
	}
	cells, extra := parquetCells(p.source, order)
	cells = append(cells, extra, fmt.Sprintf("CAST(%d AS BIGINT)", p.tally.FileID), "file_row_number + 1")
	for i, c := range p.source.AllColumns() {
		if !b.Wants(i) {
			cells[i] = "NULL"
		}
		cells[i] = fmt.Sprintf("CAST(%s AS %s)", cells[i], c.Type.SQL())
	}
	p.cells, p.dest = make([]any, len(cells)), make([]any, len(cells))
	for i := range p.cells {
		p.dest[i] = &p.cells[i]
	}
	p.rows, err = p.db.QueryContext(p.ctx, "SELECT "+strings.Join(cells, ", ")+
		" FROM read_parquet(?, hive_partitioning = false, file_row_number = true)", p.path)
	return err
}

// Record implements decode.Decoder; Again reads such rows another way.
func (p *parquetRows) Record(int64) ([]byte, error) { return nil, errors.ErrUnsupported }

// Begin and Message implement decode.Decoder; no message holds a Parquet file.
func (p *parquetRows) Begin(t *decode.Tally)    { p.Reset(nil, t) }
func (p *parquetRows) Message(m decode.Message) {}

func (p *parquetRows) close() error {
	if p.rows == nil {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return rows.Close()
}

// parquetObjects reads one Parquet file of a source that is not [plainParquet]:
// each row as one object, on a connection of its own, decoded like any other.
type parquetObjects struct {
	ctx    context.Context
	db     *sql.DB
	source *schema.Source
	path   string
	size   int64
	inner  decode.Decoder
	tally  *decode.Tally

	rows *sql.Rows
	busy bool // inner is in a row
	text sql.RawBytes
}

// Reset implements decode.Decoder. The file's plain bytes are of no use to it.
func (p *parquetObjects) Reset(_ io.Reader, t *decode.Tally) {
	p.tally = t
	p.inner.Begin(t)
}

// Fill implements decode.Decoder.
func (p *parquetObjects) Fill(b *batch.Batch) (bool, error) {
	err := p.fill(b)
	if err == nil && b.Full() {
		return false, nil
	}
	if err != nil && p.ctx.Err() == nil {
		p.tally.Reject(decode.Reject{Reason: "read as Parquet: " + firstLine(err.Error())})
	}
	p.tally.Bytes = p.size
	return true, errors.Join(err, p.close())
}

func (p *parquetObjects) fill(b *batch.Batch) error {
	if p.rows == nil {
		order, err := parquetColumns(p.ctx, p.db, p.path)
		if err != nil {
			return err
		}
		p.rows, err = p.db.QueryContext(p.ctx, `SELECT CAST(to_json(r) AS VARCHAR) FROM (SELECT `+ownNames(p.source, order)+` FROM read_parquet(?, hive_partitioning = false)) r`, p.path)
		if err != nil {
			return err
		}
	}
	for !b.Full() {
		if !p.busy {
			if !p.rows.Next() {
				return p.rows.Err()
			}
			if err := p.rows.Scan(&p.text); err != nil {
				return err
			}
			p.inner.Message(decode.Message{Text: p.text})
		}
		done, err := p.inner.Fill(b)
		if err != nil {
			return err
		}
		p.busy = !done
	}
	return nil
}

// Record implements decode.Decoder; Again reads such rows another way.
func (p *parquetObjects) Record(int64) ([]byte, error) { return nil, errors.ErrUnsupported }

// Begin and Message implement decode.Decoder; no message holds a Parquet file.
func (p *parquetObjects) Begin(t *decode.Tally)  { p.Reset(nil, t) }
func (p *parquetObjects) Message(decode.Message) {}

func (p *parquetObjects) close() error {
	if p.rows == nil {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return rows.Close()
}
