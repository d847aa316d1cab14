-- Money that was spent stays accounted for when a thread goes: of its calls, what they used and cost; no words, no names.

CREATE TABLE forgotten_calls (
    user_sha256 text NOT NULL,
    node text NOT NULL,
    agent text NOT NULL,
    model text NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    cost_usd numeric(18, 9),
    duration_ms bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX forgotten_calls_created_at ON forgotten_calls (created_at);

-- A person stands in it as a hash, so that a day's budget holds for whoever deletes builds; the moment is that of the day.
CREATE FUNCTION hash_of_user(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(coalesce(name, ''), 'UTF8')), 'hex')
$$;

CREATE FUNCTION keep_what_was_spent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO forgotten_calls
    SELECT
        hash_of_user(OLD.metadata ->> 'user_id'), node, agent, model, input_tokens, output_tokens, cached_tokens, cost_usd,
        duration_ms, date_trunc('day', created_at, 'UTC')
    FROM model_calls
    WHERE thread_id = OLD.thread_id;
    RETURN OLD;
END
$$;

CREATE TRIGGER threads_keep_what_was_spent BEFORE DELETE ON threads
FOR EACH ROW EXECUTE FUNCTION keep_what_was_spent();

-- Every call that was ever paid for. Those of deleted threads have no thread, run, component or user, only that user's hash.
CREATE VIEW paid_calls AS
SELECT
    thread_id, task_id, n, run_id, threads.metadata ->> 'user_id' AS user_id, NULL AS user_sha256, node, agent, component, model,
    input_tokens, output_tokens, cached_tokens, cost_usd, duration_ms, model_calls.created_at
FROM model_calls JOIN threads USING (thread_id)
UNION ALL
SELECT
    NULL, NULL, NULL, NULL, NULL, user_sha256, node, agent, NULL, model,
    input_tokens, output_tokens, cached_tokens, cost_usd, duration_ms, created_at
FROM forgotten_calls;
