-- Whose builds share their answers, for how long, and what that saved. `cached_answers.prompt_sha256` stands from now on for all
-- that decides an answer: endpoint, model, its options, messages, tools, and the form of the answer.

-- What a tenant said; who said nothing keeps to the server's setting. `hours` 0: their answers serve no other build.
CREATE TABLE answer_caching (
    user_id text PRIMARY KEY,
    hours double precision NOT NULL CHECK (hours >= 0),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);

-- `saved_tokens` is null where a model was asked: only an answer of another build saves something.
ALTER TABLE model_calls
    ADD COLUMN question_sha256 text,
    ADD COLUMN saved_tokens bigint,
    ADD COLUMN saved_usd numeric(18, 9);
ALTER TABLE forgotten_calls
    ADD COLUMN saved_tokens bigint,
    ADD COLUMN saved_usd numeric(18, 9);
CREATE INDEX model_calls_saved ON model_calls (created_at) WHERE saved_tokens IS NOT NULL;
CREATE INDEX forgotten_calls_saved ON forgotten_calls (created_at) WHERE saved_tokens IS NOT NULL;

-- Also, what a deleted build was answered serves nobody any more.
CREATE OR REPLACE FUNCTION keep_what_was_spent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO forgotten_calls
    SELECT
        hash_of_user(OLD.metadata ->> 'user_id'), node, agent, model, input_tokens, output_tokens, cached_tokens, cost_usd,
        duration_ms, date_trunc('day', created_at, 'UTC'), saved_tokens, saved_usd
    FROM model_calls
    WHERE thread_id = OLD.thread_id;
    DELETE FROM cached_answers
    USING model_calls
    WHERE model_calls.thread_id = OLD.thread_id AND cached_answers.user_id = OLD.metadata ->> 'user_id'
        AND cached_answers.model = model_calls.model AND cached_answers.prompt_sha256 = model_calls.question_sha256;
    RETURN OLD;
END
$$;

CREATE OR REPLACE VIEW paid_calls AS
SELECT
    thread_id, task_id, n, run_id, threads.metadata ->> 'user_id' AS user_id, NULL AS user_sha256, node, agent, component, model,
    input_tokens, output_tokens, cached_tokens, cost_usd, duration_ms, model_calls.created_at, saved_tokens, saved_usd
FROM model_calls JOIN threads USING (thread_id)
UNION ALL
SELECT
    NULL, NULL, NULL, NULL, NULL, user_sha256, node, agent, NULL, model,
    input_tokens, output_tokens, cached_tokens, cost_usd, duration_ms, created_at, saved_tokens, saved_usd
FROM forgotten_calls;
