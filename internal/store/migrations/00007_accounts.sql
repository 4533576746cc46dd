-- Extensions that the API has made; what a phone's password is checked with is kept for one
-- realm, hashed as RFC 7616 has it (HA1). A user is linked to an extension by
-- users.extension, which may name one of pjsip.conf as well.
-- What keys held as scopes were roles.

-- +goose Up
CREATE TABLE extensions (
    number       TEXT    NOT NULL PRIMARY KEY,
    realm        TEXT    NOT NULL,
    ha1_md5      TEXT    NOT NULL,
    ha1_sha256   TEXT    NOT NULL,
    caller_id    TEXT    NOT NULL,
    codecs       TEXT    NOT NULL,
    context      TEXT    NOT NULL,
    max_contacts INTEGER NOT NULL,
    created      BIGINT  NOT NULL,
    updated      BIGINT  NOT NULL
);
ALTER TABLE users ADD COLUMN call_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN updated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
UPDATE api_keys SET roles = scopes, scopes = '[]';

-- +goose Down
UPDATE api_keys SET scopes = roles;
ALTER TABLE api_keys DROP COLUMN roles;
ALTER TABLE users DROP COLUMN updated;
ALTER TABLE users DROP COLUMN call_limit;
DROP TABLE extensions;
