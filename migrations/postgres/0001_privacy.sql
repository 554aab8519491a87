-- +goose Up
-- A key that seals what belongs to one subject: the merchant itself, one customer, one conversation.
-- Destroying a row's key forgets everything that was sealed with it, in backups of the other tables too.
create table data_keys (
  merchant_id text not null,
  subject text not null,
  wrapped bytea,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  primary key (merchant_id, subject)
);
create table access_log (
  merchant_id text not null,
  id text not null,
  subject text not null,
  actor text not null,
  action text not null,
  at timestamptz not null,
  primary key (merchant_id, id)
);
create index access_log_subject on access_log (merchant_id, subject, id);
