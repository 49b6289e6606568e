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
