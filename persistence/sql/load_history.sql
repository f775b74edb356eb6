-- Cards for load, one chunk: the cards, their top-ups and bonuses, and what the event and audit logs say of all that.

insert into card (id, phone_number, iccid, status, holder_id, user_id, active_until, grace_until,
                  registered_at, created_at)
select card_id, phone_number, iccid,
       case when pg_temp.pick(n, 50, 100) = 0 then 'BLOCKED'
            when active_until >= today then 'ACTIVE'
            when grace_until >= today then 'GRACE'
            else 'CLOSED'
       end,
       holder_id, customer_id, active_until, grace_until, at, at
  from load_line
  left join (select n, max(settled_at) as topped_up_at from load_top_up where not is_declined group by n) latest
 using (n)
 cross join (select active_months, grace_months from load_parameters) parameters
 cross join lateral (
       select (as_of at time zone time_zone)::date as today,
              ((coalesce(topped_up_at, at) at time zone time_zone)::date
               + make_interval(months => active_months))::date as active_until) active
 cross join lateral (select (active_until + make_interval(months => grace_months))::date as grace_until) grace
 order by at;

insert into top_up (id, card_id, customer_id, payment_method_id, amount_minor, currency, status, decline_reason,
                    provider_reference, looks, created_at, settled_at, active_until)
select id, card_id, holder_id, method_id, amount, currency,
       case when is_declined then 'DECLINED' else 'COMPLETED' end,
       case when is_declined then 'INSUFFICIENT_FUNDS' end,
       'load-' || id, 0, begun_at, settled_at,
       case when not is_declined then
           ((settled_at at time zone time_zone)::date + make_interval(months => active_months))::date end
  from load_top_up order by begun_at;

insert into bonus (id, customer_id, card_id, code, usage_type, quantity, unit, granted_at, valid_until)
select id, holder_id, card_id, code, usage_type, quantity, unit, granted_at, valid_until
  from load_bonus order by granted_at;

-- One audit row an execution: the intent, the settlement, the bonus, the usage record.
insert into audit (id, at, actor, subject_id, operation, details)
select id, begun_at, 'customer:' || holder_id, holder_id, 'top_up_card',
       jsonb_build_object('card_id', card_id, 'payment_method_id', method_id,
                          'amount', jsonb_build_object('amount_minor', amount, 'currency', currency))
  from load_top_up
 union all
select pg_temp.id(settled_at, 10, n, place), settled_at, 'system:topups', holder_id, 'settle_top_up',
       jsonb_build_object('top_up_id', id, 'outcome', jsonb_build_object(
           'status', case when is_declined then 'DECLINED' else 'COMPLETED' end, 'reference', 'load-' || id,
           'decline_reason', case when is_declined then 'INSUFFICIENT_FUNDS' end))
  from load_top_up
 union all
select id, granted_at, 'system:loyalty', null, 'grant_bonus',
       jsonb_build_object('customer_id', holder_id, 'card_id', card_id, 'code', code, 'usage_type', usage_type,
                          'quantity', quantity, 'valid_until', valid_until)
  from load_bonus
 union all
select pg_temp.id(at, 10, n, 16 + place::integer), at, 'system:usage', null, 'record_usage',
       jsonb_build_object('record_id', cause_id, 'card_id', card_id, 'usage_type', purpose, 'quantity', -amount)
  from load_flow where kind = 'USAGE'
 order by 2;

insert into event (type, version, at, subject_id, actor, execution_id, data)
select 'top_up.created', 1, begun_at, holder_id, 'customer:' || holder_id, id,
       jsonb_build_object('top_up_id', id, 'card_id', card_id, 'amount_minor', amount, 'currency', currency)
  from load_top_up
 union all
select case when is_declined then 'top_up.declined' else 'top_up.completed' end, 1, settled_at, holder_id,
       'system:topups', pg_temp.id(settled_at, 10, n, place),
       jsonb_build_object('top_up_id', id, 'card_id', card_id, 'amount_minor', amount, 'currency', currency)
       || case when is_declined then '{"reason": "INSUFFICIENT_FUNDS"}' else '{}'::jsonb end
  from load_top_up
 union all
select 'bonus.granted', 1, granted_at, holder_id, 'system:loyalty', id,
       jsonb_build_object('bonus_id', id, 'card_id', card_id, 'code', code, 'quantity', quantity, 'unit', unit)
  from load_bonus
 order by 3;
