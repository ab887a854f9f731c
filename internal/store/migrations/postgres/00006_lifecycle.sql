-- +goose Up
-- What earlier attempts of a verification came to. The evidence of their steps
-- stays in evidence.
CREATE TABLE attempts (
    verification_id TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    start_date BIGINT,
    end_date BIGINT,
    output TEXT,        -- JSON
    output_status TEXT NOT NULL,
    checks TEXT,        -- JSON
    output_path TEXT NOT NULL,
    export_path TEXT NOT NULL,
    failure TEXT,       -- JSON
    ocr_job_ids TEXT,   -- JSON
    fraud_job_ids TEXT, -- JSON
    retried_at BIGINT,
    retried_by TEXT NOT NULL,
    PRIMARY KEY (verification_id, number)
);

-- Who decided what about a verification, and why. Rows are never changed.
CREATE TABLE reviews (
    id TEXT PRIMARY KEY,
    verification_id TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    fields TEXT, -- JSON: field to value before and after
    closed BOOLEAN NOT NULL, -- it took effect; with four eyes the first does not
    reviewer_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    status_before TEXT NOT NULL,
    status_after TEXT NOT NULL,
    verdict_after TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX reviews_verification ON reviews (verification_id, created_at, id);

-- A group's rules of review; groups without a row have the default.
CREATE TABLE review_settings (
    group_id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    api_key TEXT NOT NULL,   -- policy for what API keys create
    dashboard TEXT NOT NULL, -- policy for what signed-in persons create
    four_eyes BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);

CREATE INDEX results_created ON results (created_at, id);
