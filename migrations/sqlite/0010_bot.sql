-- +goose Up
-- What asking a model has cost, by day: scope is a conversation, or empty for the merchant as a whole.
create table model_budget (
  merchant_id text not null,
  scope text not null,
  day text not null,
  calls integer not null,
  tokens integer not null,
  primary key (merchant_id, scope, day)
);
create index model_budget_day on model_budget (day);
