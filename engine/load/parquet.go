package load

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// loadParquet loads one Parquet file, which DuckDB reads itself, in a
// transaction of its own: a damaged one must not take others with it.
func (l *loader) loadParquet(ctx context.Context, j *job) error {
	t := &task{path: j.Path, local: j.Local, size: j.Size, place: j.place, read: j.Size}
	t.tally.FileID = j.fileID
	l.opts.Progress.now(j.Source.Name, j.Path)
	var err error
	if t.sum = j.sum; t.sum == "" {
		if t.sum, err = find.Sum(j.Local); err != nil {
			t.tally.Reject(decode.Reject{Reason: "open: " + err.Error()})
		}
	}
	counts := func() []map[string]*Count { return []map[string]*Count{{j.Source.Name: countOf(&t.tally)}} }
	if err == nil {
		err = l.transact(ctx, func() error {
			if err := l.insertParquet(ctx, j, t); err != nil {
				return err
			}
			return l.settle(ctx, []*job{j}, []*task{t}, counts())
		})
		if err == nil || ctx.Err() != nil {
			l.opts.Progress.bytes.Add(j.Size)
			l.opts.Progress.files.Add(1)
			return err
		}
		if full := diskError(err); full != err {
			return full
		}
		t.tally = decode.Tally{FileID: j.fileID}
		t.tally.Reject(decode.Reject{Reason: "read as Parquet: " + firstLine(err.Error())})
	}
	l.opts.Progress.bytes.Add(j.Size)
	l.opts.Progress.files.Add(1)
	return l.transact(ctx, func() error { return l.settle(ctx, []*job{j}, []*task{t}, counts()) })
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// tellParquet tells the source of a Parquet file by its columns, as find does
// of other files by their content.
func (l *loader) tellParquet(ctx context.Context, f *find.File) {
	tellParquet(ctx, l.conn, l.opts.Sources, f)
}

func tellParquet(ctx context.Context, db querier, sources []*schema.Source, f *find.File) {
	if f.By == "asked" {
		return
	}
	names, err := parquetColumns(ctx, db, f.Local)
	if err != nil {
		return // shown where the file is read; a name may still tell its source
	}
	f.Fields = names
	has := map[string]bool{}
	for _, n := range names {
		has[awsName(n)] = true
	}
	named := f.Source
	f.Source = nil
	for _, s := range sources {
		if s.Parquet && s.Recognise.Names(func(name string) bool { return has[awsName(name)] }) {
			f.Source, f.By = s, "content"
		}
	}
	if f.Source != nil && named != nil && f.Source != named {
		f.Note = fmt.Sprintf("its content is %s, its name that of %s", f.Source.Name, named.Name)
	}
}

// awsName is a field's or column's name in the spelling both have in common:
// cs(User-Agent) is cs_user_agent in Parquet.
func awsName(name string) string { return parquetName.Replace(strings.ToLower(name)) }

var parquetName = strings.NewReplacer("-", "_", "(", "_", ")", "")

// plainParquet reports whether each column of a Parquet file of s goes to one of
// the table as it stands, so that DuckDB can read such files itself.
func plainParquet(s *schema.Source) bool {
	for _, c := range s.Columns {
		if strings.Contains(c.From, " ") || len(c.Also) > 0 || c.Part != "" || c.Type == schema.Timestamp {
			return false
		}
	}
	return s.Shape != schema.JSON
}

// ownNames selects the columns of a Parquet file under the names that the fields
// of s have elsewhere.
func ownNames(s *schema.Source, order []string) string {
	own := map[string]string{}
	if s.Shape != schema.JSON {
		for _, name := range s.Fields() {
			own[awsName(name)] = name
		}
	}
	used := map[string]bool{}
	var list []string
	for _, name := range order {
		as := own[awsName(name)]
		if as == "" || used[as] {
			as = name
		}
		used[as] = true
		list = append(list, schema.Quote(name)+" AS "+schema.Quote(as))
	}
	return strings.Join(list, ", ")
}

func (l *loader) parquetColumns(ctx context.Context, path string) ([]string, error) {
	return parquetColumns(ctx, l.conn, path)
}

// querier is a connection or the whole database.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func parquetColumns(ctx context.Context, db querier, path string) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false))`, path)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// insertParquet maps the file's columns to the table's by AWS's names, in
// which Parquet has "_" for "-". Columns the table lacks go to extra.
func (l *loader) insertParquet(ctx context.Context, j *job, t *task) error {
	order, err := l.parquetColumns(ctx, j.Local)
	if err != nil {
		return err
	}
	s := l.plans.by[j.Source.Name].table
	cols, rest := parquetCells(s, order)
	var into []string
	timeExpr := "NULL"
	for i, c := range s.Columns {
		if c.Name == s.Time {
			timeExpr = cols[i]
		}
		into = append(into, schema.Quote(c.Name))
	}
	w := window{bounds: spanOf(l.opts.Since, l.opts.Until)}
	where, args := "true", []any{j.Local}
	inside := func(sp span) string {
		return fmt.Sprintf("(%s >= make_timestamp(%d) AND %s < make_timestamp(%d))", timeExpr, max(sp.from, 0), timeExpr, min(sp.to, 253402300799000000))
	}
	if j.again != nil {
		w.bounds = w.bounds.hull(j.again.span())
		where = fmt.Sprintf("NOT %s", inside(j.again.span()))
	}
	if w.bounds != everything {
		where += fmt.Sprintf(" AND (%s IS NULL OR %s)", timeExpr, inside(w.bounds))
	}
	// Not through session: DuckDB itself reads here, and must hear of the end.
	result, err := l.conn.Conn.ExecContext(ctx, fmt.Sprintf(
		`INSERT INTO %s (%s, extra, file_id, record_no) SELECT %s, %s, CAST(%d AS BIGINT), file_row_number + 1 FROM read_parquet(?, hive_partitioning = false, file_row_number = true) WHERE %s`,
		s.StorageTable(), strings.Join(into, ", "), strings.Join(cols, ", "), rest, j.fileID, where), args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	t.tally.Records, t.tally.Rows, t.tally.Bytes = n, n, j.Size
	l.opts.Progress.records.Add(n)
	total := n
	err = l.conn.QueryRowContext(ctx, `SELECT count(*) FROM read_parquet(?, hive_partitioning = false)`, j.Local).Scan(&total)
	if err != nil {
		return err
	}
	t.tally.Outside = total - n
	if j.again != nil {
		t.tally.Outside -= j.again.records
	}
	if s.Time == "" {
		return nil
	}
	var first, last *int64
	err = l.conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT epoch_us(min(%[1]s)), epoch_us(max(%[1]s)) FROM %[2]s WHERE file_id = ?`,
		schema.Quote(s.Time), s.StorageTable()), j.fileID).Scan(&first, &last)
	if err == nil && first != nil && last != nil {
		t.tally.First, t.tally.Last = *first, *last
	}
	return err
}

// parquetCells are the columns of s as expressions over a Parquet file that has
// the columns of order, in that order, and what has no column as extra.
func parquetCells(s *schema.Source, order []string) (cells []string, extra string) {
	have := map[string]string{}
	for _, name := range order {
		have[awsName(name)] = name
	}
	used := map[string]bool{}
	for _, c := range s.Columns {
		expr := "NULL"
		if name, ok := have[awsName(c.From)]; ok {
			used[name] = true
			expr = parquetCell(schema.Quote(name), c.Type, s.Absent)
		}
		cells = append(cells, expr)
	}
	var members []string
	for _, name := range order {
		if !used[name] {
			members = append(members, fmt.Sprintf("%s: %s", sqltext.Literal(name), schema.Quote(name)))
		}
	}
	if members == nil {
		return cells, "NULL"
	}
	// json_merge_patch drops members that are null.
	return cells, fmt.Sprintf("nullif(CAST(json_merge_patch('{}', {%s}) AS VARCHAR), '{}')", strings.Join(members, ", "))
}

// parquetCell reads a column of a Parquet file as a column of ours.
func parquetCell(col string, typ schema.Type, absent string) string {
	switch typ {
	case schema.TimestampS:
		return fmt.Sprintf("CASE WHEN TRY_CAST(%[1]s AS BIGINT) BETWEEN 0 AND 253402300799 THEN make_timestamp(TRY_CAST(%[1]s AS BIGINT) * 1000000) END", col)
	case schema.TimestampMS:
		return fmt.Sprintf("CASE WHEN TRY_CAST(%[1]s AS BIGINT) BETWEEN 0 AND 253402300799000 THEN make_timestamp(TRY_CAST(%[1]s AS BIGINT) * 1000) END", col)
	case schema.Varchar:
		if absent != "" {
			return fmt.Sprintf("nullif(CAST(%s AS VARCHAR), %s)", col, sqltext.Literal(absent))
		}
		return fmt.Sprintf("CAST(%s AS VARCHAR)", col)
	case schema.JSONText:
		return fmt.Sprintf("CAST(to_json(%s) AS VARCHAR)", col)
	default:
		return fmt.Sprintf("TRY_CAST(%s AS %s)", col, typ.SQL())
	}
}
