-- +goose Up
-- Whether a verification ever used the file: UNUSED, USED, or DELETED, which is
-- about to go. Files from before count as used: nobody had noted it.
ALTER TABLE files ADD COLUMN state TEXT NOT NULL DEFAULT 'USED';
CREATE INDEX files_unused ON files (upload_id) WHERE state <> 'USED';
