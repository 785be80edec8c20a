-- +goose Up
-- The ledger: every entry in order, the hashes of its tree in pages, and one row
-- that says whose ledger this is and how far it goes.
CREATE TABLE ledger_head (
    one bigint PRIMARY KEY CHECK (one = 1),
    origin text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    seal bytea NOT NULL
);
CREATE TABLE ledger_entry (
    idx bigint PRIMARY KEY,
    tbl text NOT NULL,
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL,
    leaf bytea NOT NULL
);
CREATE INDEX ledger_entry_by_id ON ledger_entry (id, idx);
CREATE INDEX ledger_forgotten ON ledger_entry (idx) WHERE tbl = 'data_keys';
CREATE TABLE ledger_page (
    page bigint PRIMARY KEY,
    hashes bytea NOT NULL
);

-- Forgetting is deleting a row of this one.
CREATE TABLE data_keys (
    owner text COLLATE "C" PRIMARY KEY,
    wrapped bytea NOT NULL
);

-- Working tables: no entry in the ledger, nothing of them is evidence.
CREATE TABLE claim (
    incident text COLLATE "C" PRIMARY KEY,
    person text COLLATE "C" NOT NULL,
    token text NOT NULL,
    since timestamptz NOT NULL,
    expires timestamptz NOT NULL
);
CREATE TABLE lease (
    name text PRIMARY KEY,
    token bigint NOT NULL,
    holder text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE TABLE cursor (
    consumer text PRIMARY KEY,
    next bigint NOT NULL
);
CREATE TABLE retry (
    message text COLLATE "C" PRIMARY KEY,
    attempts bigint NOT NULL,
    due timestamptz NOT NULL,
    quarantined boolean NOT NULL,
    code text NOT NULL,
    detail text NOT NULL
);
CREATE INDEX retry_by_due ON retry (due) WHERE NOT quarantined;
CREATE TABLE session (
    hash bytea PRIMARY KEY,
    person text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    seen timestamptz NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX session_by_person ON session (person);

-- Reserved: which person is which source, with who said so, why, since when and
-- until when. Nothing writes it yet.
CREATE TABLE person_source (
    person text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    PRIMARY KEY (person, source, since)
);
