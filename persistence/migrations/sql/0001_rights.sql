-- What the application may do. Entries, events and audit rows are for ever: even it can only add to them, and to the
-- ledger only through the ledger's functions (INVARIANTS L4).
grant usage on schema public to kontant_app;
grant select, insert, update, delete on all tables in schema public to kontant_app;
grant usage on all sequences in schema public to kontant_app;

revoke insert, update, delete on
    account, bucket, draw, ledger_transaction, ledger_entry, reservation, reservation_hold from kontant_app;
revoke update, delete on audit, event from kontant_app;
revoke insert, update, delete on alembic_version from kontant_app;

revoke execute on all functions in schema public from public;
grant execute on function
    ledger_post(uuid, text, uuid, timestamptz, uuid[], text[], text[], bigint[], text[], timestamptz[], bigint[]),
    ledger_reserve(uuid, uuid, text, text, bigint, timestamptz, timestamptz),
    ledger_end_reservation(uuid, text, bigint, timestamptz, uuid, text, uuid, text)
    to kontant_app;
