-- +goose Up
-- What a person agreed to before the verification, as the caller tells it:
-- JSON, sealed with the result's key.
ALTER TABLE verifications ADD COLUMN consent TEXT;
