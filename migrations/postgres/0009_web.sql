-- +goose Up
create table idempotency_keys (
  merchant_id text not null,
  key_id text not null,
  key text not null,
  request_hash text not null,
  status bigint not null default 0,
  headers text not null default '{}',
  sealed bytea,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, key_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
create table sessions (
  token text primary key,
  data bytea not null,
  expiry timestamptz not null
);
create table webhook_endpoints (
  merchant_id text not null,
  id text not null,
  url text not null,
  secret bytea not null,
  kinds text not null default '[]',
  created_at timestamptz not null,
  disabled_at timestamptz,
  primary key (merchant_id, id)
);
-- What happened, for those who ask (/v1/events) and those who are called.
create table merchant_events (
  merchant_id text not null,
  id text not null,
  kind text not null,
  subject text not null,
  at timestamptz not null,
  primary key (merchant_id, id)
);
