-- Users that were removed: whatever tokens they still have open nothing, unless they are made again.

-- +goose Up
CREATE TABLE deleted_users (
    id      TEXT   NOT NULL PRIMARY KEY,
    deleted BIGINT NOT NULL
);

-- +goose Down
DROP TABLE deleted_users;
