-- +goose Up
-- What channels send and fetch.
ALTER TABLE report ADD COLUMN subject bytea;
ALTER TABLE report ADD COLUMN quoted bytea;
ALTER TABLE report ADD COLUMN checks text;
ALTER TABLE message_report ADD COLUMN name bytea;
CREATE INDEX message_report_by_name ON message_report (name, id) WHERE valid_to IS NULL AND name IS NOT NULL;
ALTER TABLE credential ADD COLUMN report text COLLATE "C";
-- Only what goes out names a source and a report.
CREATE INDEX message_by_source ON message (source, id) WHERE valid_to IS NULL AND source IS NOT NULL;
CREATE INDEX message_by_report ON message (report, id) WHERE valid_to IS NULL AND report IS NOT NULL;

-- Working tables: no entry in the ledger.
CREATE TABLE position (
    channel text COLLATE "C" PRIMARY KEY,
    cursor bytea NOT NULL
);
CREATE TABLE delivery (
    message text COLLATE "C" PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    due timestamptz NOT NULL,
    provider_key bytea,
    code text NOT NULL,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX delivery_waiting ON delivery (due) WHERE state IN ('queued', 'handed');
CREATE INDEX delivery_by_provider_key ON delivery (provider_key) WHERE provider_key IS NOT NULL;
CREATE INDEX delivery_by_channel ON delivery (channel, since);
CREATE TABLE traffic (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    direction text NOT NULL,
    method text NOT NULL,
    host text NOT NULL,
    status integer NOT NULL,
    code text NOT NULL,
    bytes bigint NOT NULL,
    took bigint NOT NULL,
    messages integer NOT NULL,
    exchanges integer NOT NULL,
    shape text NOT NULL
);
CREATE INDEX traffic_by_channel ON traffic (channel, at);
CREATE INDEX traffic_by_at ON traffic (at);
