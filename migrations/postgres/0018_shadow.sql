-- +goose Up
-- Messages that both understanders read. A row waits until the second one has read, and stays only where the two would have done different
-- things. What each made of the message is sealed with the conversation's key, for it may quote the customer.
create table second_readings (
  merchant_id text not null,
  id text not null,
  conversation_id text not null,
  message_id text not null,
  state text not null,
  acted text not null,
  kind text not null default '',
  language text not null default '',
  sealed bytea,
  verdict text not null default '',
  settled_by text not null default '',
  settled_at timestamptz,
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
create unique index second_readings_message on second_readings (merchant_id, message_id);
create index second_readings_conversation on second_readings (merchant_id, conversation_id);
create index second_readings_at on second_readings (created_at);
-- How often the two agreed, differed, or the second one had no answer, by day and by the kind of what was done.
create table second_reading_counts (
  merchant_id text not null,
  day text not null,
  kind text not null,
  agreed bigint not null,
  differed bigint not null,
  unanswered bigint not null,
  primary key (merchant_id, day, kind)
);
create index second_reading_counts_day on second_reading_counts (day);
