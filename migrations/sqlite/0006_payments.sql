-- +goose Up
create table payments (
  merchant_id text not null,
  id text not null,
  order_id text not null,
  status text not null,
  reason text not null default '',
  amount integer not null check (amount >= 0),
  currency text not null,
  paid_amount integer not null default 0,
  refunded_amount integer not null default 0,
  description text not null default '[]',
  language text not null default '',
  account text not null default '',
  expires_at timestamp not null,
  version integer not null default 1,
  created_at timestamp not null,
  updated_at timestamp not null,
  primary key (merchant_id, id)
);
create index payments_order on payments (merchant_id, order_id);
create index payments_open on payments (expires_at) where status = 'pending';
-- Each attempt at the provider. attempt counts from 1 and is part of the provider's idempotency key.
create table payment_sessions (
  merchant_id text not null,
  payment_id text not null,
  attempt integer not null,
  status text not null,
  external_id text not null default '',
  intent_id text not null default '',
  url text not null default '',
  expires_at timestamp not null,
  created_at timestamp not null,
  primary key (merchant_id, payment_id, attempt)
);
create index payment_sessions_external on payment_sessions (external_id);
create index payment_sessions_intent on payment_sessions (intent_id);
create table payment_events (
  merchant_id text not null,
  id text not null,
  kind text not null,
  object_id text not null default '',
  account text not null default '',
  sealed blob,
  received_at timestamp not null,
  handled_at timestamp,
  outcome text not null default '',
  primary key (merchant_id, id)
);
-- Money that came in, by the provider's own id of it: the proof that one coin counts once.
create table receipts (
  merchant_id text not null,
  external_id text not null,
  payment_id text not null,
  amount integer not null,
  currency text not null,
  at timestamp not null,
  primary key (merchant_id, external_id)
);
create table refunds (
  merchant_id text not null,
  id text not null,
  payment_id text not null,
  amount integer not null check (amount > 0),
  currency text not null,
  status text not null,
  reason text not null default '',
  external_id text not null default '',
  created_at timestamp not null,
  updated_at timestamp not null,
  primary key (merchant_id, id)
);
create index refunds_payment on refunds (merchant_id, payment_id);
create index refunds_external on refunds (merchant_id, external_id);
