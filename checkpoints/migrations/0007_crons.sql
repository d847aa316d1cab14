-- Runs that begin by themselves at certain times. Whether one is due is for the database's clock to say.

CREATE TABLE crons (
    cron_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    assistant_id uuid NOT NULL REFERENCES assistants ON DELETE CASCADE,
    thread_id uuid REFERENCES threads ON DELETE CASCADE,
    schedule text NOT NULL,
    timezone text,
    end_time timestamptz,
    enabled boolean NOT NULL,
    deletes_thread boolean,
    payload json NOT NULL,
    metadata jsonb NOT NULL,
    next_run_date timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((thread_id IS NULL) = (deletes_thread IS NOT NULL))
);
CREATE INDEX crons_due ON crons (next_run_date) WHERE enabled;
CREATE INDEX crons_of_thread ON crons (thread_id);
CREATE INDEX crons_of_assistant ON crons (assistant_id);
