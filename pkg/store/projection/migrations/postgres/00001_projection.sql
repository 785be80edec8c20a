-- +goose Up
-- The public copy: every thing that was ever shown, as it is now. Nothing in it is
-- private, and nothing of it is kept elsewhere: it can be built again. batch is the
-- publication that last changed it, in microseconds since 1970 UTC.
CREATE TABLE item (
    kind text NOT NULL,
    id text COLLATE "C" NOT NULL,
    batch bigint NOT NULL,
    gone boolean NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX item_by_batch ON item (batch);

-- How far the publisher has come: one row.
CREATE TABLE head (
    one integer PRIMARY KEY CHECK (one = 1),
    batch bigint NOT NULL,
    next bigint NOT NULL
);

-- Who reads for strangers may read this and nothing else. Roles are of the whole
-- server: another deployment may have made it already, or be making it.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'onyo_public') THEN
        CREATE ROLE onyo_public NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'onyo_public', 'MEMBER') THEN
        EXECUTE format('GRANT onyo_public TO %I', current_user);
    END IF;
END;
$$;
-- +goose StatementEnd
GRANT USAGE ON SCHEMA onyo_public TO onyo_public;
GRANT SELECT ON item, head TO onyo_public;
