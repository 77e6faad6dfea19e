-- The tables of a watch. They are made in a case when it is first watched.

-- What arrived. A row whose state is taken belongs to a round that was cut off,
-- and is taken again.
CREATE TABLE IF NOT EXISTS watch_arrivals (
  arrival_id VARCHAR NOT NULL,
  source     VARCHAR NOT NULL, -- from where
  path       VARCHAR,          -- as in evidence; NULL: it has no file
  round_no   BIGINT NOT NULL,
  state      VARCHAR NOT NULL, -- taken, done, known (was in the case before), aside (not or not wholly read)
  reason     VARCHAR,          -- why it was set aside
  arrived_at TIMESTAMP NOT NULL,
  done_at    TIMESTAMP
);

-- Messages that were taken, so that one that comes again is known.
CREATE TABLE IF NOT EXISTS watch_parts (
  part_id  VARCHAR NOT NULL,
  round_no BIGINT NOT NULL
);

-- Rules that look at the whole case.
CREATE TABLE IF NOT EXISTS watch_rules (
  rule_key    VARCHAR PRIMARY KEY,
  fingerprint VARCHAR NOT NULL, -- of its text, parameters and since
  round_no    BIGINT NOT NULL   -- the last round whose rows it has seen
);

-- The outbox: each finding once.
CREATE TABLE IF NOT EXISTS watch_findings (
  finding_id VARCHAR PRIMARY KEY,
  finding_no BIGINT,           -- NULL: it was there before the watch, and is not told
  rule_id    VARCHAR NOT NULL,
  title      VARCHAR,
  severity   VARCHAR,
  round_no   BIGINT NOT NULL,
  found_at   TIMESTAMP NOT NULL,
  finding    VARCHAR           -- JSON, as it is sent
);

-- How far each target is: findings up to finding_no are delivered, dead, or in
-- watch_retries.
CREATE TABLE IF NOT EXISTS watch_targets (
  target     VARCHAR PRIMARY KEY,
  finding_no BIGINT NOT NULL,
  sent       BIGINT NOT NULL,
  dead       BIGINT NOT NULL,
  last_error VARCHAR,
  noted_at   TIMESTAMP NOT NULL
);

-- Findings that failed and are tried again.
CREATE TABLE IF NOT EXISTS watch_retries (
  target     VARCHAR NOT NULL,
  finding_no BIGINT NOT NULL,
  tries      BIGINT NOT NULL,
  error      VARCHAR
);

-- Dead letters: findings that a target refused, or did not take in time.
CREATE TABLE IF NOT EXISTS watch_dead (
  target     VARCHAR NOT NULL,
  finding_no BIGINT NOT NULL,
  tries      BIGINT NOT NULL,
  error      VARCHAR,
  dead_at    TIMESTAMP NOT NULL
);

-- The state of the watch as a whole.
CREATE TABLE IF NOT EXISTS watch_state (key VARCHAR PRIMARY KEY, value VARCHAR);
