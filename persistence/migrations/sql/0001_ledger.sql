-- The ledger's doors. The application's role may execute these and read the tables, and nothing else; they run with
-- the owner's rights. Owned accounts are locked in the order of their ids before anything of theirs is touched, and
-- buckets only under the lock of their account, so no two callers can wait for each other. The operator's own
-- accounts are never locked nor updated: their balance is the sum of their entries, taken when read.
--
-- KL001 the postings do not sum to zero   KL002 not enough that is free   KL003 the postings make no sense

-- Opens the accounts that are not there yet, and locks the owned ones.
create function ledger_lock(p_owners uuid[], p_purposes text[], p_units text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_wanted integer;
    v_found integer;
begin
    select count(*) into v_wanted
      from (select distinct o, p, u from unnest(p_owners, p_purposes, p_units) w (o, p, u)) wanted;
    -- Each by its own way to the index: `is not distinct from` has none.
    select count(*) into v_found
      from (select distinct o, p, u from unnest(p_owners, p_purposes, p_units) w (o, p, u)) wanted
     where case when o is null
                then exists (select from account a where a.owner_id is null and a.purpose = p and a.unit = u)
                else exists (select from account a where a.owner_id = o and a.purpose = p and a.unit = u)
           end;
    if v_found < v_wanted then
        insert into account (owner_id, purpose, unit)
        select distinct o, p, u from unnest(p_owners, p_purposes, p_units) w (o, p, u) order by o, p, u
            on conflict do nothing;
    end if;
    perform 1
       from account a
      where (a.owner_id, a.purpose, a.unit) in (
            select o, p, u from unnest(p_owners, p_purposes, p_units) w (o, p, u) where o is not null)
      order by a.id
        for no key update;
end $$;

-- Which lots a quantity comes from: soonest expiry, then granted before purchased, then oldest. Less than asked for
-- when there is not enough; the caller looks. A named bucket is taken from whatever its validity.
create function ledger_allocate(
    p_account bigint, p_amount bigint, p_at timestamptz, p_origin text, p_bucket bigint
) returns table (bucket_id bigint, amount bigint)
language sql stable as $$
    select id, least(free, p_amount - (up_to - free))
      from (select b.id, b.remaining - b.reserved as free,
                   (sum(b.remaining - b.reserved) over (
                       order by b.valid_until asc nulls last, b.origin = 'PURCHASED', b.id
                   ))::bigint as up_to
              from bucket b
             where b.account_id = p_account
               and b.remaining > 0
               and b.remaining > b.reserved
               and (p_origin is null or b.origin = p_origin)
               and case when p_bucket is null
                        then b.valid_until is null or b.valid_until > p_at
                        else b.id = p_bucket
                   end) lots
     where up_to - free < p_amount
$$;

-- Takes a quantity out of an account's buckets and says from which. Debits of one transaction may meet in a bucket.
create function ledger_draw(
    p_transaction uuid, p_account bigint, p_amount bigint, p_at timestamptz, p_origin text, p_bucket bigint
) returns void
language plpgsql as $$
declare
    v_taken bigint;
begin
    with taken as materialized (
        select * from ledger_allocate(p_account, p_amount, p_at, p_origin, p_bucket)
    ), drained as (
        update bucket b set remaining = b.remaining - taken.amount from taken where b.id = taken.bucket_id
    ), noted as (
        insert into draw (transaction_id, bucket_id, amount)
        select p_transaction, taken.bucket_id, taken.amount from taken
            on conflict (transaction_id, bucket_id) do update set amount = draw.amount + excluded.amount
    )
    select coalesce(sum(taken.amount), 0) into v_taken from taken;
    if v_taken <> p_amount then
        raise exception 'not enough that is free' using errcode = 'KL002';
    end if;
end $$;

-- Moves the balances of owned accounts, and writes the entries. Their accounts are locked, their buckets done.
create function ledger_enter(
    p_transaction uuid, p_owners uuid[], p_purposes text[], p_units text[], p_amounts bigint[]
) returns table (owner_id uuid, purpose text, unit text, balance bigint)
language sql as $$
    with posting as (
        select o, p, u, sum(a)::bigint as amount
          from unnest(p_owners, p_purposes, p_units, p_amounts) w (o, p, u, a) group by o, p, u
    ), moved as (
        update account a
           set balance = a.balance + posting.amount, version = a.version + 1
          from posting
         where a.owner_id = posting.o and a.purpose = posting.p and a.unit = posting.u
        returning a.id, a.owner_id, a.purpose, a.unit, a.balance, a.version, posting.amount
    ), entered as (
        insert into ledger_entry (transaction_id, account_id, amount, before, version)
        select p_transaction, moved.id, moved.amount, moved.balance - moved.amount, moved.version from moved
         union all
        select p_transaction, a.id, posting.amount, null, null
          from posting join account a
            on posting.o is null and a.owner_id is null and a.purpose = posting.p and a.unit = posting.u
    )
    select moved.owner_id, moved.purpose::text, moved.unit, moved.balance from moved
$$;

-- One transaction: credits make buckets, debits draw on them, and everything sums to zero in every unit. A debit may
-- name an origin or a bucket that it must come from. The same account may not be both credited and debited.
create function ledger_post(
    p_id uuid, p_kind text, p_cause uuid, p_at timestamptz,
    p_owners uuid[], p_purposes text[], p_units text[], p_amounts bigint[],
    p_origins text[], p_valid_until timestamptz[], p_buckets bigint[]
) returns table (owner_id uuid, purpose text, unit text, balance bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_posting record;
begin
    if exists (select 1 from unnest(p_units, p_amounts) w (u, a) group by u having sum(a) <> 0) then
        raise exception 'the postings do not sum to zero in every unit' using errcode = 'KL001';
    end if;
    if cardinality(p_amounts) = 0 or exists (
        select 1 from unnest(p_owners, p_purposes, p_units, p_amounts, p_origins) w (o, p, u, a, g)
         group by o, p, u
        having bool_or(a is null or a = 0)
            or (o is not null and (min(a) < 0 and max(a) > 0 or bool_or(a > 0 and g is null)))
            or sum(a) = 0
    ) then
        raise exception 'the postings make no sense' using errcode = 'KL003';
    end if;

    perform ledger_lock(p_owners, p_purposes, p_units);
    insert into ledger_transaction (id, kind, cause_id, at) values (p_id, p_kind, p_cause, p_at);

    insert into bucket (account_id, transaction_id, origin, valid_from, valid_until, initial, remaining)
    select a.id, p_id, w.g, p_at, w.v, w.a, w.a
      from unnest(p_owners, p_purposes, p_units, p_amounts, p_origins, p_valid_until)
           with ordinality w (o, p, u, a, g, v, n)
      join account a on a.owner_id = w.o and a.purpose = w.p and a.unit = w.u
     where w.a > 0
     order by w.n;

    for v_posting in
        select a.id as account_id, -w.a as amount, w.g as origin, w.b as bucket_id
          from unnest(p_owners, p_purposes, p_units, p_amounts, p_origins, p_buckets)
               with ordinality w (o, p, u, a, g, b, n)
          join account a on a.owner_id = w.o and a.purpose = w.p and a.unit = w.u
         where w.a < 0
         order by w.b is null, w.g is null, w.n -- whoever can choose least chooses first
    loop
        perform ledger_draw(p_id, v_posting.account_id, v_posting.amount, p_at, v_posting.origin, v_posting.bucket_id);
    end loop;

    return query select * from ledger_enter(p_id, p_owners, p_purposes, p_units, p_amounts);
end $$;

-- Speaks for a quantity without spending it.
create function ledger_reserve(
    p_id uuid, p_owner uuid, p_purpose text, p_unit text, p_amount bigint, p_at timestamptz, p_expires_at timestamptz
) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_account bigint;
    v_held bigint;
begin
    if p_amount <= 0 or p_expires_at <= p_at then
        raise exception 'the reservation makes no sense' using errcode = 'KL003';
    end if;
    perform ledger_lock(array[p_owner], array[p_purpose], array[p_unit]);
    select id into v_account from account
     where account.owner_id = p_owner and account.purpose = p_purpose and account.unit = p_unit;
    insert into reservation (id, account_id, amount, status, created_at, expires_at)
    values (p_id, v_account, p_amount, 'HELD', p_at, p_expires_at);
    with taken as materialized (
        select * from ledger_allocate(v_account, p_amount, p_at, null, null)
    ), held as (
        update bucket b set reserved = b.reserved + taken.amount from taken where b.id = taken.bucket_id
    ), noted as (
        insert into reservation_hold (reservation_id, bucket_id, amount)
        select p_id, taken.bucket_id, taken.amount from taken returning reservation_hold.amount
    )
    select coalesce(sum(noted.amount), 0) into v_held from noted;
    if v_held <> p_amount then
        raise exception 'not enough that is free' using errcode = 'KL002';
    end if;
end $$;

-- Ends a reservation, once: spends up to its amount out of what it held, for the good of the operator's account
-- p_counter, and frees the rest. Spending nothing voids it, or lets it expire. False when it has ended already.
create function ledger_end_reservation(
    p_id uuid, p_status text, p_spent bigint, p_at timestamptz,
    p_transaction uuid, p_kind text, p_cause uuid, p_counter text
) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_account account%rowtype;
    v_reservation reservation%rowtype;
begin
    select a.* into v_account from account a join reservation r on r.account_id = a.id where r.id = p_id;
    if not found then
        raise exception 'there is no such reservation' using errcode = 'KL003';
    end if;
    if p_spent > 0 then -- opened before anything is locked, as when posting
        perform ledger_lock(array[null::uuid], array[p_counter], array[v_account.unit]);
    end if;
    perform ledger_lock(array[v_account.owner_id], array[v_account.purpose::text], array[v_account.unit]);
    update reservation set status = p_status, posted = p_spent, ended_at = p_at
     where id = p_id and status = 'HELD' returning * into v_reservation;
    if not found then
        return false;
    end if;
    if p_status = 'HELD' or (p_status = 'POSTED') <> (p_spent > 0)
       or (p_status = 'EXPIRED' and v_reservation.expires_at > p_at) then
        raise exception 'the reservation cannot end like this' using errcode = 'KL003';
    end if;
    update bucket b set reserved = b.reserved - h.amount
      from reservation_hold h where h.reservation_id = p_id and b.id = h.bucket_id;
    if p_spent > 0 then
        insert into ledger_transaction (id, kind, cause_id, at) values (p_transaction, p_kind, p_cause, p_at);
        with lot as (
            select h.bucket_id, h.amount,
                   (sum(h.amount) over (
                       order by b.valid_until asc nulls last, b.origin = 'PURCHASED', b.id))::bigint as up_to
              from reservation_hold h join bucket b on b.id = h.bucket_id where h.reservation_id = p_id
        ), taken as materialized (
            select bucket_id, least(amount, p_spent - (up_to - amount)) as amount
              from lot where up_to - amount < p_spent
        ), drained as (
            update bucket b set remaining = b.remaining - taken.amount from taken where b.id = taken.bucket_id
        )
        insert into draw (transaction_id, bucket_id, amount) select p_transaction, bucket_id, amount from taken;
        perform ledger_enter(
            p_transaction, array[v_account.owner_id, null], array[v_account.purpose::text, p_counter],
            array[v_account.unit, v_account.unit], array[-p_spent, p_spent]);
    end if;
    return true;
end $$;
