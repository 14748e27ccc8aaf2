CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    provider_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    request TEXT NOT NULL,
    requester_id INTEGER,
    requester_email TEXT,
    group_name TEXT,
    request_id TEXT NOT NULL,
    revision_min INTEGER NOT NULL,
    is_exclusive INTEGER NOT NULL,
    state TEXT NOT NULL,
    rows_done INTEGER NOT NULL DEFAULT 0,
    rows_total INTEGER,
    revision INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempts_max INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    lease_until INTEGER,
    not_before INTEGER NOT NULL,
    error_code TEXT,
    error_message TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    manifest TEXT,
    downloads INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_provider ON jobs (provider_id, id);
CREATE INDEX jobs_unfinished ON jobs (kind, provider_id, id) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX jobs_exclusive ON jobs (provider_id, kind, subject)
    WHERE is_exclusive = 1 AND state IN ('queued', 'running');
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE state = 'succeeded';
CREATE INDEX jobs_created_at ON jobs (created_at);

CREATE TABLE job_files (
    job_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    is_consumed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_files_path ON job_files (path);

CREATE TABLE job_keys (
    provider_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    jobs TEXT NOT NULL,
    answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_keys_created_at ON job_keys (created_at);

CREATE TABLE identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id INTEGER NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    events TEXT NOT NULL,
    has_all_events INTEGER NOT NULL,
    is_enabled INTEGER NOT NULL,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (provider_id, url)
) STRICT;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_id INTEGER NOT NULL,
    webhook_id INTEGER,
    mailbox TEXT,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'PENDING',
    status_code INTEGER,
    error TEXT,
    duration_ms INTEGER,
    created_at INTEGER NOT NULL,
    next_attempt_at INTEGER,
    ended_at INTEGER,
    worker TEXT,
    lease_until INTEGER,
    CHECK ((webhook_id IS NULL) <> (mailbox IS NULL))
) STRICT;
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
