-- +goose Up
-- Who did what: a hash chain per organization, and one of the platform. The
-- rows name people and things by id and outlive them.
CREATE TABLE audit_records (
    organization_id TEXT NOT NULL, -- or 'platform'
    sequence INTEGER NOT NULL,     -- 1, 2, 3 … without gaps
    group_id TEXT NOT NULL,        -- may be empty
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT NOT NULL,
    outcome TEXT NOT NULL,
    details TEXT,                  -- JSON
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (organization_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_records_object ON audit_records (object_id, organization_id);
CREATE INDEX audit_records_at ON audit_records (organization_id, at);
CREATE INDEX audit_records_actor ON audit_records (actor_id, organization_id, sequence);

-- Where each chain ends. Writers of one chain wait for one another here.
CREATE TABLE audit_chains (
    organization_id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- The platform's signed word for where a chain was.
CREATE TABLE audit_checkpoints (
    organization_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (organization_id, sequence)
) STRICT;

-- Against accidents; who can drop a trigger is found by anycheck audit verify.
-- +goose StatementBegin
CREATE TRIGGER audit_records_update BEFORE UPDATE ON audit_records BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_records_delete BEFORE DELETE ON audit_records BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END;
-- +goose StatementEnd
