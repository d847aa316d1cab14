-- Ten thousand builds as they lie in the database: a thread with 4 KB of state that does not compress, a run, some calls.
-- One in ten waits for a person, one in ten failed, one in twenty was canceled, the rest were delivered.

WITH numbered AS (
    SELECT number, gen_random_uuid() AS thread_id, gen_random_uuid() AS run_id, now() - make_interval(mins => number) AS moment,
        CASE WHEN number %% 10 = 0 THEN 'interrupted' WHEN number %% 10 = 1 THEN 'error' WHEN number %% 20 = 2 THEN 'cancelled' ELSE 'success' END
            AS status
    FROM generate_series(1, %(builds)s) AS number
), made AS (
    INSERT INTO threads (thread_id, status, resting_status, metadata, "values", graph_id, created_at, updated_at)
    SELECT
        thread_id, 'idle', 'idle',
        jsonb_build_object('kind', 'build', 'user_id', 'person ' || number %% 50, 'description', 'Members borrow tools, number ' || number),
        jsonb_build_object(
            'spec', jsonb_build_object('title', 'Tool lending ' || number),
            'outcome', CASE WHEN status = 'success' THEN jsonb_build_object('ending', 'delivered') END,
            'architecture', jsonb_build_object('components', '[1, 2, 3, 4]'::jsonb),
            'rest', (SELECT string_agg(md5(number || ' ' || piece), '') FROM generate_series(1, 125) AS piece)
        ),
        'appyard', moment, moment
    FROM numbered
), run AS (
    INSERT INTO runs (run_id, thread_id, assistant_id, status, kwargs, created_at, started_at, finished_at)
    SELECT run_id, thread_id, %(assistant_id)s, status, '{"context": {"budget_usd": 2.0}}', moment, moment, moment + interval '38 s'
    FROM numbered
), asked AS (
    INSERT INTO approvals (thread_id, interrupt_id, request, opened_at, expires_at)
    SELECT thread_id, 'asked', %(request)s::json, moment + interval '38 s', now() + interval '1 day'
    FROM numbered
    WHERE status = 'interrupted'
)
INSERT INTO model_calls (thread_id, task_id, n, prompt_sha256, run_id, node, agent, model, answer, input_tokens, cost_usd)
SELECT thread_id, 'task ' || call, 1, 'x', run_id, 'analyze_requirements', 'Requirements Analyst', 'openai:some', '{}', 1000, 0.01
FROM numbered, generate_series(1, 4) AS call;
