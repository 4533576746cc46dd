-- +goose Up
CREATE TABLE extension_services (
    extension         TEXT    NOT NULL PRIMARY KEY,
    forward_always    TEXT    NOT NULL,
    forward_busy      TEXT    NOT NULL,
    forward_no_answer TEXT    NOT NULL,
    no_answer_after   INTEGER NOT NULL,
    dnd               INTEGER NOT NULL,
    updated           BIGINT  NOT NULL
);

-- +goose Down
DROP TABLE extension_services;
