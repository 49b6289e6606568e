-- Primary store: large payloads of workflow histories. A workflow whose payloads are gone cannot go on.

create table stored_payloads (
  workflow_id text not null,
  -- SHA-256 of metadata and data; see infra/postgres/payload-storage.ts.
  digest bytea not null,
  -- Temporal's metadata of the payload, values in base64.
  metadata jsonb not null,
  data bytea not null,
  created_at timestamptz not null default now(),
  -- Since when no workflow is known that may refer to it. Storing it again or finding one clears it.
  orphaned_at timestamptz,
  primary key (workflow_id, digest)
);
