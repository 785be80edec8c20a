-- +goose Up
-- Record tables: a row is one revision of one record. valid_to is null on the
-- current one, entry is its place in the ledger. An entry is null only inside the
-- transaction that writes it; columns of bytes that are no hash are sealed.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE policy (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX policy_current ON policy (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX policy_key_taken ON policy (key) WHERE valid_to IS NULL;

CREATE TABLE category (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    key text NOT NULL,
    parent text NOT NULL,
    labels text,
    icon text NOT NULL,
    severity text NOT NULL,
    profile text NOT NULL,
    lifetime_hours double precision NOT NULL,
    enabled boolean NOT NULL,
    density_metres double precision NOT NULL,
    density_hours double precision NOT NULL,
    density_weight double precision NOT NULL,
    ordering bigint NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX category_current ON category (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX category_key_taken ON category (key) WHERE valid_to IS NULL;

CREATE TABLE channel (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    public_url text NOT NULL,
    settings text,
    secrets bytea,
    enabled boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX channel_current ON channel (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX channel_name_taken ON channel (name) WHERE valid_to IS NULL;

CREATE TABLE person (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    name text NOT NULL,
    organisation text NOT NULL,
    email bytea,
    languages text,
    passphrase bytea,
    disabled boolean NOT NULL,
    scripted boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX person_current ON person (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX person_name_taken ON person (name) WHERE valid_to IS NULL;

CREATE TABLE role (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    person text COLLATE "C",
    name text NOT NULL,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX role_current ON role (id) WHERE valid_to IS NULL;
CREATE INDEX role_by_person ON role (person, id) WHERE valid_to IS NULL;

CREATE TABLE access_grant (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    person text COLLATE "C",
    areas text,
    categories text,
    hidden boolean NOT NULL,
    until timestamptz,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX access_grant_current ON access_grant (id) WHERE valid_to IS NULL;
CREATE INDEX access_grant_by_person ON access_grant (person, id) WHERE valid_to IS NULL;

CREATE TABLE credential (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    kind text NOT NULL,
    person text COLLATE "C",
    role text NOT NULL,
    hash bytea,
    expires timestamptz,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX credential_current ON credential (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX credential_hash_taken ON credential (hash) WHERE valid_to IS NULL;
CREATE INDEX credential_by_person ON credential (person, id) WHERE valid_to IS NULL;

CREATE TABLE message (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    channel text COLLATE "C",
    direction text NOT NULL,
    kind text NOT NULL,
    provider_key bytea,
    digest bytea,
    raw bytea,
    variant boolean NOT NULL,
    why text NOT NULL,
    source text COLLATE "C",
    report text COLLATE "C",
    submitter text COLLATE "C",
    batch text COLLATE "C",
    PRIMARY KEY (id, rev)
);
-- No message_current: the hot table. A revision closes the one before it, and the
-- primary key lets none come twice.
CREATE UNIQUE INDEX message_once ON message (provider_key, channel) WHERE rev = 1 AND NOT variant;
CREATE UNIQUE INDEX message_variant ON message (provider_key, channel, digest) WHERE rev = 1 AND variant;
CREATE INDEX message_by_channel ON message (channel, id) WHERE valid_to IS NULL;
CREATE INDEX message_by_batch ON message (batch, id) WHERE valid_to IS NULL AND batch IS NOT NULL;

CREATE TABLE source (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    channel text COLLATE "C",
    kind text NOT NULL,
    address bytea,
    address_index bytea,
    pseudonym text NOT NULL,
    reliability text NOT NULL,
    opted_out boolean NOT NULL,
    language text NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX source_current ON source (id) WHERE valid_to IS NULL;
CREATE INDEX source_by_address_index ON source (address_index, id) WHERE valid_to IS NULL;
CREATE INDEX source_by_channel ON source (channel, id) WHERE valid_to IS NULL;

CREATE TABLE report (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    channel text COLLATE "C",
    source text COLLATE "C",
    message text COLLATE "C",
    body bytea,
    language text NOT NULL,
    received_at timestamptz,
    occurred_from timestamptz,
    occurred_to timestamptz,
    occurred_precision text NOT NULL,
    occurred_zone text NOT NULL,
    said text,
    words bytea,
    given bytea,
    contact bytea,
    answers bytea,
    form text NOT NULL,
    submitter text COLLATE "C",
    receipt_hash bytea,
    withdrawn boolean NOT NULL,
    batch text COLLATE "C",
    media text,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX report_current ON report (id) WHERE valid_to IS NULL;
CREATE INDEX report_by_message ON report (message, id) WHERE valid_to IS NULL;
CREATE INDEX report_by_source ON report (source, id) WHERE valid_to IS NULL;
CREATE INDEX report_by_receipt_hash ON report (receipt_hash, id) WHERE valid_to IS NULL AND receipt_hash IS NOT NULL;
CREATE INDEX report_by_batch ON report (batch, id) WHERE valid_to IS NULL AND batch IS NOT NULL;

CREATE TABLE message_report (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    message text COLLATE "C",
    report text COLLATE "C",
    reason text NOT NULL,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX message_report_current ON message_report (id) WHERE valid_to IS NULL;
CREATE INDEX message_report_by_message ON message_report (message, id) WHERE valid_to IS NULL;
CREATE INDEX message_report_by_report ON message_report (report, id) WHERE valid_to IS NULL;

CREATE TABLE location (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    report text COLLATE "C",
    incident text COLLATE "C",
    message text COLLATE "C",
    lon double precision,
    lat double precision,
    point bytea,
    uncertainty_m double precision NOT NULL,
    method text NOT NULL,
    words bytea,
    name text,
    country_code text NOT NULL,
    admin1_code text NOT NULL,
    admin1 text NOT NULL,
    score double precision NOT NULL,
    certain boolean NOT NULL,
    why bytea,
    ended boolean NOT NULL,
    geom geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
    PRIMARY KEY (id, rev),
    CONSTRAINT location_on_earth CHECK (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90),
    CONSTRAINT location_point CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) <> (point IS NULL))
);
CREATE UNIQUE INDEX location_current ON location (id) WHERE valid_to IS NULL;
CREATE INDEX location_by_report ON location (report, id) WHERE valid_to IS NULL;
CREATE INDEX location_by_incident ON location (incident, id) WHERE valid_to IS NULL AND incident IS NOT NULL;
CREATE INDEX location_geom ON location USING gist (geom) WHERE valid_to IS NULL;

CREATE TABLE assessment (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    incident text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    person text COLLATE "C" NOT NULL,
    verdict text NOT NULL,
    credibility bigint NOT NULL,
    reliability text NOT NULL,
    reason bytea,
    on_ground boolean NOT NULL,
    as_verifier boolean NOT NULL,
    batch text COLLATE "C",
    PRIMARY KEY (id, rev),
    CONSTRAINT assessment_approval UNIQUE (id, person, incident, verdict, as_verifier),
    -- No machine judges: whoever wrote it is the person whose judgement it is.
    CONSTRAINT assessment_two_person CHECK (actor = 'person:' || person),
    CONSTRAINT assessment_credibility CHECK (credibility BETWEEN 0 AND 6)
);
CREATE UNIQUE INDEX assessment_current ON assessment (id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX assessment_once ON assessment (incident, person, version);
CREATE INDEX assessment_by_incident ON assessment (incident, id) WHERE valid_to IS NULL;
CREATE INDEX assessment_by_person ON assessment (person, id) WHERE valid_to IS NULL;

CREATE TABLE incident (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    phase text NOT NULL,
    phase_reason text NOT NULL,
    severity text NOT NULL,
    categories text,
    location text COLLATE "C",
    occurred_from timestamptz,
    occurred_to timestamptz,
    occurred_precision text NOT NULL,
    occurred_zone text NOT NULL,
    first_received timestamptz,
    last_received timestamptz,
    reports bigint NOT NULL,
    sources bigint NOT NULL,
    shown_reports bigint NOT NULL,
    shown_sources bigint NOT NULL,
    shown_occurred_from timestamptz,
    shown_occurred_to timestamptz,
    shown_occurred_precision text NOT NULL,
    shown_occurred_zone text NOT NULL,
    shown_location text COLLATE "C",
    shown_categories text,
    shown_severity text NOT NULL,
    shown_bound text,
    edited_location text,
    edited_categories text,
    edited_reports text,
    first_assessment text COLLATE "C",
    first_person text COLLATE "C",
    first_as_verifier boolean NOT NULL,
    second_assessment text COLLATE "C",
    second_person text COLLATE "C",
    second_as_verifier boolean NOT NULL,
    merged_into text COLLATE "C",
    batch text COLLATE "C",
    first_verdict text GENERATED ALWAYS AS (CASE WHEN first_assessment IS NOT NULL THEN 'approve' END) STORED,
    second_verdict text GENERATED ALWAYS AS (CASE WHEN second_assessment IS NOT NULL THEN 'approve' END) STORED,
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
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    incident text COLLATE "C",
    language text NOT NULL,
    body bytea,
    approved boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX summary_current ON summary (id) WHERE valid_to IS NULL;
CREATE INDEX summary_by_incident ON summary (incident, id) WHERE valid_to IS NULL;

CREATE TABLE membership (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    report text COLLATE "C",
    incident text COLLATE "C",
    reason text NOT NULL,
    score double precision NOT NULL,
    why bytea,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX membership_current ON membership (id) WHERE valid_to IS NULL;
CREATE INDEX membership_by_incident ON membership (incident, id) WHERE valid_to IS NULL;
CREATE INDEX membership_by_report ON membership (report, id) WHERE valid_to IS NULL;

CREATE TABLE relation (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    kind text NOT NULL,
    from_incident text COLLATE "C",
    to_incident text COLLATE "C",
    score double precision NOT NULL,
    why bytea,
    ended boolean NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX relation_current ON relation (id) WHERE valid_to IS NULL;
CREATE INDEX relation_by_from_incident ON relation (from_incident, id) WHERE valid_to IS NULL;
CREATE INDEX relation_by_to_incident ON relation (to_incident, id) WHERE valid_to IS NULL;

CREATE TABLE evidence (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    incident text COLLATE "C",
    assessment text COLLATE "C",
    kind text NOT NULL,
    url bytea,
    note bytea,
    blob text COLLATE "C",
    digest bytea,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX evidence_current ON evidence (id) WHERE valid_to IS NULL;
CREATE INDEX evidence_by_incident ON evidence (incident, id) WHERE valid_to IS NULL;

CREATE TABLE blob (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    message text COLLATE "C",
    report text COLLATE "C",
    state text NOT NULL,
    content_type text NOT NULL,
    bytes bigint NOT NULL,
    digest bytea,
    name bytea,
    url bytea,
    why text NOT NULL,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX blob_current ON blob (id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_message ON blob (message, id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_report ON blob (report, id) WHERE valid_to IS NULL;
CREATE INDEX blob_by_state ON blob (state, id) WHERE valid_to IS NULL;

CREATE TABLE hotspot (
    id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL CHECK (rev >= 1),
    valid_from timestamptz,
    valid_to timestamptz,
    entry bigint,
    actor text NOT NULL,
    status text NOT NULL,
    severity text NOT NULL,
    score double precision NOT NULL,
    members text,
    reports bigint NOT NULL,
    sources bigint NOT NULL,
    categories text,
    first_seen timestamptz,
    last_seen timestamptz,
    trend text NOT NULL,
    why text NOT NULL,
    parent text COLLATE "C",
    response text NOT NULL,
    response_by text COLLATE "C",
    response_at timestamptz,
    PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX hotspot_current ON hotspot (id) WHERE valid_to IS NULL;
CREATE INDEX hotspot_by_status ON hotspot (status, id) WHERE valid_to IS NULL;
