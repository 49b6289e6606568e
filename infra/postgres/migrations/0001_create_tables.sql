-- Primary stores: accounts, people, documents, payloads, decisions, effects, audit_entries,
-- idempotency_keys. Read models, which may be dropped and rebuilt: goals, approvals, journal_events.

create table people (
  owner text not null,
  email text not null,
  name text not null,
  zone text not null,
  working_hours jsonb not null,
  primary key (owner, email)
);

create table accounts (
  owner text not null,
  provider text not null,
  email text not null,
  -- AES-256-GCM: key id, nonce, ciphertext and tag as base64 parts; see activities/credentials.ts.
  sealed_refresh_token text not null,
  scopes text[] not null default '{}',
  state text not null default 'connected' check (state in ('connected', 'reconnect_required')),
  connected_at timestamptz not null default now(),
  primary key (owner, provider)
);

create table documents (
  id text primary key,
  goal_id text not null,
  kind text not null check (kind in ('mail', 'page', 'text')),
  origin jsonb not null,
  content text not null,
  created_at timestamptz not null default now()
);
create index documents_by_goal on documents (goal_id);

create table payloads (
  digest text primary key,
  goal_id text not null,
  step_id text not null,
  tool text not null,
  -- Canonical: { tool, input, payload, policyVersion }; the digest is over exactly this.
  content jsonb not null,
  card jsonb not null,
  context jsonb not null,
  created_at timestamptz not null default now()
);

create table decisions (
  approval_id text not null,
  decision_id text not null,
  goal_id text not null,
  digest text not null,
  verdict text not null check (verdict in ('approve', 'edit', 'reject')),
  -- Canonical JSON digest of an edited input; the payload performed must carry the same.
  input_digest text,
  actor text not null,
  comment text,
  signed jsonb not null,
  decided_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (approval_id)
);

create table effects (
  effect_key text primary key,
  goal_id text not null,
  step_id text not null,
  revision integer not null,
  purpose text not null check (purpose in ('do', 'undo')),
  tool text not null,
  owner text not null,
  digest text not null,
  approval_id text,
  state text not null check (state in ('intent', 'confirmed', 'unknown', 'not_done', 'shadow')),
  attempts integer not null default 0,
  -- Rises with every attempt; a worker whose fence is no longer the newest may not write.
  fence bigint not null default 0,
  provider_ref text,
  receipt jsonb,
  reconciled boolean not null default false,
  detail text,
  intent_at timestamptz not null default now(),
  settled_at timestamptz
);
create index effects_by_goal on effects (goal_id);

create table audit_entries (
  owner text not null,
  seq bigint not null,
  goal_id text not null,
  at timestamptz not null,
  entry jsonb not null,
  previous_hash text not null,
  hash text not null,
  primary key (owner, seq)
);
create index audit_entries_by_goal on audit_entries (goal_id, seq);

create table idempotency_keys (
  owner text not null,
  key text not null,
  body_digest text not null,
  goal_id text not null,
  created_at timestamptz not null default now(),
  primary key (owner, key)
);

-- Written by the api before it asks Temporal to cancel: no effect starts after the acknowledgement.
create table cancellations (
  goal_id text primary key,
  actor text not null,
  requested_at timestamptz not null default now()
);

create table goals (
  goal_id text primary key,
  owner text not null,
  state text not null,
  view jsonb not null,
  journal_number integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index goals_by_owner on goals (owner, created_at desc, goal_id desc);

create table approvals (
  approval_id text primary key,
  goal_id text not null,
  owner text not null,
  state text not null,
  tier integer not null,
  approval jsonb not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null
);
create index approvals_pending on approvals (owner, requested_at) where state = 'pending';

create table journal_events (
  goal_id text not null,
  number integer not null,
  at timestamptz not null,
  type text not null,
  step_id text,
  data jsonb not null,
  primary key (goal_id, number)
);
