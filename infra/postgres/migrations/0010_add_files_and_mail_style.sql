-- Files that can be attached, the person's signatures, and how they write.

-- Bytes that leave with a mail: uploaded by the person, or taken from a mail that is forwarded.
create table files (
  id text primary key default gen_random_uuid(),
  owner text not null,
  name text not null,
  mime_type text not null,
  sha256 text not null,
  size_bytes integer not null,
  content bytea not null,
  -- Who made it: the person, or a mail. Null for what the person uploaded.
  origin jsonb,
  created_at timestamptz not null default now(),
  -- The same file is kept once, however often it is uploaded or forwarded.
  unique (owner, name, sha256)
);
create index files_by_owner on files (owner, created_at);

create table mail_signatures (
  owner text not null,
  account text not null,
  -- Empty: no signature. Without a row the provider's own is used where it has one.
  signature text not null,
  primary key (owner, account)
);

create table tone_profiles (
  owner text primary key,
  profile jsonb not null,
  -- 'learned' from sent mail, or 'edited' by the person, which learning does not overwrite unasked.
  source text not null check (source in ('learned', 'edited')),
  updated_at timestamptz not null default now()
);
