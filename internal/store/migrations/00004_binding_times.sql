-- What each refresh of a registration changes has a table of its own: a commit writes every
-- page that it touches, and of these rows a page has many. There is no index by time for the
-- same reason: what has expired is looked for in the whole of it, as it is small.

-- +goose Up
CREATE TABLE binding_times (
    aor         TEXT   NOT NULL,
    binding_key TEXT   NOT NULL,
    cseq        BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (aor, binding_key),
    FOREIGN KEY (aor, binding_key) REFERENCES bindings (aor, binding_key) ON DELETE CASCADE
);
INSERT INTO binding_times SELECT aor, binding_key, cseq, updated, expires FROM bindings;
DROP INDEX bindings_expires;
ALTER TABLE bindings DROP COLUMN cseq;
ALTER TABLE bindings DROP COLUMN updated;
ALTER TABLE bindings DROP COLUMN expires;

-- +goose Down
ALTER TABLE bindings ADD COLUMN cseq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bindings ADD COLUMN updated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bindings ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;
UPDATE bindings SET
    cseq    = (SELECT cseq FROM binding_times t WHERE t.aor = bindings.aor AND t.binding_key = bindings.binding_key),
    updated = (SELECT updated FROM binding_times t WHERE t.aor = bindings.aor AND t.binding_key = bindings.binding_key),
    expires = (SELECT expires FROM binding_times t WHERE t.aor = bindings.aor AND t.binding_key = bindings.binding_key);
CREATE INDEX bindings_expires ON bindings (expires);
DROP TABLE binding_times;
