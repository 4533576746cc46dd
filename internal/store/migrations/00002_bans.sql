-- +goose Up
CREATE TABLE bans (
    network TEXT    NOT NULL PRIMARY KEY,
    since   BIGINT  NOT NULL,
    expires BIGINT  NOT NULL,
    times   INTEGER NOT NULL,
    reason  TEXT    NOT NULL
);

-- +goose Down
DROP TABLE bans;
