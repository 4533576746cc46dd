-- A message has a row in message_parties for everybody who may see it, its author too:
-- delivered is 0 for those who have not had it. Ids are UUIDs of version 7, which sort by
-- time.

-- +goose Up
CREATE TABLE messages (
    id        TEXT   NOT NULL PRIMARY KEY,
    from_user TEXT   NOT NULL,
    to_user   TEXT   NOT NULL,
    room_id   TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    created   BIGINT NOT NULL
);
CREATE INDEX messages_created ON messages (created);

CREATE TABLE message_parties (
    user_id    TEXT   NOT NULL,
    message_id TEXT   NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    delivered  BIGINT NOT NULL,
    PRIMARY KEY (user_id, message_id)
);
CREATE INDEX message_parties_message ON message_parties (message_id);
CREATE INDEX message_parties_waiting ON message_parties (user_id, message_id) WHERE delivered = 0;

-- +goose Down
DROP TABLE message_parties;
DROP TABLE messages;
