-- +goose Up
create table products (
  merchant_id text not null,
  id text not null,
  sku text not null,
  name text not null,
  description text not null default '',
  brand text not null default '',
  category text not null default '',
  price bigint not null check (price >= 0),
  currency text not null,
  synonyms text not null default '[]',
  attributes text not null default '{}',
  images text not null default '[]',
  available boolean not null default true,
  position bigint not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  archived_at timestamptz,
  primary key (merchant_id, id)
);
-- Not a partial index (where archived_at is null): before the first ANALYZE Postgres thinks that nearly nothing is
-- null and would read a whole catalog through it.
create unique index products_sku on products (merchant_id, sku, coalesce(archived_at, timestamptz '1970-01-01 00:00:00+00'));
-- What is counted and sold. A product without variants has one, of the same sku (main = true).
create table variants (
  merchant_id text not null,
  id text not null,
  product_id text not null,
  sku text not null,
  main boolean not null default false,
  attributes text not null default '{}',
  price bigint check (price >= 0),
  on_hand bigint check (on_hand >= 0),
  held bigint not null default 0 check (held >= 0),
  position bigint not null default 0,
  archived_at timestamptz,
  primary key (merchant_id, id),
  check (on_hand is null or on_hand - held >= 0)
);
create unique index variants_sku on variants (merchant_id, sku, coalesce(archived_at, timestamptz '1970-01-01 00:00:00+00'));
create index variants_product on variants (merchant_id, product_id);
create table option_groups (
  merchant_id text not null,
  id text not null,
  product_id text not null,
  code text not null,
  name text not null,
  min bigint not null default 0 check (min >= 0),
  max bigint check (max >= 0),
  amounts boolean not null default false,
  position bigint not null default 0,
  primary key (merchant_id, id)
);
create unique index option_groups_code on option_groups (merchant_id, product_id, code);
create table choices (
  merchant_id text not null,
  id text not null,
  group_id text not null,
  product_id text not null,
  code text not null,
  name text not null,
  price bigint not null default 0 check (price >= 0),
  synonyms text not null default '[]',
  preset boolean not null default false,
  available boolean not null default true,
  position bigint not null default 0,
  primary key (merchant_id, id)
);
create unique index choices_code on choices (merchant_id, product_id, group_id, code);
create table categories (
  merchant_id text not null,
  id text not null,
  code text not null,
  name text not null,
  synonyms text not null default '[]',
  position bigint not null default 0,
  primary key (merchant_id, id)
);
create unique index categories_code on categories (merchant_id, code);
create table questions (
  merchant_id text not null,
  id text not null,
  code text not null,
  answer text not null,
  examples text not null default '[]',
  primary key (merchant_id, id)
);
create unique index questions_code on questions (merchant_id, code);
-- One row for each order and variant while the goods wait for the money; with consumed_at it is the record
-- that the goods have left, and counts no more.
create table holds (
  merchant_id text not null,
  order_id text not null,
  variant_id text not null,
  quantity bigint not null check (quantity > 0),
  expires_at timestamptz not null,
  consumed_at timestamptz,
  primary key (merchant_id, order_id, variant_id)
);
-- One row a merchant: moves with every change but stock. Its row lock makes catalog writers of one merchant queue.
create table catalog_versions (
  merchant_id text primary key,
  version bigint not null
);
create table pictures (
  merchant_id text not null,
  id text not null,
  media_type text not null,
  body bytea not null,
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
