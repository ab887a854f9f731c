-- +goose Up
-- The key of each result and each uploaded file, wrapped by the master keyset.
-- Without its key nothing of the owner can be read again: a destroyed one keeps
-- its row, so that no new key is made for an erased owner.
CREATE TABLE data_keys (
    owner_id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    wrapped BLOB, -- NULL: destroyed
    created_at INTEGER NOT NULL,
    destroyed_at INTEGER,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
) STRICT;
