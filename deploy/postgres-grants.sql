-- What the program's role may do, run by the role that owns the tables: after the first start's migrations, and again
-- after each upgrade. `steward` is the program's role, `steward_owner` the owner's; docs/running.md makes both.
--
-- The record of events and its head are the audit trail: the program adds to the one and moves the other, and may
-- neither change, delete nor truncate a row, nor switch off the trigger that refuses it.
begin;

-- It makes its own schema for the queue where there is no Redis.
do $$ begin
  execute format('grant connect, create on database %I to steward', current_database());
end $$;
-- CREATE, because PostgreSQL asks for it even where `create … if not exists` finds what it wants.
grant usage, create on schema steward to steward;

grant select, insert, update, delete on all tables in schema steward to steward;
grant usage, select on all sequences in schema steward to steward;

revoke all on steward.record, steward.head, steward.migrations from steward;
grant select, insert on steward.record to steward;
grant select, update on steward.head to steward;
-- UPDATE only for the lock that keeps two processes from migrating at once.
grant select, update on steward.migrations to steward;

commit;
