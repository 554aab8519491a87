-- +goose Up
create table payments (
  merchant_id text not null,
  id text not null,
  order_id text not null,
  status text not null,
  reason text not null default '',
  amount bigint not null check (amount >= 0),
  currency text not null,
  paid_amount bigint not null default 0,
  refunded_amount bigint not null default 0,
  description text not null default '[]',
  language text not null default '',
  expires_at timestamptz not null,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id)
);
create index payments_order on payments (merchant_id, order_id);
-- Each attempt at the provider, counted from 1. What the request is made of is stored before it is sent, so that a second
-- try says the same under the same idempotency key. account is empty for the platform's own. look_at is when to ask the
-- provider how the session stands; null once nothing can change any more.
create table payment_sessions (
  merchant_id text not null,
  payment_id text not null,
  attempt bigint not null,
  status text not null,
  account text not null default '',
  return_url text not null default '',
  external_id text not null default '',
  intent_id text not null default '',
  url text not null default '',
  expires_at timestamptz not null,
  look_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, payment_id, attempt)
);
create index payment_sessions_look on payment_sessions (look_at) where look_at is not null;
create index payment_sessions_created on payment_sessions (merchant_id, created_at);
-- An event of the platform's account names a session or an intent, and not the merchant.
create index payment_sessions_external on payment_sessions (external_id);
create index payment_sessions_intent on payment_sessions (intent_id);
-- One row per event of the provider. The object is read anew; facts are its ids, states and sums as they were signed, which count where
-- the provider's API is silent or behind. Nothing of a person is among them. merchant_id is empty for the platform's account.
create table payment_events (
  merchant_id text not null,
  id text not null,
  kind text not null,
  object_id text not null default '',
  intent_id text not null default '',
  facts text not null default '{}',
  received_at timestamptz not null,
  handled_at timestamptz,
  outcome text not null default '',
  primary key (merchant_id, id)
);
create index payment_events_intent on payment_events (merchant_id, intent_id);
-- How far the provider's list of events has been read, per account.
create table payment_cursors (
  merchant_id text not null,
  account text not null,
  at timestamptz not null,
  primary key (merchant_id, account)
);
-- Money that came in, by the provider's own id of it: the proof that one coin counts once.
create table receipts (
  merchant_id text not null,
  external_id text not null,
  payment_id text not null,
  account text not null default '',
  amount bigint not null,
  currency text not null,
  at timestamptz not null,
  primary key (merchant_id, external_id)
);
create index receipts_payment on receipts (merchant_id, payment_id);
create index receipts_external on receipts (external_id);
create table refunds (
  merchant_id text not null,
  id text not null,
  payment_id text not null,
  amount bigint not null check (amount > 0),
  currency text not null,
  status text not null,
  reason text not null default '',
  external_id text not null default '',
  idempotency_key text not null default '',
  attempt bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id)
);
create index refunds_payment on refunds (merchant_id, payment_id);
create unique index refunds_external on refunds (merchant_id, external_id) where external_id <> '';
create unique index refunds_key on refunds (merchant_id, payment_id, idempotency_key) where idempotency_key <> '';
create table disputes (
  merchant_id text not null,
  id text not null,
  payment_id text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  reason text not null default '',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id)
);
create index disputes_payment on disputes (merchant_id, payment_id);
