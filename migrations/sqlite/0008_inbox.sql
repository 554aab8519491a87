-- +goose Up
create table conversations (
  merchant_id text not null,
  id text not null,
  channel_id text not null,
  platform text not null,
  party text not null,
  customer_id text not null,
  answering text not null,
  assigned_to text not null default '',
  language text not null default '',
  misread integer not null default 0,
  last_seq integer not null default 0,
  last_customer_at timestamp,
  address blob,
  memory blob,
  version integer not null default 1,
  closed_at timestamp,
  created_at timestamp not null,
  updated_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index conversations_party on conversations (merchant_id, channel_id, party);
create index conversations_customer on conversations (merchant_id, customer_id, id);
create index conversations_recent on conversations (merchant_id, updated_at);
create table messages (
  merchant_id text not null,
  conversation_id text not null,
  id text not null,
  seq integer not null,
  sender text not null,
  author text not null default '',
  body blob,
  event_id text not null default '',
  answered_at timestamp,
  created_at timestamp not null,
  primary key (merchant_id, conversation_id, id)
);
create unique index messages_seq on messages (merchant_id, conversation_id, seq);
create unique index messages_event on messages (merchant_id, event_id) where event_id <> '';
create index messages_unanswered on messages (merchant_id, conversation_id, seq) where sender = 'customer' and answered_at is null;
-- What was said about an outside fact, by the fact's own id, so that it is said once.
create table notices (
  merchant_id text not null,
  fact text not null,
  message_id text not null,
  at timestamp not null,
  primary key (merchant_id, fact)
);
