-- What a run came to, for those who wait for it; apart from runs, whose rows are read often and should stay small.

CREATE TABLE run_outputs (
    run_id uuid PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    output json NOT NULL
);

-- A thread that exists for one run only, and goes when the run has ended and was heard of.
ALTER TABLE threads ADD COLUMN is_temporary boolean NOT NULL DEFAULT false;
CREATE INDEX threads_temporary ON threads (updated_at) WHERE is_temporary;
