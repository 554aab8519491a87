-- +goose Up
-- Staff's free words about a refund and in an order's history are sealed with the customer's key. SQL cannot seal, so what stood there in
-- clear is not carried over: the plain columns go. cause is a code of our own, as payments know whom they are about.
alter table payments add column customer_id text not null default '';
update payments set customer_id = coalesce((select o.customer_id from orders o where o.merchant_id = payments.merchant_id and o.id = payments.order_id), '');
alter table refunds add column cause text not null default '';
update refunds set cause = 'at_provider' where reason = 'at_provider';
alter table refunds add column words blob;
alter table refunds drop column reason;
alter table order_events add column words blob;
alter table order_events drop column remark;
