-- +goose Up
-- What an event tells of: a transition, or an alert of the watch lists.
ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'verification.status_changed';

INSERT INTO services (code, enabled, created_at, created_by, updated_at, updated_by)
VALUES ('PERSON_SCREENING', TRUE, 1793491200000000, 'system', 1793491200000000, 'system');

-- Who is searched again when lists change. The rows hold what a card says and
-- go with their verification.
CREATE TABLE watched_persons (
    verification_id TEXT PRIMARY KEY REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    subject BYTEA NOT NULL,  -- keyed hash of the person
    query TEXT NOT NULL,    -- JSON
    alerts TEXT NOT NULL,   -- JSON: entity to fingerprint
    lists TEXT NOT NULL,    -- the versions last searched
    screened_at BIGINT NOT NULL,
    held BOOLEAN NOT NULL
);
CREATE INDEX watched_persons_subject ON watched_persons (subject);

-- Hits that a reviewer has set aside for a person.
CREATE TABLE dismissals (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    subject BYTEA NOT NULL,
    entity_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL, -- of the entity when it was dismissed
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    UNIQUE (subject, entity_id)
);
