-- The tables of a case beside those of the sources.

CREATE TABLE IF NOT EXISTS case_info (key VARCHAR PRIMARY KEY, value VARCHAR);

-- One row a file.
CREATE TABLE IF NOT EXISTS evidence (
  file_id            BIGINT NOT NULL,
  path               VARCHAR NOT NULL, -- as found; archive!member for a file out of an archive
  source             VARCHAR,          -- NULL: no known source
  identified_by      VARCHAR,          -- content, name or asked
  status             VARCHAR NOT NULL, -- loaded, partial (something rejected), empty, unreadable, unknown, same (as another file)
  sha256             VARCHAR,          -- of the bytes as they lie, hexadecimal
  bytes              BIGINT,
  decompressed_bytes BIGINT,
  compression        VARCHAR,
  records            BIGINT NOT NULL,  -- = loaded + duplicates + rejected
  loaded             BIGINT NOT NULL,
  duplicates         BIGINT NOT NULL,
  rejected           BIGINT NOT NULL,
  outside            BIGINT NOT NULL,  -- records before --since or after --until, not among records
  repaired           BIGINT NOT NULL,  -- rows kept with a value in extra or bytes replaced
  first_event_time   TIMESTAMP,
  last_event_time    TIMESTAMP,
  since              TIMESTAMP,        -- the times asked for; NULL: all
  until              TIMESTAMP,
  loaded_at          TIMESTAMP,
  loaded_by          VARCHAR,          -- version of the program
  same_as            BIGINT,           -- file_id of the file with the same bytes
  fields             VARCHAR,          -- field names of the header line
  note               VARCHAR,
  bucket             VARCHAR,
  object_key         VARCHAR,
  version_id         VARCHAR,
  etag               VARCHAR,
  encryption         VARCHAR,
  kms_key_id         VARCHAR
);

-- How the records of a file arrived, where not as they are; since 0.3.
ALTER TABLE evidence ADD COLUMN IF NOT EXISTS arrival VARCHAR;

-- What could not be read, and why.
CREATE TABLE IF NOT EXISTS rejects (
  file_id   BIGINT NOT NULL,
  path      VARCHAR NOT NULL,
  source    VARCHAR,
  record_no BIGINT, -- place among the file's records, from 1
  line      BIGINT, -- line in which it begins, from 1
  "offset"  BIGINT, -- byte in the unpacked file at which it begins
  reason    VARCHAR NOT NULL,
  raw       BLOB    -- the bytes, at most the first 4096
);

-- What was done to the case. Each row's hash covers the row before.
CREATE TABLE IF NOT EXISTS actions (
  action_no BIGINT NOT NULL,
  done_at   TIMESTAMP NOT NULL,
  os_user   VARCHAR,
  host      VARCHAR,
  version   VARCHAR,
  action    VARCHAR NOT NULL,
  detail    VARCHAR, -- JSON
  previous  VARCHAR, -- hash of the action before; NULL in the first
  hash      VARCHAR NOT NULL -- SHA-256 over previous and all columns before it, one a line
);

-- Results that were kept. What a row says is in its action too, hashed.
CREATE TABLE IF NOT EXISTS findings (
  finding_id  BIGINT NOT NULL,
  kept_at     TIMESTAMP NOT NULL,
  os_user     VARCHAR,
  host        VARCHAR,
  version     VARCHAR, -- of the program
  hunt_id     VARCHAR, -- NULL: not of a hunt
  title       VARCHAR,
  note        VARCHAR,
  sql         VARCHAR NOT NULL,
  parameters  VARCHAR NOT NULL, -- JSON: name, type and value of each, in the order of names
  columns     VARCHAR NOT NULL, -- JSON: name and type of each, in order
  row_count   BIGINT NOT NULL,
  rows_sha256 VARCHAR NOT NULL  -- SHA-256 over the SHA-256 of each row's cells in hexadecimal, sorted, one a line
);

-- The rows of findings, as they were when they were kept.
CREATE TABLE IF NOT EXISTS finding_rows (
  finding_id BIGINT NOT NULL,
  row_no     BIGINT NOT NULL, -- from 1, in the order the query gave them
  cells      VARCHAR NOT NULL -- JSON array, a cell a column
);
