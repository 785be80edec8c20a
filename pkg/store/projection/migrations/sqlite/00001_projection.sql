-- +goose Up
-- The public copy: every thing that was ever shown, as it is now. Nothing in it is
-- private, and nothing of it is kept elsewhere: it can be built again. batch is the
-- publication that last changed it, in microseconds since 1970 UTC.
CREATE TABLE item (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX item_by_batch ON item (batch);

-- How far the publisher has come: one row.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    batch INTEGER NOT NULL,
    next INTEGER NOT NULL
);
