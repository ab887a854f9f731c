-- +goose Up
-- Every chain has a head from the making of its organization on, at 0 until the
-- first record: one without a head was removed.
INSERT INTO audit_chains (organization_id, sequence, hash)
SELECT id, 0, zeroblob(32) FROM (SELECT 'platform' AS id UNION ALL SELECT id FROM organizations) AS made WHERE true
ON CONFLICT (organization_id) DO NOTHING;
