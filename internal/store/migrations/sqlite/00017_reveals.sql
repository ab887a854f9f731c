-- +goose Up
-- Who revealed a masked value, and why. The audit record of it names the row;
-- the row goes with its result.
CREATE TABLE reveals (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL, -- sealed
    actor TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX reveals_verification ON reveals (verification_id, at, id);
