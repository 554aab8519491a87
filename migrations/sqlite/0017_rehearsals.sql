-- +goose Up
-- Conversations that the merchant wrote, to hold the bot to. They are about a pretended customer.
create table rehearsal_scripts (
  merchant_id text not null,
  id text not null,
  name text not null,
  body text not null,
  created_at timestamp not null,
  updated_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index rehearsal_scripts_name on rehearsal_scripts (merchant_id, name);
-- What became of them each time that they were played in a shop made of the goods and settings of that moment.
create table rehearsals (
  merchant_id text not null,
  id text not null,
  catalog integer not null,
  passed integer not null,
  failed integer not null,
  left_out integer not null,
  outcomes text not null,
  started_at timestamp not null,
  ended_at timestamp not null,
  primary key (merchant_id, id)
);
create index rehearsals_started on rehearsals (started_at);
