-- +goose Up
-- What channels send and fetch.
ALTER TABLE report ADD COLUMN subject BLOB;
ALTER TABLE report ADD COLUMN quoted BLOB;
ALTER TABLE report ADD COLUMN checks TEXT;
ALTER TABLE message_report ADD COLUMN name BLOB;
CREATE INDEX message_report_by_name ON message_report (name, id) WHERE valid_to IS NULL AND name IS NOT NULL;
ALTER TABLE credential ADD COLUMN report TEXT;
-- Only what goes out names a source and a report.
CREATE INDEX message_by_source ON message (source, id) WHERE valid_to IS NULL AND source IS NOT NULL;
CREATE INDEX message_by_report ON message (report, id) WHERE valid_to IS NULL AND report IS NOT NULL;

-- Working tables: no entry in the ledger.
CREATE TABLE position (
    channel TEXT PRIMARY KEY,
    cursor BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE delivery (
    message TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    provider_key BLOB,
    code TEXT NOT NULL,
    since INTEGER NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX delivery_waiting ON delivery (due) WHERE state IN ('queued', 'handed');
CREATE INDEX delivery_by_provider_key ON delivery (provider_key) WHERE provider_key IS NOT NULL;
CREATE INDEX delivery_by_channel ON delivery (channel, since);
CREATE TABLE traffic (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    direction TEXT NOT NULL,
    method TEXT NOT NULL,
    host TEXT NOT NULL,
    status INTEGER NOT NULL,
    code TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    took INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    exchanges INTEGER NOT NULL,
    shape TEXT NOT NULL
);
CREATE INDEX traffic_by_channel ON traffic (channel, at);
CREATE INDEX traffic_by_at ON traffic (at);
