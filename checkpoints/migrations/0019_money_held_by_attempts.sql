-- Which attempt at which run holds money of the day, so that the next attempt frees what a dead one held.

ALTER TABLE held_money ADD COLUMN run_id uuid, ADD COLUMN run_attempt integer;
