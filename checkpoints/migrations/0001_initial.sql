-- Everything Appyard itself keeps. LangGraph's checkpoints and the job queue have tables of their own beside these.
-- Migrations only add; removing something waits one release.
--
-- jsonb where we search (metadata, config, values); json where the exact text matters: json also keeps \u0000 and lone
-- surrogates, which models and users do send and jsonb refuses.

CREATE TABLE assistants (
    assistant_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    graph_id text NOT NULL,
    name text NOT NULL,
    description text,
    version integer NOT NULL DEFAULT 1,
    config jsonb NOT NULL DEFAULT '{}',
    context jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE threads (
    thread_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    status text NOT NULL DEFAULT 'idle' CHECK (status IN ('idle', 'busy', 'interrupted', 'error')),
    -- What the last run left behind: the status to return to when nothing runs any more.
    resting_status text NOT NULL DEFAULT 'idle' CHECK (resting_status IN ('idle', 'interrupted', 'error')),
    metadata jsonb NOT NULL DEFAULT '{}',
    config jsonb NOT NULL DEFAULT '{}',
    "values" jsonb,
    interrupts jsonb NOT NULL DEFAULT '{}',
    graph_id text,
    graph_version text,
    error json,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    state_updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX threads_created_at ON threads (created_at DESC);
CREATE INDEX threads_updated_at ON threads (updated_at DESC);
CREATE INDEX threads_status ON threads (status);
CREATE INDEX threads_metadata ON threads USING gin (metadata jsonb_path_ops);

CREATE TABLE runs (
    run_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    thread_id uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    assistant_id uuid NOT NULL REFERENCES assistants,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'success', 'interrupted', 'error', 'timeout', 'cancelled')),
    metadata jsonb NOT NULL DEFAULT '{}',
    kwargs json NOT NULL DEFAULT '{}',
    multitask_strategy text NOT NULL DEFAULT 'enqueue'
        CHECK (multitask_strategy IN ('reject', 'interrupt', 'rollback', 'enqueue')),
    attempt integer NOT NULL DEFAULT 0,
    lease_owner text,
    -- Grows with every claim and never shrinks: a write that carries an older token comes from a worker that was given up.
    lease_token bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- Whether the worker also holds the run's advisory lock, whose absence then means the worker died.
    lease_is_held boolean NOT NULL DEFAULT false,
    cancel_requested text CHECK (cancel_requested IN ('interrupt', 'rollback')),
    error json,
    last_event_seq bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CHECK ((status IN ('pending', 'running')) = (finished_at IS NULL))
) WITH (fillfactor = 70);  -- every batch of events updates the row; room on its page keeps that from touching the indexes
CREATE UNIQUE INDEX runs_one_running_per_thread ON runs (thread_id) WHERE status = 'running';
CREATE INDEX runs_of_thread ON runs (thread_id, created_at DESC);
CREATE INDEX runs_active ON runs (thread_id) WHERE status IN ('pending', 'running');
CREATE INDEX runs_running ON runs (run_id) WHERE status = 'running';

CREATE TABLE run_events (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    seq bigint NOT NULL,
    event text NOT NULL,
    data json,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE approvals (
    thread_id uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    interrupt_id text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'decided', 'expired', 'superseded')),
    request json NOT NULL,
    decision json,
    decided_by text,
    -- Deferred, so that a decision and the run that carries it can be written in either order.
    run_id uuid REFERENCES runs ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    opened_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    decided_at timestamptz,
    PRIMARY KEY (thread_id, interrupt_id),
    CHECK ((status = 'decided') = (decided_at IS NOT NULL))
);
CREATE INDEX approvals_waiting ON approvals (opened_at) WHERE status = 'pending';
CREATE INDEX approvals_due ON approvals (expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX approvals_run ON approvals (run_id);

CREATE TABLE artifacts (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Which threads refer to an artifact: with the last of them the artifact goes.
CREATE TABLE artifact_uses (
    sha256 text NOT NULL REFERENCES artifacts,
    thread_id uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    PRIMARY KEY (sha256, thread_id)
);
CREATE INDEX artifact_uses_of_thread ON artifact_uses (thread_id);

CREATE TABLE model_calls (
    thread_id uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    task_id text NOT NULL,
    n integer NOT NULL,
    prompt_sha256 text NOT NULL,
    run_id uuid REFERENCES runs ON DELETE SET NULL,
    node text NOT NULL,
    agent text NOT NULL,
    component text,
    attempt integer NOT NULL DEFAULT 1,
    model text NOT NULL,
    answer json NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    cost_usd numeric(18, 9),
    duration_ms bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (thread_id, task_id, n)
);
CREATE INDEX model_calls_of_run ON model_calls (run_id);
CREATE INDEX model_calls_created_at ON model_calls (created_at);

CREATE TABLE idempotency_keys (
    scope text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status_code integer,
    answer json,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
