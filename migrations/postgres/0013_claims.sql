-- +goose Up
-- A claim is fenced: claim names who is at work under a key, and acted_at is written in the transaction of the act itself.
alter table idempotency_keys add column claim text not null default '';
alter table idempotency_keys add column acted_at timestamptz;
