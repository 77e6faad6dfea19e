package store

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"logquarry/engine/sqltext"
	"logquarry/schemas"
)

// confined is a case with a table, a sequence, and views and macros that reach
// out, made before it is opened confined; and a file none may read.
func confined(t *testing.T, opts Options) (c *Case, secret string) {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	secret = filepath.Join(dir, "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "case.duckdb")
	c, err := Open(ctx, path, Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"CREATE TABLE mine AS SELECT 1 AS a",
		"CREATE VIEW reads AS SELECT * FROM read_csv('SECRET')",
		"CREATE VIEW deep AS SELECT * FROM reads WHERE a > 0",
		"CREATE VIEW runs AS SELECT * FROM query('SELECT * FROM ' || 'read_text(''SECRET'')')",
		"CREATE MACRO opens(f) AS TABLE SELECT * FROM read_text(f)",
		"CREATE MACRO first_byte(f) AS (SELECT content[1] FROM read_text(f))",
	} {
		if err := c.Exec(ctx, strings.ReplaceAll(sql, "SECRET", secret), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = Open(ctx, path, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, secret
}

// reaches are statements by which a hunt might leave its case.
var reaches = []string{
	"SELECT * FROM read_csv('SECRET')", "SELECT * FROM read_csv_auto('SECRET')", "FROM read_text('SECRET')", "FROM read_blob('SECRET')",
	"FROM read_json('SECRET')", "FROM read_ndjson_objects('SECRET')", "FROM read_parquet('SECRET')", "FROM parquet_metadata('SECRET')",
	"FROM parquet_schema('SECRET')", "FROM sniff_csv('SECRET')", "FROM glob('DIR/*')", "SELECT * FROM 'SECRET'", `SELECT * FROM "SECRET"`,
	`SELECT * FROM main."read_csv"('SECRET')`, "SELECT * FROM read_text/**/('SECRET')", "SELECT (SELECT content FROM READ_TEXT('SECRET'))",
	"WITH x AS (FROM read_text('SECRET')) FROM x", "SELECT * FROM mine, LATERAL (FROM read_text('SECRET'))",
	"SELECT * FROM query('FROM read_text(''SECRET'')')", "SELECT * FROM query_table('SECRET')",
	"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''SECRET'')'))",
	"SELECT * FROM reads", "SELECT * FROM deep", "SELECT * FROM runs", "SELECT * FROM opens('SECRET')", "SELECT first_byte('SECRET')",
	"FROM read_duckdb('DIR/other.duckdb', table_name = 'x')", "SELECT * FROM scan('cloudtrail', 'SECRET')", "SELECT getenv('HOME')",
	"FROM duckdb_secrets()", "FROM which_secret('s3://a', 's3')",
	"COPY mine TO 'DIR/out.csv'", "COPY (SELECT 1) TO 'CASE.tmp/out.csv'", "COPY mine FROM 'SECRET'", "COPY FROM DATABASE memory TO logquarry",
	"EXPORT DATABASE 'DIR/out'", "IMPORT DATABASE 'DIR/out'", "ATTACH 'DIR/out.duckdb'", "ATTACH ':memory:' AS m", "ATTACH 'CASE' AS again",
	"DETACH logquarry", "USE memory", "INSTALL httpfs", "LOAD httpfs", "LOAD 'DIR/x.duckdb_extension'", "UPDATE EXTENSIONS",
	"CREATE SECRET (TYPE http)", "CREATE PERSISTENT SECRET s (TYPE http)",
	"SET enable_external_access = true", "SET threads = 1", "SET GLOBAL temp_directory = 'DIR'", "SET SESSION search_path = 'memory'",
	"SET VARIABLE x = 1", "RESET threads", "PRAGMA threads = 1", "PRAGMA enable_profiling", "PRAGMA profiling_output = 'DIR/out'",
	"SET lock_configuration = false", "CALL enable_logging(storage = 'file', storage_path = 'DIR/log')", "CALL pragma_version()",
	"INSERT INTO mine VALUES (2)", "UPDATE mine SET a = 2", "DELETE FROM mine", "TRUNCATE mine", "DROP TABLE mine", "ALTER TABLE mine ADD COLUMN b INT",
	"CREATE TABLE t (a INT)", "CREATE TABLE memory.main.t (a INT)", "CREATE TEMP TABLE t (a INT)", "CREATE VIEW v AS SELECT 1",
	"CREATE TEMP VIEW v AS FROM read_text('SECRET')", "CREATE TEMP MACRO m() AS TABLE FROM read_text('SECRET')", "COMMENT ON TABLE mine IS 'x'",
	"MERGE INTO mine USING (SELECT 5 AS a) s ON mine.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (5)", "WITH s AS (SELECT 1 AS a) INSERT INTO mine FROM s",
	"WITH x AS (INSERT INTO mine VALUES (1) RETURNING a) FROM x", "PREPARE p AS FROM read_text('SECRET')", "EXECUTE p", "EXPLAIN ANALYZE INSERT INTO mine VALUES (1)",
	"BEGIN", "CHECKPOINT", "VACUUM", "ANALYZE", "SELECT 1; COPY mine TO 'DIR/out.csv'", "COPY mine TO 'DIR/out.csv'; SELECT 1",
}

// TestConfined: nothing leaves a confined case, be it open to be read, for
// writing, or confined once it was written to; and it goes on working.
func TestConfined(t *testing.T) {
	for name, opts := range map[string]Options{"read": {ReadOnly: true, Confined: true}, "write": {Confined: true}, "later": {}} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			opts.Memory = "100MB"
			c, secret := confined(t, opts)
			if err := c.Confine(ctx); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Dir(secret)
			before := tree(t, dir)
			to := strings.NewReplacer("SECRET", secret, "DIR", dir, "CASE", c.Path)
			for _, sql := range reaches {
				if err := c.Exec(ctx, to.Replace(sql), nil); err == nil {
					t.Errorf("%s: was run", sql)
				}
			}
			var no *Refused
			for _, sql := range []string{"FROM read_text('SECRET')", "FROM deep", "COPY mine TO 'DIR/out.csv'", "SET threads = 1", "ATTACH ':memory:'"} {
				if err := c.Exec(ctx, to.Replace(sql), nil); !errors.As(err, &no) || no.Hint() == "" {
					t.Errorf("%s: %v", sql, err)
				}
			}
			// It still answers, also where that takes more memory than it has and
			// through connections that are opened now.
			if got := one(t, c, "SELECT CAST(sum(a) AS VARCHAR) FROM mine"); got != "1" {
				t.Errorf("the case was changed: %s", got)
			}
			if got := one(t, c, "SELECT max(y) FROM (SELECT md5(CAST(x AS VARCHAR)) AS y, row_number() OVER (ORDER BY md5(CAST(x AS VARCHAR))) FROM range(1500000) a(x))"); !strings.HasPrefix(got, "ffff") {
				t.Errorf("a sort that spills gave %s", got)
			}
			held, err := c.DB().Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			n := 0
			if err := c.DB().QueryRowContext(ctx, "SELECT count(*) FROM mine").Scan(&n); err != nil || n != 1 {
				t.Errorf("a further connection: %d, %v", n, err)
			}
			if after := tree(t, dir); !slices.Equal(before, after) {
				t.Errorf("files before: %v, after: %v", before, after)
			}
		})
	}
}

// tree are the files below dir, but for what DuckDB keeps beside an open case.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !strings.HasSuffix(path, ".wal") && !strings.HasSuffix(path, ".tmp") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func one(t *testing.T, c *Case, sql string) string {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for rows.Next() {
		text, _ = rows.Values()[0].(string)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTableFunctions: every table function of this DuckDB is known to be
// harmless, or refused in hunts by its name.
func TestTableFunctions(t *testing.T) {
	c, _ := confined(t, Options{ReadOnly: true})
	harmless := strings.Fields(`
		unnest range generate_series repeat repeat_row json_each json_tree summary show_tables show show_databases show_tables_expanded
		icu_calendar_names pg_timezone_names seq_scan
		duckdb_approx_database_count duckdb_columns duckdb_connection_count duckdb_constraints duckdb_coordinate_systems duckdb_databases
		duckdb_dependencies duckdb_functions duckdb_indexes duckdb_keywords duckdb_memory duckdb_optimizers duckdb_prepared_statements
		duckdb_schemas duckdb_secret_types duckdb_sequences duckdb_settings duckdb_table_sample duckdb_tables duckdb_temporary_files
		duckdb_types duckdb_variables duckdb_views`)
	// Those of type pragma can be called as statements only, which hunts are not.
	rows, err := c.Query(t.Context(), "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'table' ORDER BY 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		name := rows.Values()[0].(string)
		n++
		if _, bad := sqltext.Question("SELECT * FROM " + name + "()"); !bad && !slices.Contains(harmless, name) {
			t.Errorf("%s(): does it stay in the case? If not, add it to those package sqltext refuses", name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || n < 50 {
		t.Errorf("%d functions: %v", n, err)
	}
}

// TestForeignViews: views that somebody else wrote are made in a confined case,
// and those that reach out are refused, by what they say or by DuckDB.
func TestForeignViews(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := fs.ReadFile(schemas.FS, "nlb/source.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := fstest.MapFS{}
	err = fs.WalkDir(schemas.FS, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(path, "nlb/") {
			return err
		}
		text, err := fs.ReadFile(schemas.FS, path)
		own[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const made = "-- Mine.\nCREATE OR REPLACE VIEW mine AS\n"
	for views, want := range map[string]string{
		made + "SELECT * FROM read_csv('SECRET');\n":                                       "nlb/views.sql:3:1: read_csv()",
		made + "SELECT * FROM 'SECRET';\n":                                                 "nlb/views.sql:3:1: a file",
		made + "SELECT 1 AS a; COPY (SELECT 1) TO 'SECRET.out';\n":                         "nlb/views.sql:3:1: not a CREATE OR REPLACE VIEW",
		made + "SELECT * FROM nlb, 'SECRET';\n":                                            "Permission Error",
		"-- Mine.\nCREATE OR REPLACE MACRO mine() AS TABLE SELECT * FROM nlb, 'SECRET';\n": "Permission Error",
	} {
		files := maps.Clone(own)
		files["nlb/source.yaml"] = &fstest.MapFile{Data: source}
		files["nlb/views.sql"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(views, "SECRET", secret))}
		path := filepath.Join(t.TempDir(), "case.duckdb")
		c, err := Open(context.WithoutCancel(t.Context()), path, Options{Create: true, Confined: true, Schemas: files})
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", views, err, want)
		}
	}
	if _, err := os.Stat(secret + ".out"); err == nil {
		t.Error("a statement behind a view was run")
	}
}
