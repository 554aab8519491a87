-- +goose Up
create table idempotency_keys (
  merchant_id text not null,
  key_id text not null,
  key text not null,
  request_hash text not null,
  status integer not null default 0,
  headers text not null default '{}',
  sealed blob,
  created_at timestamp not null,
  finished_at timestamp,
  primary key (merchant_id, key_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
create table sessions (
  token text primary key,
  data blob not null,
  expiry timestamp not null
);
create table webhook_endpoints (
  merchant_id text not null,
  id text not null,
  url text not null,
  secret blob not null,
  kinds text not null default '[]',
  created_at timestamp not null,
  disabled_at timestamp,
  primary key (merchant_id, id)
);
-- What happened, for those who ask (/v1/events) and those who are called.
create table merchant_events (
  merchant_id text not null,
  id text not null,
  kind text not null,
  subject text not null,
  at timestamp not null,
  primary key (merchant_id, id)
);
