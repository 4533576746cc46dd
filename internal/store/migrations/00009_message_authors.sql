-- Whose each message is that waits for a user, so that what waits can be bounded for each author.
-- What waits no more since too much has come after it has a time in delivered as well.

-- +goose Up
ALTER TABLE message_parties ADD COLUMN author TEXT NOT NULL DEFAULT '';
UPDATE message_parties SET author = (SELECT from_user FROM messages WHERE id = message_id) WHERE delivered = 0;
CREATE INDEX message_parties_author ON message_parties (user_id, author, message_id) WHERE delivered = 0;

-- +goose Down
DROP INDEX message_parties_author;
ALTER TABLE message_parties DROP COLUMN author;
