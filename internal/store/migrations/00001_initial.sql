-- Times are microseconds since 1970 in UTC; 0 means "not set". Lists and maps
-- are JSON in TEXT. Only types and clauses that SQLite and PostgreSQL share.

-- +goose Up
CREATE TABLE bindings (
    aor         TEXT    NOT NULL,
    binding_key TEXT    NOT NULL,
    contact     TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    call_id     TEXT    NOT NULL,
    cseq        BIGINT  NOT NULL,
    q           INTEGER NOT NULL,
    instance    TEXT    NOT NULL,
    reg_id      BIGINT  NOT NULL,
    user_agent  TEXT    NOT NULL,
    transport   TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    flow        TEXT    NOT NULL,
    flow_bound  INTEGER NOT NULL,
    registered  BIGINT  NOT NULL,
    updated     BIGINT  NOT NULL,
    expires     BIGINT  NOT NULL,
    PRIMARY KEY (aor, binding_key)
);
CREATE INDEX bindings_expires ON bindings (expires);

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    extension     TEXT   UNIQUE,
    password_hash TEXT   NOT NULL,
    roles         TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    disabled      BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id        TEXT   NOT NULL PRIMARY KEY,
    name      TEXT   NOT NULL,
    hash      TEXT   NOT NULL UNIQUE,
    owner     TEXT   NOT NULL,
    scopes    TEXT   NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    revoked   BIGINT NOT NULL
);

CREATE TABLE rooms (
    id               TEXT    NOT NULL PRIMARY KEY,
    name             TEXT    NOT NULL,
    number           TEXT    UNIQUE,
    created_by       TEXT    NOT NULL,
    max_participants INTEGER NOT NULL,
    pin_hash         TEXT    NOT NULL,
    settings         TEXT    NOT NULL,
    created          BIGINT  NOT NULL
);

CREATE TABLE calls (
    id           TEXT    NOT NULL PRIMARY KEY,
    created_by   TEXT    NOT NULL,
    call_type    TEXT    NOT NULL,
    direction    TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    participants TEXT    NOT NULL,
    metadata     TEXT    NOT NULL,
    bridge_id    TEXT    NOT NULL,
    cause        INTEGER NOT NULL,
    cause_text   TEXT    NOT NULL,
    sip_status   INTEGER NOT NULL,
    created      BIGINT  NOT NULL,
    answered     BIGINT  NOT NULL,
    ended        BIGINT  NOT NULL
);
CREATE INDEX calls_created ON calls (created, id);

CREATE TABLE call_parties (
    call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    PRIMARY KEY (call_id, user_id)
);
CREATE INDEX call_parties_user ON call_parties (user_id, call_id);

CREATE TABLE settings (
    name    TEXT   NOT NULL PRIMARY KEY,
    value   TEXT   NOT NULL,
    updated BIGINT NOT NULL
);

-- +goose Down
DROP TABLE settings;
DROP TABLE call_parties;
DROP TABLE calls;
DROP TABLE rooms;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE bindings;
