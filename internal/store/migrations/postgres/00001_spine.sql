-- +goose Up
-- Times are unix microseconds, ids and JSON are TEXT. Every row of a tenant
-- carries its organization and group; the pair must be a real group.

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    balance BIGINT NOT NULL CHECK (balance >= 0),
    webhook_secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, name)
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX users_group ON users (organization_id, group_id);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX api_keys_group ON api_keys (organization_id, group_id);

CREATE TABLE services (
    code TEXT PRIMARY KEY,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
INSERT INTO services (code, enabled, created_at, created_by, updated_at, updated_by)
VALUES ('KTP_VERIFICATION', TRUE, 1793491200000000, 'system', 1793491200000000, 'system');

CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL, -- lower case, for the search
    is_starred BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX folders_group ON folders (group_id, created_at, id);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    category TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX uploads_group ON uploads (group_id, created_at);

CREATE TABLE files (
    path TEXT PRIMARY KEY,
    upload_id TEXT NOT NULL REFERENCES uploads (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    category TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    pages BIGINT NOT NULL
);
CREATE INDEX files_upload ON files (upload_id);

CREATE TABLE results (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    folder_id TEXT NOT NULL REFERENCES folders (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX results_folder ON results (folder_id, created_at, id);

CREATE TABLE verifications (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    service_id TEXT NOT NULL,
    service_name TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    api_key TEXT, -- JSON
    folder_id TEXT NOT NULL REFERENCES folders (id),
    result_id TEXT NOT NULL REFERENCES results (id),
    status TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    start_date BIGINT,
    end_date BIGINT,
    input_config TEXT NOT NULL, -- JSON, as sent
    config TEXT NOT NULL,       -- JSON
    total_files BIGINT NOT NULL,
    total_pages BIGINT NOT NULL,
    output TEXT,                -- JSON
    output_status TEXT NOT NULL,
    checks TEXT,                -- JSON
    output_path TEXT NOT NULL,
    export_path TEXT NOT NULL,
    failure TEXT,               -- JSON
    ocr_job_ids TEXT,           -- JSON
    fraud_job_ids TEXT,         -- JSON
    webhook_url TEXT NOT NULL,
    webhook_metadata TEXT,      -- JSON
    webhook_secret TEXT NOT NULL,
    credit_cost BIGINT NOT NULL,
    credit_used BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL DEFAULT 0 -- of its events
);
CREATE INDEX verifications_result ON verifications (result_id, created_at, id);
CREATE INDEX verifications_folder ON verifications (folder_id, service_id);
CREATE INDEX verifications_status ON verifications (status, updated_at);

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (verification_id, sequence)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    steps TEXT, -- JSON
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX jobs_verification ON jobs (verification_id, attempt);

CREATE TABLE evidence (
    verification_id TEXT NOT NULL REFERENCES verifications (id),
    attempt BIGINT NOT NULL,
    step TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    evidence TEXT NOT NULL, -- JSON
    at BIGINT NOT NULL,
    PRIMARY KEY (verification_id, attempt, step)
);

CREATE TABLE ledger_entries (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    verification_id TEXT REFERENCES verifications (id),
    attempt BIGINT NOT NULL,
    kind TEXT NOT NULL,
    credits BIGINT NOT NULL CHECK (credits >= 0),
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (verification_id, attempt, kind),
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX ledger_entries_group ON ledger_entries (group_id, created_at);

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    url TEXT NOT NULL,
    body BYTEA NOT NULL,
    secret TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (verification_id, sequence)
);

CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    http_status BIGINT NOT NULL,
    error TEXT NOT NULL,
    duration BIGINT NOT NULL, -- microseconds
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE watch_lists (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    checksum TEXT NOT NULL,
    entity_count BIGINT NOT NULL,
    path TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    UNIQUE (name, version)
);
