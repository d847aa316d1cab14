-- When a thread goes by itself, and what goes: the whole of it, or all but its latest state.

ALTER TABLE threads
    ADD COLUMN ttl_strategy text CHECK (ttl_strategy IN ('delete', 'keep_latest')),
    ADD COLUMN ttl_minutes double precision CHECK (ttl_minutes > 0),
    ADD COLUMN expires_at timestamptz,
    ADD CHECK ((ttl_minutes IS NULL) = (ttl_strategy IS NULL)),
    ADD CHECK ((ttl_minutes IS NULL) = (expires_at IS NULL));
CREATE INDEX threads_due ON threads (expires_at) WHERE expires_at IS NOT NULL;
