-- +goose Up
create table customers (
  merchant_id text not null,
  id text not null,
  details blob,
  language text not null default '',
  merged_into text not null default '',
  created_at timestamp not null,
  updated_at timestamp not null,
  erased_at timestamp,
  version integer not null default 1,
  primary key (merchant_id, id)
);
create index customers_merged on customers (merchant_id, merged_into) where merged_into <> '';
-- value_hash is a keyed hash: the table tells nobody a phone number.
create table identities (
  merchant_id text not null,
  kind text not null,
  value_hash text not null,
  customer_id text not null,
  sealed blob,
  created_at timestamp not null,
  primary key (merchant_id, kind, value_hash)
);
create index identities_customer on identities (merchant_id, customer_id);
create table consents (
  merchant_id text not null,
  id text not null,
  customer_id text not null,
  purpose text not null,
  given boolean not null,
  source text not null,
  at timestamp not null,
  primary key (merchant_id, id)
);
create index consents_customer on consents (merchant_id, customer_id, id);
