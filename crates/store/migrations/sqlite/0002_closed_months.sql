CREATE TABLE closed_months (
    provider_id INTEGER NOT NULL,
    month INTEGER NOT NULL,
    version INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    note TEXT,
    revision INTEGER NOT NULL,
    facts TEXT NOT NULL,
    reopened_at INTEGER,
    reopened_by TEXT,
    reopen_reason TEXT,
    PRIMARY KEY (provider_id, month, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX closed_months_in_force ON closed_months (provider_id, month)
    WHERE reopened_at IS NULL;

CREATE TABLE closed_parts (
    id INTEGER PRIMARY KEY,
    provider_id INTEGER NOT NULL,
    month INTEGER NOT NULL,
    version INTEGER NOT NULL,
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (provider_id, month, version, currency, kind)
) STRICT;

CREATE TABLE closed_chunks (
    part_id INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (part_id, chunk)
) STRICT;

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_provider ON audit_log (provider_id, id);
