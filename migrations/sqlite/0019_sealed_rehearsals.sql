-- +goose Up
-- What a merchant writes for a rehearsal, and what was said in one, is sealed with the merchant's key. SQL cannot seal: what stands there in
-- clear is sealed by the first process that starts with this schema, and body and outcomes are empty from then on.
alter table rehearsal_scripts add column sealed blob;
alter table rehearsals add column sealed blob;
