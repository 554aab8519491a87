-- +goose Up
-- The ledger beneath payments. An entry's lines sum to zero in each currency; what is owned or spent stands with a plus, what is owed or
-- earned with a minus. Rows are added and never changed: a mistake is put right by another entry. subject is the payment or the line of a
-- provider's statement that the entry is about; it and the moment stand in the lines too, so that balances are read from one index.
create table ledger_entries (
  merchant_id text not null,
  id text not null,
  subject text not null,
  cause text not null,
  at timestamp not null,
  primary key (merchant_id, id)
);
create index ledger_entries_subject on ledger_entries (merchant_id, subject);
create index ledger_entries_at on ledger_entries (merchant_id, at);
create table ledger_lines (
  merchant_id text not null,
  entry_id text not null,
  account text not null,
  currency text not null,
  amount integer not null check (amount <> 0),
  subject text not null,
  at timestamp not null,
  primary key (merchant_id, entry_id, account, currency)
);
create index ledger_lines_subject on ledger_lines (merchant_id, subject);
create index ledger_lines_account on ledger_lines (merchant_id, account, currency, at, amount);
-- What providers say of a span of time: read from them, or uploaded. The span tells which days can be compared.
create table statements (
  merchant_id text not null,
  id text not null,
  provider text not null,
  account text not null,
  begins_at timestamp not null,
  ends_at timestamp not null,
  lines integer not null,
  created_at timestamp not null,
  primary key (merchant_id, id)
);
create index statements_span on statements (merchant_id, provider, begins_at);
-- One line of a statement by the provider's own id of it. A line that is told differently later is another revision; the last one counts.
-- amount, fee and net are in the currency of the statement (amount = fee + net, what comes in has a plus); gross is what the customer paid
-- where that was another currency. word is the provider's own word for the kind.
create table statement_lines (
  merchant_id text not null,
  provider text not null,
  account text not null,
  id text not null,
  revision integer not null,
  statement_id text not null,
  kind text not null,
  word text not null default '',
  coin text not null default '',
  reference text not null default '',
  refund text not null default '',
  our_refund text not null default '',
  dispute text not null default '',
  payout text not null default '',
  amount integer not null,
  fee integer not null default 0,
  net integer not null,
  currency text not null,
  gross integer not null default 0,
  gross_currency text not null default '',
  at timestamp not null,
  primary key (merchant_id, provider, account, id, revision)
);
create index statement_lines_at on statement_lines (merchant_id, provider, at);
create index statement_lines_coin on statement_lines (merchant_id, coin);
create index statement_lines_payout on statement_lines (merchant_id, provider, payout);
-- +goose StatementBegin
create trigger ledger_entries_stand before update on ledger_entries begin select raise(abort, 'the ledger is only added to'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_entries_stay before delete on ledger_entries begin select raise(abort, 'the ledger is only added to'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_lines_stand before update on ledger_lines begin select raise(abort, 'the ledger is only added to'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_lines_stay before delete on ledger_lines begin select raise(abort, 'the ledger is only added to'); end;
-- +goose StatementEnd
