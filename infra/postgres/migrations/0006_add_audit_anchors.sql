-- Where the audit's chain stood when an effect was settled. It goes back to the workflow with the
-- receipt, also when the effect is found done already; effects settled before this have none.
alter table effects add column audit_seq bigint;
alter table effects add column audit_hash text;

-- A start is kept at the instant its goal was created, so that `goals` can be rebuilt row for row.
update idempotency_keys k set created_at = g.created_at from goals g where g.goal_id = k.goal_id;
