-- Several connected accounts for each owner, at several vendors, one of them the default.

-- Addresses are compared in lower case everywhere else.
update accounts set email = lower(email);
alter table accounts drop constraint accounts_pkey;
alter table accounts add primary key (owner, email);
alter table accounts add constraint accounts_provider_check
  check (provider in ('google', 'microsoft'));
-- What the person calls it: "work", "private".
alter table accounts add column label text;
-- Where new things go unless the person says otherwise.
alter table accounts add column is_default boolean not null default false;
-- Every owner had exactly one.
update accounts set is_default = true;
create unique index accounts_default on accounts (owner) where is_default;
create unique index accounts_label on accounts (owner, lower(label)) where label is not null;

-- Consents under way, from the connect page to the vendor and back. The code a vendor answers with is
-- of no use without the verifier, which only workers can open.
create table sign_ins (
  id uuid primary key,
  owner text not null,
  provider text not null check (provider in ('google', 'microsoft')),
  label text,
  is_default boolean not null,
  redirect_uri text not null,
  state text not null unique,
  -- SHA-256 in hex of the cookie of the browser that asked.
  browser_hash text not null,
  -- Set by a worker: where the person consents, and the verifier sealed like a token.
  consent_url text,
  sealed_verifier text,
  code text,
  created_at timestamptz not null default now()
);
