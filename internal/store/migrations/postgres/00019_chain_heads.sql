-- +goose Up
-- Every chain has a head from the making of its organization on, at 0 until the
-- first record: one without a head was removed.
-- +goose StatementBegin
CREATE FUNCTION organizations_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_chains (organization_id, sequence, hash) VALUES (NEW.id, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT (organization_id) DO NOTHING;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER organizations_chain AFTER INSERT ON organizations FOR EACH ROW EXECUTE FUNCTION organizations_chain();
INSERT INTO audit_chains (organization_id, sequence, hash)
SELECT id, 0, decode(repeat('00', 32), 'hex') FROM (SELECT 'platform' AS id UNION ALL SELECT id FROM organizations) AS made
ON CONFLICT (organization_id) DO NOTHING;
