-- +goose Up
create table channels (
  merchant_id text not null,
  id text not null unique,
  platform text not null,
  name text not null,
  external_id text not null default '',
  settings text not null default '{}',
  problem text not null default '',
  created_at timestamp not null,
  disabled_at timestamp,
  version integer not null default 1,
  primary key (merchant_id, id)
);
create index channels_account on channels (merchant_id, platform, external_id);
-- What a platform told us, as it came, sealed. dedup_key is the platform's own id, hashed where it names a person.
create table inbound_events (
  merchant_id text not null,
  channel_id text not null,
  dedup_key text not null,
  id text not null,
  party text not null default '',
  kind text not null,
  sealed blob,
  said_at timestamp not null,
  received_at timestamp not null,
  handled_at timestamp,
  primary key (merchant_id, channel_id, dedup_key)
);
create unique index inbound_events_id on inbound_events (merchant_id, id);
create index inbound_events_waiting on inbound_events (merchant_id, channel_id, party, id) where handled_at is null;
-- When a person last spoke opens the platform's window for answers.
create index inbound_events_heard on inbound_events (merchant_id, channel_id, party, said_at) where kind = 'message';
create index inbound_events_sealed on inbound_events (handled_at) where handled_at is not null and sealed is not null;
-- One row for each piece of a message that must reach a platform. external_id is hashed: WhatsApp's ids hold a phone number.
create table deliveries (
  merchant_id text not null,
  id text not null,
  channel_id text not null,
  party text not null,
  message_id text not null,
  part integer not null default 0,
  sealed blob,
  status text not null,
  rank integer not null default 0,
  attempts integer not null default 0,
  external_id text not null default '',
  error_code text not null default '',
  created_at timestamp not null,
  claimed_at timestamp,
  not_before timestamp,
  updated_at timestamp not null,
  primary key (merchant_id, id)
);
create unique index deliveries_message on deliveries (merchant_id, message_id, part);
create index deliveries_external on deliveries (merchant_id, channel_id, external_id);
create index deliveries_waiting on deliveries (merchant_id, channel_id, party, id) where status in ('pending', 'sending');
create index deliveries_claimed on deliveries (claimed_at) where status in ('pending', 'sending');
