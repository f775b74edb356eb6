-- Cards for load, one chunk: people, families and cards. What `load_parameters` holds is said in `persistence/load.py`.
--
-- Everything about a card follows from its number n and from `as_of`, never from the chunk that it is made in: so a
-- load that was broken off and goes on ends with the rows of one that was not. Numbers come in tens; the first two to
-- five of each ten are a family, which makes it about a third of the cards.

-- A number below `below` that follows from n and the question that is asked of it.
create or replace function pg_temp.pick(n bigint, question bigint, below integer) returns integer
language sql immutable as $$
    select ((hashint8extended(n, question) & 9223372036854775807) % below)::integer
$$;

-- An id of the shape of version 7 with the time of its making. In place of chance stand what kind of thing it is of,
-- how manieth of them, and n; and 10a, by which ids of the load are known.
create or replace function pg_temp.id(at timestamptz, kind integer, n bigint, place integer) returns uuid
language sql immutable as $$
    select (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || '710a8' || to_hex(kind)
            || lpad(to_hex(place), 2, '0') || lpad(to_hex(n), 12, '0'))::uuid
$$;

-- Kinds of ids: 1 customer, 2 family, 3 card, 4 payment method, 5 top-up, 6 bonus, 7 usage record, 8 transaction,
-- 9 expiry, 10 execution.
create temp table load_line on commit drop as
with place as (
    select n, as_of, number_before + n as number, given_names, family_names, locales, time_zone,
           (n - 1) / 10 as ten,
           (n - 1) % 10 + 1 as place,
           2 + pg_temp.pick((n - 1) / 10, 1, 4) as size,
           as_of - interval '730 days' - make_interval(secs => (n - 1) * 7919 % 2592000) as at
      from load_parameters, generate_series(first_n, last_n) n
), person as (
    select place.*,
           case when place > size then null
                when place = 1 then 'OWNER'
                when place = 2 and (size > 2 or pg_temp.pick(ten, 2, 2) = 0) then 'MANAGER'
                when place = 3 and size = 5 and pg_temp.pick(ten, 3, 2) = 0 then 'MEMBER'
                else 'CHILD'
           end as role,
           size > 2 or pg_temp.pick(ten, 2, 2) = 0 as has_two_parents,
           ten * 10 + 1 as owner_n,
           case when place > size then n else ten end as surname,
           pg_temp.pick(n, 4, 2) as gender
      from place
), related as (
    select person.*,
           as_of - interval '730 days' - make_interval(secs => (owner_n - 1) * 7919 % 2592000) as owner_at,
           as_of - interval '730 days' - make_interval(secs => owner_n * 7919 % 2592000) as second_at
      from person
)
select n, at, role, has_two_parents,
       pg_temp.id(at, 1, n, 0) as customer_id,
       pg_temp.id(owner_at, 1, owner_n, 0) as owner_id,
       pg_temp.id(second_at, 1, owner_n + 1, 0) as second_id,
       pg_temp.id(owner_at, 2, owner_n, 0) as family_id,
       pg_temp.id(at, 3, n, 0) as card_id,
       -- Whoever holds the card pays for it: of a child's, the family's owner.
       case role when 'CHILD' then pg_temp.id(owner_at, 1, owner_n, 0) else pg_temp.id(at, 1, n, 0) end as holder_id,
       case role when 'CHILD' then pg_temp.id(owner_at, 4, owner_n, 0) else pg_temp.id(at, 4, n, 0) end as method_id,
       '+' || number as phone_number,
       '89' || lpad(number::text, 17, '0') as iccid,
       given_names[1 + gender + 2 * pg_temp.pick(n, 5, cardinality(given_names) / 2)] as given_name,
       family_names[1 + gender + 2 * pg_temp.pick(surname, 6, cardinality(family_names) / 2)] as family_name,
       -- Children are 6 to 15 years old, everybody else 20 to 79.
       (as_of at time zone time_zone)::date - case role
           when 'CHILD' then 2200 + pg_temp.pick(n, 7, 3600) else 7400 + pg_temp.pick(n, 7, 21600) end as birth_date,
       locales[1 + case when pg_temp.pick(n, 8, 10) < 7 then 0
                        else pg_temp.pick(n, 9, cardinality(locales)) end] as locale,
       pg_temp.pick(n, 13, 33) = 0 as is_lapsed,
       as_of, time_zone
  from related;

insert into customer (id, given_name, family_name, birth_date, locale, created_at)
select customer_id, given_name, family_name, birth_date, locale, at from load_line order by at;

insert into contact_point (kind, value, customer_id, verified_at)
select 'PHONE', phone_number, customer_id, at from load_line;

insert into family (id, name, created_at)
select family_id, family_name, at from load_line where role = 'OWNER' order by at;

insert into family_member (customer_id, family_id, role, joined_at)
select customer_id, family_id, role, at from load_line where role is not null order by n;

insert into guardianship (guardian_id, dependant_id, created_at)
select owner_id, customer_id, at from load_line where role = 'CHILD'
 union all
select second_id, customer_id, at from load_line where role = 'CHILD' and has_two_parents;

insert into payment_method (id, customer_id, token, brand, last_digits, expires_on, is_default, created_at)
select method_id, customer_id, 'sandbox_succeeds', case pg_temp.pick(n, 10, 2) when 0 then 'Visa' else 'Mastercard' end,
       lpad(pg_temp.pick(n, 11, 10000)::text, 4, '0'),
       (as_of at time zone time_zone)::date + 365 + pg_temp.pick(n, 12, 1000), true, at
  from load_line where role is distinct from 'CHILD' order by at;
