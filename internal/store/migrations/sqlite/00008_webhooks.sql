-- +goose Up
-- The secret before the last rotation signs along until its time is over.
ALTER TABLE groups ADD COLUMN previous_webhook_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN previous_secret_until INTEGER NOT NULL DEFAULT 0;

-- A round is the tries after one replay; 0 is the first sending.
ALTER TABLE deliveries ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN round_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN round_attempts INTEGER NOT NULL DEFAULT 0; -- made before it
ALTER TABLE deliveries ADD COLUMN next_at INTEGER;
UPDATE deliveries SET round_at = created_at;
CREATE INDEX deliveries_group ON deliveries (group_id, created_at, id);
CREATE INDEX deliveries_organization ON deliveries (organization_id, created_at, id);
CREATE INDEX deliveries_created ON deliveries (created_at, id);
CREATE INDEX deliveries_address ON deliveries (group_id, url) WHERE state = 'PENDING';

-- What the receiver answered, as it came: not to be trusted.
ALTER TABLE delivery_attempts ADD COLUMN answer BLOB NOT NULL DEFAULT x'';

-- Addresses that answered 410.
CREATE TABLE disabled_webhooks (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    url TEXT NOT NULL,
    delivery_id TEXT NOT NULL, -- that was answered so
    disabled_at INTEGER NOT NULL,
    UNIQUE (group_id, url),
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
) STRICT;

-- The place of an event among all; NULL until it is given one.
ALTER TABLE events ADD COLUMN place INTEGER;
UPDATE events SET place = n.place FROM (
    SELECT id, ROW_NUMBER() OVER (ORDER BY reached, verification_id, sequence) AS place FROM (
        SELECT id, verification_id, sequence, MAX(at) OVER (PARTITION BY verification_id ORDER BY sequence) AS reached FROM events) AS e) AS n
WHERE n.id = events.id;
CREATE TABLE event_places (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;
INSERT INTO event_places (name, last) SELECT 'events', COALESCE(MAX(place), 0) FROM events;
CREATE UNIQUE INDEX events_place ON events (place) WHERE place IS NOT NULL;
CREATE INDEX events_group_place ON events (group_id, place) WHERE place IS NOT NULL;
CREATE INDEX events_organization_place ON events (organization_id, place) WHERE place IS NOT NULL;
CREATE INDEX events_unplaced ON events (verification_id, sequence) WHERE place IS NULL;
