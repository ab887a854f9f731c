-- +goose Up
-- Every chain has a head from the making of its organization on, at 0 until the
-- first record: one without a head was removed.
INSERT INTO audit_chains (organization_id, sequence, hash)
SELECT id, 0, decode(repeat('00', 32), 'hex') FROM (SELECT 'platform' AS id UNION ALL SELECT id FROM organizations) AS made
ON CONFLICT (organization_id) DO NOTHING;
