-- +goose Up
-- The ledger: every entry in order, the hashes of its tree in pages, and one row
-- that says whose ledger this is and how far it goes.
CREATE TABLE ledger_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    seal BLOB NOT NULL
);
CREATE TABLE ledger_entry (
    idx INTEGER PRIMARY KEY,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    leaf BLOB NOT NULL
);
CREATE INDEX ledger_entry_by_id ON ledger_entry (id, idx);
CREATE INDEX ledger_forgotten ON ledger_entry (idx) WHERE tbl = 'data_keys';
CREATE TABLE ledger_page (
    page INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
);

-- Forgetting is deleting a row of this one.
CREATE TABLE data_keys (
    owner TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) WITHOUT ROWID;

-- Working tables: no entry in the ledger, nothing of them is evidence.
CREATE TABLE claim (
    incident TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    token TEXT NOT NULL,
    since INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    token INTEGER NOT NULL,
    holder TEXT NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cursor (
    consumer TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE retry (
    message TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX retry_by_due ON retry (due) WHERE NOT quarantined;
CREATE TABLE session (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person);

-- Reserved: which person is which source, with who said so, why, since when and
-- until when. Nothing writes it yet.
CREATE TABLE person_source (
    person TEXT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (person, source, since)
) WITHOUT ROWID;
