-- When the newest attempt was about to act: for some seconds after that a request may be on its way, and
-- an effect that is not there is not yet one that will not happen.
alter table effects add column acted_at timestamptz not null default now();
