-- +goose Up
-- What the bot could not read, asked about or handed over: where it was said, never what. The words stay sealed in the message.
create table misunderstood (
  merchant_id text not null,
  id text not null,
  conversation_id text not null,
  message_id text not null,
  why text not null,
  language text not null default '',
  meant text not null default '',
  target text not null default '',
  settled_by text not null default '',
  settled_at timestamp,
  created_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index misunderstood_message on misunderstood (merchant_id, message_id);
create index misunderstood_conversation on misunderstood (merchant_id, conversation_id);
create index misunderstood_at on misunderstood (created_at);
-- Words that perhaps name a product or ask a question of the shop. They are sealed with the merchant's key; mark finds equal ones.
create table suggestions (
  merchant_id text not null,
  id text not null,
  kind text not null,
  target text not null,
  mark text not null,
  words blob,
  source text not null,
  seen integer not null,
  state text not null,
  decided_by text not null default '',
  decided_at timestamp,
  created_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index suggestions_mark on suggestions (merchant_id, mark);
create index suggestions_at on suggestions (created_at);
