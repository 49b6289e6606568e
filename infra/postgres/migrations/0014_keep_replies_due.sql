-- Set when a mail needs a reply and triage has neither drafted one nor found that none is due: what could
-- not be drafted for now is drafted by a later triage.
alter table triaged_messages add column reply_due boolean not null default false;
create index triaged_messages_reply_due on triaged_messages (owner, account, received_at)
  where reply_due;
