-- +goose Up
-- What stays of an erased result.
CREATE TABLE erasures (
    result_id TEXT PRIMARY KEY REFERENCES results (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    folder_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    verifications INTEGER NOT NULL,
    commitments TEXT NOT NULL, -- JSON
    files TEXT                 -- JSON: still to be deleted; NULL: gone
) STRICT;

-- Whom a verification is about, as a keyed hash.
CREATE TABLE subjects (
    verification_id TEXT PRIMARY KEY REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    subject BLOB NOT NULL
) STRICT;
CREATE INDEX subjects_subject ON subjects (subject);

-- Which results use an uploaded file.
CREATE TABLE file_uses (
    path TEXT NOT NULL,
    result_id TEXT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    PRIMARY KEY (path, result_id)
) STRICT;

-- How many days a group keeps a class of data.
CREATE TABLE retention (
    group_id TEXT NOT NULL,
    class TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    days INTEGER NOT NULL CHECK (days > 0),
    PRIMARY KEY (group_id, class),
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
) STRICT;

ALTER TABLE results ADD COLUMN files_forgotten_at INTEGER;
CREATE INDEX results_group ON results (group_id, created_at);
