-- +goose Up
-- The hits that earlier verdicts showed, JSON: entity to fingerprints. Of one
-- that comes back nobody is told again.
ALTER TABLE watched_persons ADD COLUMN told TEXT NOT NULL DEFAULT '{}';
