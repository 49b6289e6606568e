-- The api writes the whole start of a goal before it asks Temporal, so that a crash or an outage
-- between the two loses nothing: a row without started_at is started again under the same id.

alter table idempotency_keys add column workflow_input jsonb;
alter table idempotency_keys add column started_at timestamptz;

create index idempotency_keys_unstarted on idempotency_keys (created_at)
  where started_at is null and workflow_input is not null;
create index idempotency_keys_by_goal on idempotency_keys (goal_id);
create index approvals_by_owner on approvals (owner, requested_at desc, approval_id desc);
