-- Groups of holds, and what settled them, are looked for every few seconds.
create index effects_of_holds on effects (tool, owner)
  where tool in ('holdSlots', 'releaseHolds') and purpose = 'do';
