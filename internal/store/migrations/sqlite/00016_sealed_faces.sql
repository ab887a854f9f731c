-- +goose Up
-- Whether the face is sealed. One from before lies open until the next start of
-- a server.
ALTER TABLE known_faces ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX known_faces_open ON known_faces (verification_id) WHERE NOT sealed;
