-- Events out: a position in the whole journal that never skips a row, and webhooks.

-- Rows are read in the order of the transactions that wrote them, and only below the oldest one still
-- open, so that a row committed late is never passed over. See docs/decisions/0010-events-out.md.
alter table journal_events
  add column transaction_id xid8 not null default pg_current_xact_id();
create index journal_events_by_transaction on journal_events (transaction_id, goal_id, number);

-- The journal is a read model. When rows leave it, positions taken before mean nothing any more.
create table journal_epoch (
  single boolean primary key default true check (single),
  epoch text not null default substr(md5(random()::text || clock_timestamp()::text), 1, 12)
);
insert into journal_epoch default values;

create function renew_journal_epoch() returns trigger language plpgsql as $$
begin
  update journal_epoch set epoch = default;
  return null;
end $$;
create trigger journal_events_removed after delete or truncate on journal_events
  for each statement execute function renew_journal_epoch();

-- Primary.
create table webhook_endpoints (
  endpoint_id text primary key,
  owner text not null,
  url text not null,
  -- Names such as goal.step_completed; none means all.
  event_types text[] not null,
  -- AES-256-GCM, see infra/sealing.ts. The previous secret signs too until it expires.
  sealed_secret text not null,
  sealed_previous_secret text,
  previous_secret_expires_at timestamptz,
  state text not null default 'enabled' check (state in ('enabled', 'failing', 'disabled')),
  reason text,
  state_changed_at timestamptz not null default now(),
  -- Since when nothing was taken; null while deliveries succeed.
  failing_since timestamptz,
  -- When it was created or enabled anew: nothing older is sent.
  sending_since timestamptz not null default now(),
  -- Everything up to here has a delivery workflow, and when that was noted.
  cursor text not null,
  cursor_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index webhook_endpoints_by_owner on webhook_endpoints (owner, created_at);

create table webhook_deliveries (
  endpoint_id text not null references webhook_endpoints on delete cascade,
  goal_id text not null,
  number integer not null,
  type text not null,
  state text not null check (state in ('retrying', 'delivered', 'failed', 'skipped')),
  attempts integer not null,
  last_status integer,
  detail text,
  last_attempt_at timestamptz not null,
  next_attempt_at timestamptz,
  primary key (endpoint_id, goal_id, number)
);
create index webhook_deliveries_by_time on webhook_deliveries (last_attempt_at);
