-- What a person's model calls used up on each of their days, and what is reserved for calls under way.

create table budget_days (
  owner text not null,
  -- The date where the person is, not in UTC.
  day date not null,
  -- Settled: calls that were answered, and what the model's server counted for them.
  calls integer not null default 0,
  tokens bigint not null default 0,
  cost_micro_usd bigint not null default 0,
  -- Held for calls under way: the sum of the day's rows in budget_reservations.
  reserved_tokens bigint not null default 0 check (reserved_tokens >= 0),
  reserved_micro_usd bigint not null default 0 check (reserved_micro_usd >= 0),
  -- Allowed by the person on top of the configured limit.
  more_tokens bigint not null default 0,
  more_micro_usd bigint not null default 0,
  primary key (owner, day)
);

create table budget_reservations (
  -- The activity that makes the call: its retry finds what the attempt before it reserved.
  call_id text primary key,
  owner text not null,
  day date not null,
  tokens bigint not null,
  cost_micro_usd bigint not null,
  -- A call that has not ended by then has died with its worker.
  expires_at timestamptz not null
);
create index budget_reservations_by_owner on budget_reservations (owner, expires_at);
