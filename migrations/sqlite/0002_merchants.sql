-- +goose Up
create table merchants (
  id text primary key,
  name text not null,
  slug text not null unique,
  currency text not null,
  country text not null,
  language text not null,
  tax_ppm integer not null default 0 check (tax_ppm between 0 and 1000000),
  tax_inclusive boolean not null default false,
  shipping_amount integer not null default 0 check (shipping_amount >= 0),
  hold_minutes integer not null default 30 check (hold_minutes between 30 and 1440),
  settings text not null default '{}',
  version integer not null default 1,
  created_at timestamp not null
);
create table api_keys (
  merchant_id text not null,
  id text not null,
  name text not null,
  role text not null,
  hash text not null unique,
  last4 text not null,
  staff_id text,
  created_at timestamp not null,
  expires_at timestamp,
  revoked_at timestamp,
  primary key (merchant_id, id)
);
create table staff (
  merchant_id text not null,
  id text not null,
  name blob,
  role text not null,
  created_at timestamp not null,
  removed_at timestamp,
  primary key (merchant_id, id)
);
create table credentials (
  merchant_id text not null,
  kind text not null,
  sealed blob not null,
  updated_at timestamp not null,
  primary key (merchant_id, kind)
);
