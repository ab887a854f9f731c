-- +goose Up
-- A test key acts in the sandbox of its group: a group and an organization of
-- their own, whose ids have the version 8 where the live ones have 7.
ALTER TABLE api_keys ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE;
