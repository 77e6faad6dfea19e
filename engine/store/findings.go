package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/custody"
)

// AddFinding keeps f, whose id and hash it gives, with the cells that next
// gives until there are no more, and records the action: all or nothing. f.Rows
// becomes the number of them.
func (c *Case) AddFinding(ctx context.Context, f custody.Finding, next func() (cells string, ok bool, err error)) (_ custody.Finding, err error) {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return f, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return f, err
	}
	defer func() {
		end := "COMMIT"
		if err != nil {
			end = "ROLLBACK"
		}
		if _, eerr := conn.ExecContext(context.WithoutCancel(ctx), end); err == nil {
			err = eerr
		}
	}()
	// A case of an earlier version has no such tables.
	if there, err := c.hasTable(ctx, "findings"); err != nil {
		return f, err
	} else if !there {
		if _, err := conn.ExecContext(ctx, caseSQL); err != nil {
			return f, err
		}
	}
	// An id is not used again where a finding was taken out: its action stays.
	err = conn.QueryRowContext(ctx, `SELECT 1 + greatest(
		(SELECT coalesce(max(finding_id), 0) FROM findings),
		(SELECT coalesce(max(CAST(json_extract_string(detail, '$.finding') AS BIGINT)), 0) FROM actions WHERE action = 'keep'))`).Scan(&f.ID)
	if err != nil {
		return f, err
	}
	var sums []string
	err = conn.Raw(func(raw any) (err error) {
		a, err := duckdb.NewAppenderFromConn(raw.(driver.Conn), "", "finding_rows")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.Close()) }()
		for {
			cells, ok, err := next()
			if err != nil || !ok {
				return err
			}
			sums = append(sums, custody.RowSum(cells))
			if err := a.AppendRow(f.ID, int64(len(sums)), cells); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return f, err
	}
	f.Rows, f.RowsSHA256 = int64(len(sums)), custody.Ledger(sums)
	f.By = custody.Now(f.Version, f.At)
	_, err = conn.ExecContext(ctx, `INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID, f.At, f.OSUser, f.Host, f.Version, null(f.Hunt), null(f.Title), null(f.Note), f.SQL, f.ParametersJSON(), f.ColumnsJSON(), f.Rows, f.RowsSHA256)
	if err != nil {
		return f, err
	}
	return f, record(ctx, conn, Action{Name: "keep", Detail: f.Detail(), At: f.At, Version: f.Version})
}

// null is s for the database: NULL where it is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// hasTable reports whether the case has a table: those of an earlier version
// lack some.
func (c *Case) hasTable(ctx context.Context, name string) (bool, error) {
	n := 0
	err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?`, name).Scan(&n)
	return n > 0, err
}

// Findings are the kept findings, in order of their ids.
func (c *Case) Findings(ctx context.Context) ([]custody.Finding, error) {
	if some, err := c.hasTable(ctx, "findings"); err != nil || !some {
		return nil, err
	}
	var out []custody.Finding
	err := c.EachRow(ctx, `
		SELECT finding_id, kept_at, coalesce(os_user, ''), coalesce(host, ''), coalesce(version, ''), coalesce(hunt_id, ''),
		       coalesce(title, ''), coalesce(note, ''), sql, parameters, columns, row_count, rows_sha256
		FROM findings ORDER BY finding_id`, func(rows *sql.Rows) error {
		var f custody.Finding
		var parameters, columns string
		err := rows.Scan(&f.ID, &f.At, &f.OSUser, &f.Host, &f.Version, &f.Hunt, &f.Title, &f.Note, &f.SQL, &parameters, &columns, &f.Rows, &f.RowsSHA256)
		if err != nil {
			return err
		}
		f.At = f.At.UTC()
		if err := f.SetJSON(parameters, columns); err != nil {
			return fmt.Errorf("finding %d: %w", f.ID, err)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	return out, nil
}

// FindingRows hands out the cells of a finding's rows in order, at most that
// many; most 0: all.
func (c *Case) FindingRows(ctx context.Context, id int64, most int, f func(cells string) error) error {
	query := `SELECT cells FROM finding_rows WHERE finding_id = ? ORDER BY row_no`
	if most > 0 {
		query += fmt.Sprintf(" LIMIT %d", most)
	}
	err := c.EachRow(ctx, query, func(rows *sql.Rows) error {
		var cells string
		if err := rows.Scan(&cells); err != nil {
			return err
		}
		return f(cells)
	}, id)
	if err != nil {
		return fmt.Errorf("read rows of finding %d: %w", id, err)
	}
	return nil
}

// Kept is what the actions say of the findings that were kept, by their ids.
func (c *Case) Kept(ctx context.Context) (map[int64]custody.KeptDetail, error) {
	out := map[int64]custody.KeptDetail{}
	err := c.EachRow(ctx, `SELECT action_no, coalesce(detail, '') FROM actions WHERE action = 'keep'`, func(rows *sql.Rows) error {
		var no int64
		var detail string
		if err := rows.Scan(&no, &detail); err != nil {
			return err
		}
		var k custody.KeptDetail
		if err := json.Unmarshal([]byte(detail), &k); err != nil {
			return fmt.Errorf("action %d: %w", no, err)
		}
		out[k.Finding] = k
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	return out, nil
}

// ProveFinding compares a finding with the action that kept it and its stored
// rows with their hash. It gives what is wrong, in words, and the hashes of the
// rows in their order.
func (c *Case) ProveFinding(ctx context.Context, f *custody.Finding, kept map[int64]custody.KeptDetail) (faults, rows []string, err error) {
	switch k, ok := kept[f.ID]; {
	case !ok:
		faults = append(faults, "no action says that it was kept")
	case k.SHA256 != f.Hash():
		faults = append(faults, "it was changed after it was kept: it is no longer what the action that kept it says")
	}
	err = c.FindingRows(ctx, f.ID, 0, func(cells string) error {
		rows = append(rows, custody.RowSum(cells))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if got := custody.Ledger(slices.Clone(rows)); got != f.RowsSHA256 || int64(len(rows)) != f.Rows {
		faults = append(faults, fmt.Sprintf("its stored rows were changed: there are %d with hash %s, kept were %d with hash %s", len(rows), got, f.Rows, f.RowsSHA256))
	}
	return faults, rows, nil
}
