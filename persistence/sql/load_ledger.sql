-- Cards for load, one chunk: what came to each account and went from it, and the ledger that this makes.
--
-- No more is ever used than has come so far, and lots are used up in the order in which they came: on money accounts
-- nothing expires, and on the others a lot is over before the next one comes. So the rule of allocation needs no loop.
-- Lay the credits of an account end to end, and its debits beside them: a debit drew on the lots that it overlaps.

-- Top-ups: two to ten in two years, one in each equal part of that time, of which a few are declined. Three cards of a
-- hundred have lapsed: nobody has topped them up for more than a year.
create temp table load_top_up on commit drop as
select line.n, card_id, holder_id, method_id, time_zone, currency, active_months, place, part,
       begun_at, begun_at + interval '2 seconds' as settled_at,
       pg_temp.id(begun_at, 5, line.n, place) as id,
       amounts[1 + pg_temp.pick(line.n * 16 + place, 22, cardinality(amounts))] as amount,
       place < often and pg_temp.pick(line.n * 16 + place, 23, 100) < 3 as is_declined
  from (select load_line.*, 2 + pg_temp.pick(n, 20, 9) as often from load_line) line
 cross join (select amounts, currency, active_months from load_parameters) parameters
 cross join lateral (select interval '730 days' / often as part) parts
 cross join lateral generate_series(1, often) place
 cross join lateral (select 0.7 * pg_temp.pick(line.n * 16 + place, 21, 1000) / 1000 as chance) chances
 cross join lateral (select as_of - interval '730 days' + part * (place - 1 + chance) as begun_at) moment
 where not is_lapsed or begun_at < as_of - interval '380 days';

-- Bonuses: money at the beginning, and a lot or two of everything else. The first lot of data has expired.
create temp table load_bonus on commit drop as
select line.n, card_id, holder_id, line.as_of, bonus.place, code, usage_type, unit, quantity, used, granted_at,
       granted_at + valid as valid_until, pg_temp.id(granted_at, 6, line.n, bonus.place) as id
  from load_line line
 cross join (select amounts[1] as least, currency from load_parameters) parameters
 cross join lateral (values
       (1, 'WELCOME', 'MONEY', currency, least, 0::bigint,
        line.at + interval '1 hour', null::interval, pg_temp.pick(line.n, 30, 2) = 0),
       (2, 'RECURRING_TOP_UP', 'DATA', 'BYTE', 3000000000, 40000 * pg_temp.pick(line.n, 31, 75000)::bigint,
        line.as_of - interval '1 day' * (90 + pg_temp.pick(line.n, 32, 250)), interval '30 days', not is_lapsed),
       (3, 'RECURRING_TOP_UP', 'DATA', 'BYTE', 5000000000, 40000 * pg_temp.pick(line.n, 33, 100000)::bigint,
        line.as_of - interval '1 hour' * (24 + pg_temp.pick(line.n, 34, 600)), interval '60 days', not is_lapsed),
       (4, 'FIRST_TOP_UP', 'VOICE', 'SECOND', 6000, greatest(0, 10 * (pg_temp.pick(line.n, 35, 750) - 250))::bigint,
        line.as_of - interval '1 day' * (20 + pg_temp.pick(line.n, 36, 280)), interval '365 days', not is_lapsed),
       (5, 'INVITED_FRIEND', 'SMS', 'PIECE', 200, greatest(0, pg_temp.pick(line.n, 37, 225) - 75)::bigint,
        line.as_of - interval '1 day' * (10 + pg_temp.pick(line.n, 38, 300)), null,
        not is_lapsed and pg_temp.pick(line.n, 39, 2) = 0)
       ) bonus (place, code, usage_type, unit, quantity, used, granted_at, valid, is_granted)
 where is_granted;

-- Everything that moves a balance: where it comes among the card's transactions and the account's entries, and how much
-- has come to the account and gone from it up to there.
create temp table load_flow on commit drop as
with flow (n, card_id, purpose, unit, kind, cause_id, at, amount, origin, valid_until) as (
    select n, card_id, 'MONEY', currency, 'TOP_UP', id, settled_at, amount, 'PURCHASED', null::timestamptz
      from load_top_up where not is_declined
     union all
    select n, card_id, 'MONEY', currency, 'USAGE', pg_temp.id(settled_at + part / 5, 7, n, place),
           settled_at + part / 5, -amount * (70 + pg_temp.pick(n * 16 + place, 40, 31)) / 100, null, null
      from load_top_up where not is_declined
     union all
    select n, card_id, usage_type, unit, 'BONUS', id, granted_at, quantity, 'GRANTED', valid_until
      from load_bonus
     union all
    select n, card_id, usage_type, unit, 'USAGE', pg_temp.id(granted_at + interval '6 hours', 7, n, 16 + place),
           granted_at + interval '6 hours', -used, null, null
      from load_bonus where used > 0
     union all
    select n, card_id, usage_type, unit, 'EXPIRY', pg_temp.id(valid_until, 9, n, place),
           valid_until, used - quantity, null, null
      from load_bonus where valid_until <= as_of and used < quantity
)
select flow.*,
       case kind when 'TOP_UP' then 'CLEARING' when 'BONUS' then 'GRANTS' when 'USAGE' then 'SALES'
                 else 'EXPIRY' end as counter_purpose,
       row_number() over card as place,
       pg_temp.id(at, 8, n, (row_number() over card)::integer) as transaction_id,
       row_number() over account as version,
       (sum(amount) over account)::bigint as balance,
       coalesce(sum(amount) filter (where amount > 0) over account, 0)::bigint as come,
       coalesce(-sum(amount) filter (where amount < 0) over account, 0)::bigint as gone
  from flow
window card as (partition by n order by at, purpose, kind),
       account as (partition by n, purpose order by at rows unbounded preceding);

create temp table load_account on commit drop as
select nextval(pg_get_serial_sequence('account', 'id')) as id, n, card_id, purpose, unit, balance, version, gone
  from (select distinct on (n, purpose) * from load_flow order by n, purpose, version desc) latest;

insert into account (id, owner_id, purpose, unit, balance, version) overriding system value
select id, card_id, purpose, unit, balance, version from load_account;

insert into ledger_transaction (id, kind, cause_id, at)
select transaction_id, kind, cause_id, at from load_flow order by at;

insert into ledger_entry (transaction_id, account_id, amount, before, version)
select transaction_id, account_id, amount, before, version
  from (select flow.transaction_id, account.id, flow.amount, flow.balance - flow.amount, flow.version, flow.at
          from load_flow flow join load_account account using (n, purpose)
         union all
        select flow.transaction_id, account.id, -flow.amount, null, null, flow.at
          from load_flow flow
          join account
            on account.owner_id is null and account.purpose = counter_purpose and account.unit = flow.unit
       ) entry (transaction_id, account_id, amount, before, version, at)
 order by at;

create temp table load_lot on commit drop as
select nextval(pg_get_serial_sequence('bucket', 'id')) as id, lot.*
  from (select account.id as account_id, flow.transaction_id, flow.origin, flow.at, flow.valid_until, flow.amount,
               flow.come, greatest(0, least(flow.amount, flow.come - account.gone)) as remaining
          from load_flow flow join load_account account using (n, purpose)
         where flow.amount > 0
         order by flow.at) lot;

insert into bucket (id, account_id, transaction_id, origin, valid_from, valid_until, initial, remaining)
       overriding system value
select id, account_id, transaction_id, origin, at, valid_until, amount, remaining from load_lot;

insert into draw (transaction_id, bucket_id, amount)
select flow.transaction_id, lot.id,
       least(lot.come, flow.gone) - greatest(lot.come - lot.amount, flow.gone + flow.amount)
  from load_flow flow
  join load_account account using (n, purpose)
  join load_lot lot on lot.account_id = account.id
   and lot.come - lot.amount < flow.gone and lot.come > flow.gone + flow.amount
 where flow.amount < 0
 order by flow.at;
