-- +goose Up
-- When a list was last found unchanged at its source.
ALTER TABLE watch_lists ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;
UPDATE watch_lists SET checked_at = imported_at;

-- Which version of a list was searched when. The open interval is the active
-- version's.
CREATE TABLE watch_list_uses (
    list_id TEXT NOT NULL REFERENCES watch_lists (id),
    from_at INTEGER NOT NULL,
    to_at INTEGER,
    PRIMARY KEY (list_id, from_at)
) STRICT;
INSERT INTO watch_list_uses (list_id, from_at, to_at)
SELECT l.id, l.imported_at, (SELECT n.imported_at FROM watch_lists n WHERE n.name = l.name AND n.version = l.version + 1) FROM watch_lists l;
