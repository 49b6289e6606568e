-- Decisions and refusals have entries in the audit. What the journal tells of refusals is looked up by
-- goal whenever it publishes, and an entry by its name within the goal: each is written once.
create index journal_events_audited on journal_events (goal_id)
  where type in ('decision_refused', 'step_refused')
     or (type = 'step_failed' and data->>'type' = 'NotApprovedError');
create index audit_entries_by_name on audit_entries (goal_id, (entry->>'id'));
