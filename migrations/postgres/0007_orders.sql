-- +goose Up
create table carts (
  merchant_id text not null,
  id text not null,
  customer_id text not null default '',
  conversation_id text not null default '',
  currency text not null,
  status text not null,
  delivery bytea,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id)
);
-- A conversation has one cart in use: open, or ordered and waiting for its money.
create unique index carts_conversation on carts (merchant_id, conversation_id) where status <> 'closed' and conversation_id <> '';
create table cart_lines (
  merchant_id text not null,
  cart_id text not null,
  id text not null,
  sku text not null,
  quantity bigint not null check (quantity between 1 and 999),
  options text not null default '[]',
  note bytea,
  fingerprint text not null,
  position bigint not null,
  primary key (merchant_id, cart_id, id)
);
-- The same thing added twice is one line.
create unique index cart_lines_kind on cart_lines (merchant_id, cart_id, fingerprint);
create table orders (
  merchant_id text not null,
  id text not null,
  number text not null,
  status text not null,
  cart_id text not null default '',
  customer_id text not null default '',
  conversation_id text not null default '',
  currency text not null,
  subtotal bigint not null,
  tax bigint not null,
  tax_inclusive boolean not null,
  shipping bigint not null,
  discount bigint not null,
  total bigint not null check (total >= 0),
  hash text not null,
  method text not null default '',
  delivery bytea,
  version bigint not null default 1,
  expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id)
);
create unique index orders_number on orders (merchant_id, number);
create index orders_customer on orders (merchant_id, customer_id, id);
create index orders_conversation on orders (merchant_id, conversation_id, id);
create index orders_expiry on orders (expires_at) where status = 'awaiting_payment';
create index orders_of_cart on orders (merchant_id, cart_id);
create unique index orders_cart on orders (merchant_id, cart_id) where status = 'awaiting_payment' and cart_id <> '';
create table order_lines (
  merchant_id text not null,
  order_id text not null,
  id text not null,
  sku text not null,
  variant_id text not null,
  name text not null,
  quantity bigint not null check (quantity > 0),
  returned bigint not null default 0 check (returned between 0 and quantity),
  options text not null default '[]',
  note bytea,
  unit_price bigint not null,
  total bigint not null,
  kind text not null,
  position bigint not null,
  primary key (merchant_id, order_id, id)
);
create table order_events (
  merchant_id text not null,
  order_id text not null,
  id text not null,
  from_status text not null,
  to_status text not null,
  reason text not null default '',
  remark text not null default '',
  fact text not null default '',
  actor text not null default '',
  at timestamptz not null,
  primary key (merchant_id, order_id, id)
);
