package sqltext

import (
	"strings"
	"testing"
)

// TestQuestion has texts that want more than to read tables, and what is said
// of them.
func TestQuestion(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT * FROM read_csv('/etc/passwd')":                               "read_csv()",
		"select * from READ_CSV ('/etc/passwd')":                              "read_csv()",
		`SELECT * FROM "read_csv"('/etc/passwd')`:                             "read_csv()",
		`SELECT * FROM "Read_Text"('/etc/passwd')`:                            "read_text()",
		"SELECT * FROM main.read_csv('/etc/passwd')":                          "read_csv()",
		`SELECT * FROM system.main."read_blob"('/etc/passwd')`:                "read_blob()",
		"SELECT * FROM read_csv/* x */ -- y\n('/etc/passwd')":                 "read_csv()",
		"FROM read_text('/etc/passwd')":                                       "read_text()",
		"SELECT (SELECT content FROM read_text('/etc/passwd'))":               "read_text()",
		"WITH x AS (SELECT * FROM read_json('a')) SELECT * FROM x":            "read_json()",
		"WITH x AS (FROM waf) FROM x, LATERAL (FROM read_text(x.a))":          "read_text()",
		"SELECT 1 FROM waf WHERE EXISTS (FROM glob('/etc/*'))":                "glob()",
		"SELECT * FROM query('FROM read' || '_text(''/etc/passwd'')')":        "query()",
		"SELECT * FROM query_table('/etc/passwd')":                            "query_table()",
		"SELECT * FROM json_execute_serialized_sql('{}')":                     "json_execute_serialized_sql()",
		"SELECT json_serialize_plan('FROM read_text(''x'')')":                 "json_serialize_plan()",
		"SELECT * FROM sniff_csv('x')":                                        "sniff_csv()",
		"SELECT * FROM parquet_metadata('x')":                                 "parquet_metadata()",
		"SELECT * FROM parquet_scan('x')":                                     "parquet_scan()",
		"SELECT * FROM scan('waf', '/home')":                                  "scan()",
		"SELECT * FROM duckdb_secrets()":                                      "duckdb_secrets()",
		"SELECT * FROM pragma_database_size()":                                "pragma_database_size()",
		"SELECT * FROM enable_logging(storage='file', storage_path='/tmp/x')": "enable_logging()",
		"SELECT * FROM enable_profiling(save_location='x')":                   "enable_profiling()",
		"SELECT * FROM checkpoint('logquarry')":                               "checkpoint()",
		"SELECT getenv('HOME')":                                               "getenv()",
		"SELECT nextval('s')":                                                 "nextval()",
		"SELECT * FROM '/etc/passwd'":                                         "a file in place of a table",
		"SELECT * FROM waf JOIN E'/etc/passwd' ON true":                       "a file in place of a table",
		"SELECT * FROM $$/etc/passwd$$":                                       "a file in place of a table",
		`SELECT * FROM "/etc/passwd"`:                                         "a file in place of a table",
		`SELECT * FROM "C:\x"`:                                                "a file in place of a table",
		`SELECT * FROM "notes.parquet"`:                                       "a file in place of a table",
		"SELECT DISTINCT FROM 'x.csv'":                                        "a file in place of a table",
		"COPY waf TO 'x'":                                                     "COPY is no question",
		"/* ; */ -- x\n copy (SELECT 1) TO 'x'":                               "COPY is no question",
		"ATTACH ':memory:'":                                                   "ATTACH is no question",
		"INSTALL httpfs":                                                      "INSTALL is no question",
		"LOAD 'x'":                                                            "LOAD is no question",
		"SET threads = 1":                                                     "SET is no question",
		"SET VARIABLE x = 1":                                                  "SET is no question",
		"RESET threads":                                                       "RESET is no question",
		"PRAGMA enable_profiling":                                             "PRAGMA is no question",
		"USE memory":                                                          "USE is no question",
		"CALL enable_logging()":                                               "CALL is no question",
		"EXPORT DATABASE 'x'":                                                 "EXPORT is no question",
		"IMPORT DATABASE 'x'":                                                 "IMPORT is no question",
		"CREATE SECRET (TYPE s3)":                                             "CREATE is no question",
		"CREATE TEMP VIEW v AS FROM read_text('x')":                           "CREATE is no question",
		"CREATE TEMP MACRO m() AS TABLE FROM read_text('x')":                  "CREATE is no question",
		"PREPARE p AS FROM read_text('x')":                                    "PREPARE is no question",
		"EXECUTE p":                                                           "EXECUTE is no question",
		"EXPLAIN ANALYZE INSERT INTO t VALUES (1)":                            "EXPLAIN is no question",
		"INSERT INTO t VALUES (1)":                                            "INSERT is no question",
		"DROP TABLE waf":                                                      "DROP is no question",
		"MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE":               "MERGE is no question",
		"WITH x AS (SELECT 1) INSERT INTO t FROM x":                           "writes",
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) FROM x":             "writes",
		"SELECT 1 INTO t":                                                     "writes",
		"SELECT 1; SELECT 2":                                                  "a second statement",
		"SELECT ';'; COPY t TO 'x'":                                           "a second statement",
		"\\copy":                                                              "this is no question",
	} {
		r, bad := Question(sql)
		if !bad || !strings.Contains(r.What, want) {
			t.Errorf("%s: %v, want %q", sql, r, want)
		}
	}
	if r, _ := Question("SELECT 1\n\nFROM\n  read_csv('x')"); r.Line != 4 {
		t.Errorf("line %d", r.Line)
	}
}

// TestQuestionAllows has texts that look as if.
func TestQuestionAllows(t *testing.T) {
	for _, sql := range []string{
		"SELECT 'read_csv(', \"copy\", $$FROM '/etc/passwd'$$ FROM waf -- FROM 'x'",
		"/*--- id: x ---*/ SELECT read_csv FROM waf AS read_csv;",
		"SELECT a IS DISTINCT FROM 'x', a IS NOT DISTINCT FROM 'y' FROM waf",
		"SELECT extract(hour FROM '2026-01-01'), trim(BOTH FROM 'x'), substring('abc' FROM 2)",
		"SELECT * FROM \"my table\" JOIN b USING (c)",
		"WITH x AS (SELECT 1 AS a) SELECT * FROM x, UNNEST([1]), range(3), json_each('{}'), config_at('x')",
		"(SELECT 1) UNION ALL (SELECT 2)",
		"VALUES (1)", "TABLE waf", "DESCRIBE waf", "SHOW TABLES", "SUMMARIZE waf",
		"SELECT count(*) FROM duckdb_tables() WHERE port_scan(a)",
	} {
		if r, bad := Question(sql); bad {
			t.Errorf("%s: %v", sql, r)
		}
	}
}
