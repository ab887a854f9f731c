-- +goose Up
-- Which face was presented under which NIK. The rows tell who somebody is and
-- go with their verification.
CREATE TABLE known_faces (
    organization_id TEXT NOT NULL,
    space TEXT NOT NULL, -- only rows of one space can be compared
    verification_id TEXT NOT NULL UNIQUE REFERENCES verifications (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL,
    owner BYTEA NOT NULL,
    face BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, space, verification_id)
);
