-- +goose Up
-- Laws the database holds by itself, whoever writes to it (DESIGN, section 4).
-- Law 5: neither of the two who approve may be the submitter of a report that is
-- of the incident now. Laws 4 and 6: what was judged, what came in and what the
-- ledger says is never changed or deleted.

-- +goose StatementBegin
CREATE TRIGGER incident_submitter_in BEFORE INSERT ON incident WHEN NEW.first_person IS NOT NULL AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM membership m JOIN report r ON r.id = m.report AND r.valid_to IS NULL
        WHERE m.incident = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND r.submitter IN (NEW.first_person, NEW.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER incident_submitter_up BEFORE UPDATE OF id, first_person, second_person, valid_to ON incident WHEN NEW.first_person IS NOT NULL AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM membership m JOIN report r ON r.id = m.report AND r.valid_to IS NULL
        WHERE m.incident = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND r.submitter IN (NEW.first_person, NEW.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER membership_submitter_in BEFORE INSERT ON membership WHEN NOT NEW.ended AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM incident i JOIN report r ON r.id = NEW.report AND r.valid_to IS NULL
        WHERE i.id = NEW.incident AND i.valid_to IS NULL AND r.submitter IN (i.first_person, i.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER membership_submitter_up BEFORE UPDATE OF report, incident, ended, valid_to ON membership WHEN NOT NEW.ended AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM incident i JOIN report r ON r.id = NEW.report AND r.valid_to IS NULL
        WHERE i.id = NEW.incident AND i.valid_to IS NULL AND r.submitter IN (i.first_person, i.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER report_submitter_in BEFORE INSERT ON report WHEN NEW.submitter IS NOT NULL AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM membership m JOIN incident i ON i.id = m.incident AND i.valid_to IS NULL
        WHERE m.report = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND NEW.submitter IN (i.first_person, i.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER report_submitter_up BEFORE UPDATE OF id, submitter, valid_to ON report WHEN NEW.submitter IS NOT NULL AND NEW.valid_to IS NULL
BEGIN
    SELECT RAISE(ABORT, 'onyo: two') WHERE EXISTS (
        SELECT 1 FROM membership m JOIN incident i ON i.id = m.incident AND i.valid_to IS NULL
        WHERE m.report = NEW.id AND m.valid_to IS NULL AND NOT m.ended AND NEW.submitter IN (i.first_person, i.second_person));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER assessment_kept_up BEFORE UPDATE ON assessment
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER assessment_kept_del BEFORE DELETE ON assessment
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER message_kept_up BEFORE UPDATE OF id, raw, channel, provider_key, digest ON message
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER message_kept_del BEFORE DELETE ON message
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_entry_kept_up BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_entry_kept_del BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'onyo: kept');
END;
-- +goose StatementEnd
