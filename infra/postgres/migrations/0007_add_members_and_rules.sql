-- Who may decide besides the owner, several decisions for one approval, standing rules, and the wish
-- to stop an approved effect before it begins.

create table members (
  owner text not null,
  email text not null,
  name text not null,
  roles text[] not null default '{}',
  -- SHA-256 of the bearer token in hex; null until one was issued. The token itself is kept nowhere.
  token_hash text,
  created_at timestamptz not null default now(),
  primary key (owner, email)
);
create unique index members_by_token on members (token_hash) where token_hash is not null;

-- An approval has any number of delegations, as many approvals as policy asks for, and one decision
-- that settles it.
alter table decisions
  drop constraint decisions_verdict_check,
  add constraint decisions_verdict_check
    check (verdict in ('approve', 'edit', 'reject', 'delegate')),
  add column settles boolean not null default true,
  -- How many different people had to approve.
  add column required integer not null default 1,
  -- By what right the actor decided: 'owner', 'delegate', 'role:<role>' or 'rule'.
  add column capacity text not null default 'owner',
  -- The member's token in force when it was admitted: replacing the token takes back what it decided.
  add column token_hash text,
  drop constraint decisions_pkey,
  add primary key (approval_id, decision_id);
create unique index decisions_settling on decisions (approval_id) where settles;
create unique index decisions_counted on decisions (approval_id, actor) where verdict = 'approve';

-- What the queue is filtered by, read from the approval so that it can never disagree with it.
alter table approvals
  add column assigned_to text generated always as (approval->>'assignedTo') stored,
  add column assigned_role text
    generated always as (coalesce(approval->>'assignedRole', 'owner')) stored,
  add column required_decisions integer
    generated always as (coalesce((approval->>'requiredDecisions')::integer, 1)) stored;

-- What a standing rule compares. Null where a release before this one prepared it.
alter table payloads
  add column target jsonb,
  -- True when any of its input was filled from text that somebody else wrote.
  add column tainted boolean not null default true;

create table standing_rules (
  id text primary key,
  owner text not null,
  tool text not null,
  target jsonb not null,
  created_from text not null,
  created_by text not null,
  daily_cap integer not null check (daily_cap > 0),
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index standing_rules_by_owner on standing_rules (owner, tool);

create table rule_uses (
  approval_id text primary key,
  rule_id text not null references standing_rules (id),
  -- The day in UTC, and which use of that day it is. Unique, so that the cap holds even when two goals
  -- take the last use at the same moment.
  day date not null,
  number integer not null,
  at timestamptz not null,
  unique (rule_id, day, number)
);

-- Written by the api before it tells the workflow: no effect with this approval begins any more.
create table stopped_approvals (
  approval_id text primary key,
  goal_id text not null,
  actor text not null,
  at timestamptz not null default now()
);
create index effects_by_approval on effects (approval_id) where approval_id is not null;
