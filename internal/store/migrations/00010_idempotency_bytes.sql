-- total counts the bytes of a principal's answers in the order in which they were kept: the newest
-- less the oldest bounds how much there is without adding it up. Those from before this column
-- count for nothing; they are gone in a day.

-- +goose Up
ALTER TABLE idempotency ADD COLUMN total BIGINT NOT NULL DEFAULT 0;
CREATE INDEX idempotency_total ON idempotency (principal, total) WHERE total > 0;

-- +goose Down
DROP INDEX idempotency_total;
ALTER TABLE idempotency DROP COLUMN total;
