-- +goose Up
-- Every way of paying is an attempt: a session at Stripe, or an offer of another method. Of an offer, external_id is our own reference
-- and data is what the method keeps of it.
alter table payment_sessions add column method text not null default 'stripe';
alter table payment_sessions add column data text not null default '{}';
-- How the money came, and what the provider took of it, once known.
alter table receipts add column method text not null default 'stripe';
alter table receipts add column fee bigint;
alter table receipts add column fee_currency text not null default '';
-- Which ways of paying by hand a merchant offers, and what customers must know of them.
create table payment_terms (
  merchant_id text not null,
  cash boolean not null default false,
  bank boolean not null default false,
  bank_details text not null default '',
  bank_days bigint not null default 7,
  updated_at timestamptz not null,
  primary key (merchant_id)
);
