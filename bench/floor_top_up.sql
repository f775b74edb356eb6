-- The floor of a top-up: the rows that it leaves, written by hand in one statement, and so in one transaction.
--
-- $1 customer   $2 card   $3 payment method   $4 amount in minor units   $5 currency   $6 idempotency key
-- $7 fingerprint   $8 top-up   $9 its settlement   $10 ledger transaction
-- $11 months that it keeps the card active   $12 months of grace   $13 time zone
with claimed as (
    insert into idempotency (subject, actor, operation, key, fingerprint, resource_id, at)
    values ($1::uuid::text, 'customer:' || $1::uuid, 'top_up_card', $6, $7, $8, now())
), extended as (
    update card
       set status = 'ACTIVE',
           active_until = greatest(active_until, period.until),
           grace_until = (greatest(active_until, period.until) + make_interval(months => $12))::date
      from (select (date_trunc('day', now() at time zone $13) + make_interval(months => $11))::date as until) period
     where id = $2
       and (holder_id = $1 or user_id = $1)
       and status in ('ACTIVE', 'GRACE')
    returning id, status, active_until
), bought as (
    insert into top_up (id, card_id, customer_id, payment_method_id, amount_minor, currency, status,
                        provider_reference, looks, created_at, settled_at, active_until)
    select $8, extended.id, $1, payment_method.id, $4, $5, 'COMPLETED', 'by hand', 0, now(), now(), active_until
      from extended, payment_method
     where payment_method.id = $3
       and payment_method.customer_id = $1
       and removed_at is null
    returning created_at
), moved as (
    update account set balance = balance + $4, version = version + 1
     where owner_id = $2 and purpose = 'MONEY' and unit = $5
    returning id, balance, version
), posted as (
    insert into ledger_transaction (id, kind, cause_id, at) values ($10, 'TOP_UP', $8, now())
), entered as (
    insert into ledger_entry (transaction_id, account_id, amount, before, version)
    select $10::uuid, id, $4, balance - $4, version from moved
     union all
    select $10, id, -$4, null, null from account where owner_id is null and purpose = 'CLEARING' and unit = $5
), lot as (
    insert into bucket (account_id, transaction_id, origin, valid_from, initial, remaining)
    select id, $10, 'PURCHASED', now(), $4, $4 from moved
), audited as (
    insert into audit (id, at, actor, subject_id, operation, details)
    values ($8, now(), 'customer:' || $1, $1, 'top_up_card', jsonb_build_object(
                'card_id', $2::uuid, 'payment_method_id', $3::uuid,
                'amount', jsonb_build_object('amount_minor', $4::bigint, 'currency', $5::text))),
           ($9, now(), 'system:topups', $1, 'settle_top_up', jsonb_build_object(
                'top_up_id', $8::uuid,
                'outcome', jsonb_build_object('status', 'COMPLETED', 'reference', 'by hand', 'decline_reason', null)))
), happened as (
    insert into event (type, version, at, subject_id, actor, execution_id, data)
    select type, 1, now(), $1, actor, execution_id, jsonb_build_object(
               'top_up_id', $8::uuid, 'card_id', $2::uuid, 'amount_minor', $4::bigint, 'currency', $5::text)
      from (values ('top_up.created', 'customer:' || $1, $8::uuid), ('top_up.completed', 'system:topups', $9::uuid))
           happening (type, actor, execution_id)
), queued as (
    insert into pgqueuer (priority, entrypoint, payload, execute_after, status)
    values (0, 'advance_top_up', convert_to($8::text, 'UTF8'), now() + interval '30 seconds', 'queued')
)
select bought.created_at, extended.status, extended.active_until, moved.balance
  from bought, extended, moved
