-- Budgets of a day, kept by all workers together: what calls under way may still cost, and limits people raised for one day.

-- A row goes with its call. After a crash it stops counting at `expires_at`, or is taken over when the same call is made again.
CREATE TABLE held_money (
    thread_id uuid NOT NULL,
    task_id text NOT NULL,
    n integer NOT NULL,
    user_id text,
    bound_usd numeric(18, 9) NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (thread_id, task_id, n)
);
CREATE INDEX held_money_expires_at ON held_money (expires_at);

-- `day` is one in UTC; `user_sha256` is empty where the limit is that of all users together.
CREATE TABLE raised_day_limits (
    day date NOT NULL,
    user_sha256 text NOT NULL,
    limit_usd numeric(18, 9) NOT NULL,
    raised_by text NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, user_sha256)
);
