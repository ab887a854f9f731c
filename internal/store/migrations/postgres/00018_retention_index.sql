-- +goose Up
-- The retention sweep looks at what a group still keeps, not at what is gone.
ALTER TABLE results ADD COLUMN erased_at BIGINT;
UPDATE results SET erased_at = (SELECT at FROM erasures WHERE erasures.result_id = results.id);
DROP INDEX results_group;
CREATE INDEX results_kept ON results (group_id, created_at, id) WHERE erased_at IS NULL;
CREATE INDEX results_with_files ON results (group_id, created_at, id) WHERE erased_at IS NULL AND files_forgotten_at IS NULL;
