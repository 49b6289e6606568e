-- Triage: how far each mailbox was read, each mail once with its class, and what the person said of it.

create table triage_cursors (
  owner text not null,
  account text not null,
  -- The provider's own: a history id or a delta link.
  cursor text not null,
  synced_at timestamptz not null,
  primary key (owner, account)
);

-- A row is written in the transaction that moves the cursor past its mail, so none is lost, and
-- classified only while it has no class, so none is classified twice.
create table triaged_messages (
  owner text not null,
  account text not null,
  message_id text not null,
  thread_id text not null,
  sender text not null,
  subject text not null,
  received_at timestamptz not null,
  -- The first characters of the text; null once the mail is classified.
  excerpt text,
  found_at timestamptz not null default now(),
  -- Which call of the model classified it: a retry of that call finds its own answer.
  batch text,
  class text check (class in ('urgent', 'needs_reply', 'fyi', 'can_wait', 'spam')),
  reason text,
  confidence real,
  summary text,
  classified_at timestamptz,
  corrected_class text
    check (corrected_class in ('urgent', 'needs_reply', 'fyi', 'can_wait', 'spam')),
  corrected_at timestamptz,
  primary key (owner, account, message_id)
);
create index triaged_messages_waiting on triaged_messages (owner, account, received_at)
  where class is null;
create index triaged_messages_by_batch on triaged_messages (batch) where batch is not null;
create index triaged_messages_newest on triaged_messages (owner, received_at desc);
create index triaged_messages_corrected on triaged_messages (owner, corrected_at desc)
  where corrected_at is not null;

-- The draft that answers a thread: at most one, and its effect, so that a later one can replace it.
create table triage_drafts (
  owner text not null,
  account text not null,
  thread_id text not null,
  goal_id text not null,
  step_id text not null,
  effect_key text not null,
  -- SHA-256 of the draft's text as it was written: one that the person has edited is kept.
  body_digest text not null,
  created_at timestamptz not null default now(),
  primary key (owner, account, thread_id)
);

-- Senders whose mail gets no draft, or gets one although another rule would say no.
create table triage_senders (
  owner text not null,
  sender text not null,
  drafts boolean not null,
  primary key (owner, sender)
);
