-- +goose Up
-- Whether the group's users and reviewers see personal data masked.
ALTER TABLE groups ADD COLUMN mask_personal_data BOOLEAN NOT NULL DEFAULT FALSE;

-- Keys go on seeing what they saw.
UPDATE api_keys SET scopes = replace(scopes, '"verifications:read"', '"verifications:read","personal-data:read","files:read"');

-- What a person recognises a sign-in by.
ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET last_seen_at = created_at;

-- Who a user is at an identity provider.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
);

-- Attempts to sign in, counted per account and source and per network. The
-- buckets are keyed hashes.
CREATE TABLE sign_in_attempts (
    bucket BYTEA PRIMARY KEY,
    attempts INTEGER NOT NULL,
    closed_until BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_at ON sign_in_attempts (at);
