-- +goose Up
-- Who moved credits by hand; empty for what verifications move.
ALTER TABLE ledger_entries ADD COLUMN actor TEXT NOT NULL DEFAULT '';

-- The ledger summed up. A verification's attempt counts on the day (UTC) on
-- which it was accepted, whenever it is settled or released.
CREATE TABLE credit_usage (
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    service_id TEXT NOT NULL,
    day TEXT NOT NULL, -- 2026-11-23
    attempts INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    released INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id, service_id, day),
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
) STRICT;
CREATE INDEX credit_usage_user ON credit_usage (user_id, day);
CREATE INDEX credit_usage_organization ON credit_usage (organization_id, day);
INSERT INTO credit_usage (organization_id, group_id, user_id, service_id, day, attempts, reserved, settled, released)
SELECT e.organization_id, e.group_id, v.user_id, v.service_id,
    strftime('%Y-%m-%d', COALESCE(r.created_at, e.created_at) / 1000000, 'unixepoch') AS day,
    SUM(CASE e.kind WHEN 'RESERVE' THEN 1 ELSE 0 END),
    SUM(CASE e.kind WHEN 'RESERVE' THEN e.credits ELSE 0 END),
    SUM(CASE e.kind WHEN 'SETTLE' THEN e.credits ELSE 0 END),
    SUM(CASE e.kind WHEN 'RELEASE' THEN e.credits ELSE 0 END)
FROM ledger_entries e JOIN verifications v ON v.id = e.verification_id
LEFT JOIN ledger_entries r ON r.verification_id = e.verification_id AND r.attempt = e.attempt AND r.kind = 'RESERVE'
GROUP BY e.organization_id, e.group_id, v.user_id, v.service_id, day;

-- Credits that a user may use in a calendar month (UTC). No row: no limit.
CREATE TABLE user_quotas (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    monthly_credits INTEGER NOT NULL CHECK (monthly_credits >= 0),
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

-- Calls per minute of a group or an API key. No row: the configured number.
CREATE TABLE rate_limits (
    subject_id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    per_minute INTEGER NOT NULL CHECK (per_minute >= 0),
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

-- Answers to calls with an Idempotency-Key, kept for 24 hours. The id is a
-- keyed hash, the answer is encrypted with a key made of the caller's.
CREATE TABLE idempotent_answers (
    id BLOB PRIMARY KEY,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    request BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
) STRICT;
CREATE INDEX idempotent_answers_age ON idempotent_answers (created_at);
