-- What is known of models, shared by all workers: how they take a schema, when they may be asked next, what they answered.

CREATE TABLE model_capabilities (
    endpoint text NOT NULL,
    model text NOT NULL,
    answer_form text NOT NULL,
    probed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint, model)
);

-- A rate as the moment when the next call may begin: each caller moves it on and waits for what it was before.
CREATE TABLE model_pace (
    model text PRIMARY KEY,
    free_at timestamptz NOT NULL
);

-- Answers that may serve other builds that ask the very same.
CREATE TABLE cached_answers (
    model text NOT NULL,
    prompt_sha256 text NOT NULL,
    user_id text NOT NULL,
    answer json NOT NULL,
    cost_usd numeric(18, 9),
    hits integer NOT NULL DEFAULT 0,
    saved_usd numeric(18, 9) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, model, prompt_sha256)
);
CREATE INDEX cached_answers_expires_at ON cached_answers (expires_at);
