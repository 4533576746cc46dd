-- n counts a principal's keys in the order of their making: the newest less the oldest
-- bounds how many there are without counting them. run is the start of the program that
-- took the key: one that is pending from another run was interrupted.

-- +goose Up
CREATE TABLE idempotency (
    principal   TEXT    NOT NULL,
    request_key TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    run         TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    headers     TEXT    NOT NULL,
    body        BYTEA   NOT NULL,
    n           BIGINT  NOT NULL,
    created     BIGINT  NOT NULL,
    expires     BIGINT  NOT NULL,
    PRIMARY KEY (principal, request_key)
);
CREATE INDEX idempotency_n ON idempotency (principal, n);
CREATE INDEX idempotency_expires ON idempotency (expires);

-- +goose Down
DROP TABLE idempotency;
