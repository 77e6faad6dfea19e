-- The functions shipped SQL uses under the names Trino gives them, for those
-- that plain DuckDB does not have. They are stored in the case.

-- json_extract_scalar(json, path) is the text at a path; NULL for objects and arrays.
CREATE OR REPLACE MACRO json_extract_scalar(doc, path) AS
  json_value(doc, path) ->> '$';
