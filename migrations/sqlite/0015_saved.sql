-- +goose Up
-- Customers who agreed to be known to a provider at their next order. sealed is the provider's name of the customer, sealed with the
-- customer's key; null until the first payment. A row that is dropped stands, without its customer and under the merchant's key, until the
-- provider has deleted what it kept.
create table saved_customers (
  merchant_id text not null,
  id text not null,
  account text not null default '',
  customer_id text not null default '',
  sealed blob,
  dropped_at timestamp,
  created_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index saved_customers_one on saved_customers (merchant_id, account, customer_id) where dropped_at is null;
-- Money that a provider sends to the shop's bank, as its events tell: what the ledger counts stands in the provider's statement. merchant_id is
-- empty for the account of an installation with several merchants.
create table payouts (
  merchant_id text not null,
  account text not null default '',
  id text not null,
  amount integer not null,
  currency text not null,
  status text not null,
  failure text not null default '',
  arrives_at timestamp not null,
  created_at timestamp not null,
  updated_at timestamp not null,
  primary key (merchant_id, account, id)
);
create index payouts_at on payouts (merchant_id, created_at);
