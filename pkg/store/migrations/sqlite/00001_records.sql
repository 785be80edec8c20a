-- +goose Up
-- Record tables: a row is one revision of one record. valid_to is null on the
-- current one, entry is its place in the ledger. Times are microseconds since
-- 1970 UTC; columns of bytes that are no hash are sealed.

CREATE TABLE policy (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX policy_current ON policy (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX policy_key_taken ON policy (key) WHERE valid_to IS NULL;

CREATE TABLE category (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT NOT NULL,
    labels TEXT,
    icon TEXT NOT NULL,
    severity TEXT NOT NULL,
    profile TEXT NOT NULL,
    lifetime_hours REAL NOT NULL,
    enabled INTEGER NOT NULL,
    density_metres REAL NOT NULL,
    density_hours REAL NOT NULL,
    density_weight REAL NOT NULL,
    ordering INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX category_current ON category (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX category_key_taken ON category (key) WHERE valid_to IS NULL;

CREATE TABLE channel (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    public_url TEXT NOT NULL,
    settings TEXT,
    secrets BLOB,
    enabled INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX channel_current ON channel (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX channel_name_taken ON channel (name) WHERE valid_to IS NULL;

CREATE TABLE person (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    email BLOB,
    languages TEXT,
    passphrase BLOB,
    disabled INTEGER NOT NULL,
    scripted INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX person_current ON person (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX person_name_taken ON person (name) WHERE valid_to IS NULL;

CREATE TABLE role (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    person TEXT,
    name TEXT NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX role_current ON role (id) WHERE valid_to IS NULL;
CREATE INDEX role_by_person ON role (person, id) WHERE valid_to IS NULL;

CREATE TABLE access_grant (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    person TEXT,
    areas TEXT,
    categories TEXT,
    hidden INTEGER NOT NULL,
    until INTEGER,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX access_grant_current ON access_grant (id) WHERE valid_to IS NULL;
CREATE INDEX access_grant_by_person ON access_grant (person, id) WHERE valid_to IS NULL;

CREATE TABLE credential (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    person TEXT,
    role TEXT NOT NULL,
    hash BLOB,
    expires INTEGER,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX credential_current ON credential (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX credential_hash_taken ON credential (hash) WHERE valid_to IS NULL;
CREATE INDEX credential_by_person ON credential (person, id) WHERE valid_to IS NULL;

CREATE TABLE message (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    channel TEXT,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider_key BLOB,
    digest BLOB,
    raw BLOB,
    variant INTEGER NOT NULL,
    why TEXT NOT NULL,
    source TEXT,
    report TEXT,
    submitter TEXT,
    batch TEXT,
    PRIMARY KEY (id, rev)
);
-- No message_current: the hot table. A revision closes the one before it, and the
-- primary key lets none come twice.
CREATE UNIQUE INDEX message_once ON message (provider_key, channel) WHERE rev = 1 AND NOT variant;
CREATE UNIQUE INDEX message_variant ON message (provider_key, channel, digest) WHERE rev = 1 AND variant;
CREATE INDEX message_by_channel ON message (channel, id) WHERE valid_to IS NULL;
CREATE INDEX message_by_batch ON message (batch, id) WHERE valid_to IS NULL AND batch IS NOT NULL;

CREATE TABLE source (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    channel TEXT,
    kind TEXT NOT NULL,
    address BLOB,
    address_index BLOB,
    pseudonym TEXT NOT NULL,
    reliability TEXT NOT NULL,
    opted_out INTEGER NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX source_current ON source (id) WHERE valid_to IS NULL;
CREATE INDEX source_by_address_index ON source (address_index, id) WHERE valid_to IS NULL;
CREATE INDEX source_by_channel ON source (channel, id) WHERE valid_to IS NULL;

CREATE TABLE report (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    channel TEXT,
    source TEXT,
    message TEXT,
    body BLOB,
    language TEXT NOT NULL,
    received_at INTEGER,
    occurred_from INTEGER,
    occurred_to INTEGER,
    occurred_precision TEXT NOT NULL,
    occurred_zone TEXT NOT NULL,
    said TEXT,
    words BLOB,
    given BLOB,
    contact BLOB,
    answers BLOB,
    form TEXT NOT NULL,
    submitter TEXT,
    receipt_hash BLOB,
    withdrawn INTEGER NOT NULL,
    batch TEXT,
    media TEXT,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX report_current ON report (id) WHERE valid_to IS NULL;
CREATE INDEX report_by_message ON report (message, id) WHERE valid_to IS NULL;
CREATE INDEX report_by_source ON report (source, id) WHERE valid_to IS NULL;
CREATE INDEX report_by_receipt_hash ON report (receipt_hash, id) WHERE valid_to IS NULL AND receipt_hash IS NOT NULL;
CREATE INDEX report_by_batch ON report (batch, id) WHERE valid_to IS NULL AND batch IS NOT NULL;

CREATE TABLE message_report (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    message TEXT,
    report TEXT,
    reason TEXT NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX message_report_current ON message_report (id) WHERE valid_to IS NULL;
CREATE INDEX message_report_by_message ON message_report (message, id) WHERE valid_to IS NULL;
CREATE INDEX message_report_by_report ON message_report (report, id) WHERE valid_to IS NULL;

CREATE TABLE location (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    report TEXT,
    incident TEXT,
    message TEXT,
    lon REAL,
    lat REAL,
    point BLOB,
    uncertainty_m REAL NOT NULL,
    method TEXT NOT NULL,
    words BLOB,
    name TEXT,
    country_code TEXT NOT NULL,
    admin1_code TEXT NOT NULL,
    admin1 TEXT NOT NULL,
    score REAL NOT NULL,
    certain INTEGER NOT NULL,
    why BLOB,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev),
    CONSTRAINT location_on_earth CHECK (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90),
    CONSTRAINT location_point CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) <> (point IS NULL))
);
CREATE UNIQUE INDEX location_current ON location (id) WHERE valid_to IS NULL;
CREATE INDEX location_by_report ON location (report, id) WHERE valid_to IS NULL;
CREATE INDEX location_by_incident ON location (incident, id) WHERE valid_to IS NULL AND incident IS NOT NULL;

CREATE TABLE assessment (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    incident TEXT NOT NULL,
    version INTEGER NOT NULL,
    person TEXT NOT NULL,
    verdict TEXT NOT NULL,
    credibility INTEGER NOT NULL,
    reliability TEXT NOT NULL,
    reason BLOB,
    on_ground INTEGER NOT NULL,
    as_verifier INTEGER NOT NULL,
    batch TEXT,
    PRIMARY KEY (id, rev),
    CONSTRAINT assessment_approval UNIQUE (id, person, incident, verdict, as_verifier),
    -- No machine judges: whoever wrote it is the person whose judgement it is.
    CONSTRAINT assessment_two_person CHECK (actor = 'person:' || person),
    CONSTRAINT assessment_credibility CHECK (credibility BETWEEN 0 AND 6)
) WITHOUT ROWID;
CREATE UNIQUE INDEX assessment_current ON assessment (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX assessment_once ON assessment (incident, person, version);
CREATE INDEX assessment_by_incident ON assessment (incident, id) WHERE valid_to IS NULL;
CREATE INDEX assessment_by_person ON assessment (person, id) WHERE valid_to IS NULL;

CREATE TABLE incident (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    phase_reason TEXT NOT NULL,
    severity TEXT NOT NULL,
    categories TEXT,
    location TEXT,
    occurred_from INTEGER,
    occurred_to INTEGER,
    occurred_precision TEXT NOT NULL,
    occurred_zone TEXT NOT NULL,
    first_received INTEGER,
    last_received INTEGER,
    reports INTEGER NOT NULL,
    sources INTEGER NOT NULL,
    shown_reports INTEGER NOT NULL,
    shown_sources INTEGER NOT NULL,
    shown_occurred_from INTEGER,
    shown_occurred_to INTEGER,
    shown_occurred_precision TEXT NOT NULL,
    shown_occurred_zone TEXT NOT NULL,
    shown_location TEXT,
    shown_categories TEXT,
    shown_severity TEXT NOT NULL,
    shown_bound TEXT,
    edited_location TEXT,
    edited_categories TEXT,
    edited_reports TEXT,
    first_assessment TEXT,
    first_person TEXT,
    first_as_verifier INTEGER NOT NULL,
    second_assessment TEXT,
    second_person TEXT,
    second_as_verifier INTEGER NOT NULL,
    merged_into TEXT,
    batch TEXT,
    first_verdict TEXT GENERATED ALWAYS AS (CASE WHEN first_assessment IS NOT NULL THEN 'approve' END) STORED,
    second_verdict TEXT GENERATED ALWAYS AS (CASE WHEN second_assessment IS NOT NULL THEN 'approve' END) STORED,
    PRIMARY KEY (id, rev),
    CONSTRAINT incident_two_first CHECK ((first_assessment IS NULL) = (first_person IS NULL)),
    CONSTRAINT incident_two_second CHECK ((second_assessment IS NULL) = (second_person IS NULL)),
    CONSTRAINT incident_two_order CHECK (second_person IS NULL OR first_person IS NOT NULL),
    CONSTRAINT incident_two_people CHECK (second_person IS NULL OR second_person <> first_person),
    CONSTRAINT incident_two_probable CHECK (status <> 'probable' OR first_person IS NOT NULL),
    CONSTRAINT incident_two_verified CHECK (status <> 'verified' OR (first_person IS NOT NULL AND second_person IS NOT NULL)),
    CONSTRAINT incident_two_verifier CHECK (status <> 'verified' OR severity <> 'life_safety' OR first_as_verifier OR second_as_verifier),
    CONSTRAINT incident_two_first_said FOREIGN KEY (first_assessment, first_person, id, first_verdict, first_as_verifier) REFERENCES assessment (id, person, incident, verdict, as_verifier),
    CONSTRAINT incident_two_second_said FOREIGN KEY (second_assessment, second_person, id, second_verdict, second_as_verifier) REFERENCES assessment (id, person, incident, verdict, as_verifier)
);
CREATE UNIQUE INDEX incident_current ON incident (id) WHERE valid_to IS NULL;
CREATE INDEX incident_by_status ON incident (status, id) WHERE valid_to IS NULL;
CREATE INDEX incident_by_batch ON incident (batch, id) WHERE valid_to IS NULL AND batch IS NOT NULL;
CREATE INDEX incident_by_merged_into ON incident (merged_into, id) WHERE valid_to IS NULL AND merged_into IS NOT NULL;

CREATE TABLE summary (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    incident TEXT,
    language TEXT NOT NULL,
    body BLOB,
    approved INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX summary_current ON summary (id) WHERE valid_to IS NULL;
CREATE INDEX summary_by_incident ON summary (incident, id) WHERE valid_to IS NULL;

CREATE TABLE membership (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    report TEXT,
    incident TEXT,
    reason TEXT NOT NULL,
    score REAL NOT NULL,
    why BLOB,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX membership_current ON membership (id) WHERE valid_to IS NULL;
CREATE INDEX membership_by_incident ON membership (incident, id) WHERE valid_to IS NULL;
CREATE INDEX membership_by_report ON membership (report, id) WHERE valid_to IS NULL;

CREATE TABLE relation (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_incident TEXT,
    to_incident TEXT,
    score REAL NOT NULL,
    why BLOB,
    ended INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;
CREATE UNIQUE INDEX relation_current ON relation (id) WHERE valid_to IS NULL;
CREATE INDEX relation_by_from_incident ON relation (from_incident, id) WHERE valid_to IS NULL;
CREATE INDEX relation_by_to_incident ON relation (to_incident, id) WHERE valid_to IS NULL;

CREATE TABLE evidence (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    incident TEXT,
    assessment TEXT,
    kind TEXT NOT NULL,
    url BLOB,
    note BLOB,
    blob TEXT,
    digest BLOB,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX evidence_current ON evidence (id) WHERE valid_to IS NULL;
CREATE INDEX evidence_by_incident ON evidence (incident, id) WHERE valid_to IS NULL;

CREATE TABLE blob (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    message TEXT,
    report TEXT,
    state TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    digest BLOB,
    name BLOB,
    url BLOB,
    why TEXT NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX blob_current ON blob (id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_message ON blob (message, id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_report ON blob (report, id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_state ON blob (state, id) WHERE valid_to IS NULL;

CREATE TABLE hotspot (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL CHECK (rev >= 1),
    valid_from INTEGER,
    valid_to INTEGER,
    entry INTEGER NOT NULL,
    actor TEXT NOT NULL,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    score REAL NOT NULL,
    members TEXT,
    reports INTEGER NOT NULL,
    sources INTEGER NOT NULL,
    categories TEXT,
    first_seen INTEGER,
    last_seen INTEGER,
    trend TEXT NOT NULL,
    why TEXT NOT NULL,
    parent TEXT,
    response TEXT NOT NULL,
    response_by TEXT,
    response_at INTEGER,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX hotspot_current ON hotspot (id) WHERE valid_to IS NULL;
CREATE INDEX hotspot_by_status ON hotspot (status, id) WHERE valid_to IS NULL;
