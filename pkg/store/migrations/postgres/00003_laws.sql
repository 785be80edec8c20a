-- +goose Up
-- Laws the database holds by itself, whoever writes to it (DESIGN, section 4).
-- Law 5: neither of the two who approve may be the submitter of a report that is
-- of the incident now. Laws 4 and 6: what was judged, what came in and what the
-- ledger says is never changed or deleted.
-- Where a check reads another table it first locks the incident, so that two
-- instances cannot each look before the other has written.

-- +goose StatementBegin
CREATE FUNCTION incident_submitter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM incident WHERE id = NEW.id AND valid_to IS NULL FOR UPDATE;
    IF EXISTS (
        SELECT 1 FROM membership m JOIN report r ON r.id = m.report AND r.valid_to IS NULL
        WHERE m.incident = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND r.submitter IN (NEW.first_person, NEW.second_person)) THEN
        RAISE EXCEPTION 'onyo: two';
    END IF;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION membership_submitter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM incident WHERE id = NEW.incident AND valid_to IS NULL FOR UPDATE;
    IF EXISTS (
        SELECT 1 FROM incident i JOIN report r ON r.id = NEW.report AND r.valid_to IS NULL
        WHERE i.id = NEW.incident AND i.valid_to IS NULL AND r.submitter IN (i.first_person, i.second_person)) THEN
        RAISE EXCEPTION 'onyo: two';
    END IF;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION report_submitter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM incident i JOIN membership m ON m.incident = i.id
        WHERE m.report = NEW.id AND m.valid_to IS NULL AND i.valid_to IS NULL FOR UPDATE OF i;
    IF EXISTS (
        SELECT 1 FROM membership m JOIN incident i ON i.id = m.incident AND i.valid_to IS NULL
        WHERE m.report = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND NEW.submitter IN (i.first_person, i.second_person)) THEN
        RAISE EXCEPTION 'onyo: two';
    END IF;
    RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER incident_submitter_in BEFORE INSERT ON incident FOR EACH ROW WHEN (NEW.first_person IS NOT NULL AND NEW.valid_to IS NULL) EXECUTE FUNCTION incident_submitter();
CREATE TRIGGER incident_submitter_up BEFORE UPDATE OF id, first_person, second_person, valid_to ON incident FOR EACH ROW WHEN (NEW.first_person IS NOT NULL AND NEW.valid_to IS NULL) EXECUTE FUNCTION incident_submitter();
CREATE TRIGGER membership_submitter_in BEFORE INSERT ON membership FOR EACH ROW WHEN (NOT NEW.ended AND NEW.valid_to IS NULL) EXECUTE FUNCTION membership_submitter();
CREATE TRIGGER membership_submitter_up BEFORE UPDATE OF report, incident, ended, valid_to ON membership FOR EACH ROW WHEN (NOT NEW.ended AND NEW.valid_to IS NULL) EXECUTE FUNCTION membership_submitter();
CREATE TRIGGER report_submitter_in BEFORE INSERT ON report FOR EACH ROW WHEN (NEW.submitter IS NOT NULL AND NEW.valid_to IS NULL) EXECUTE FUNCTION report_submitter();
CREATE TRIGGER report_submitter_up BEFORE UPDATE OF id, submitter, valid_to ON report FOR EACH ROW WHEN (NEW.submitter IS NOT NULL AND NEW.valid_to IS NULL) EXECUTE FUNCTION report_submitter();

-- +goose StatementBegin
CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'onyo: kept';
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION kept_but_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The one change allowed: the writing transaction fills in the entry.
    IF OLD.entry IS NULL AND NEW.entry IS NOT NULL AND to_jsonb(NEW) - 'entry' = to_jsonb(OLD) - 'entry' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'onyo: kept';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER assessment_kept_up BEFORE UPDATE ON assessment FOR EACH ROW EXECUTE FUNCTION kept_but_entry();
CREATE TRIGGER assessment_kept_del BEFORE DELETE ON assessment FOR EACH ROW EXECUTE FUNCTION kept();
CREATE TRIGGER message_kept_up BEFORE UPDATE OF id, raw, channel, provider_key, digest ON message FOR EACH ROW EXECUTE FUNCTION kept();
CREATE TRIGGER message_kept_del BEFORE DELETE ON message FOR EACH ROW EXECUTE FUNCTION kept();
CREATE TRIGGER ledger_entry_kept_up BEFORE UPDATE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION kept();
CREATE TRIGGER ledger_entry_kept_del BEFORE DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION kept();
CREATE TRIGGER assessment_kept_all BEFORE TRUNCATE ON assessment EXECUTE FUNCTION kept();
CREATE TRIGGER message_kept_all BEFORE TRUNCATE ON message EXECUTE FUNCTION kept();
CREATE TRIGGER ledger_entry_kept_all BEFORE TRUNCATE ON ledger_entry EXECUTE FUNCTION kept();
