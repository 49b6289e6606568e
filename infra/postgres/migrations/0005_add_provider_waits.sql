-- Providers that are away, by account: nobody calls before `not_before`, then one probe at a time.
create table provider_waits (
  provider text not null,
  -- An owner, or '*' where one account serves the whole installation.
  account text not null,
  since timestamptz not null default now(),
  not_before timestamptz not null,
  -- How long the current pause is; it doubles with every probe that fails.
  window_ms integer not null,
  reason text not null,
  -- When the next caller that has to wait may come back.
  next_slot timestamptz not null,
  -- The call that finds out whether the provider is back, and until when it is believed to run.
  probe uuid,
  probe_until timestamptz,
  primary key (provider, account)
);

-- All workers share one access token of an account, sealed like the refresh token.
alter table accounts add column sealed_access_token text;
alter table accounts add column access_expires_at timestamptz;
