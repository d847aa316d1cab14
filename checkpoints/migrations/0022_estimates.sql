-- What builds and changes of apps were estimated to use, to be compared with what they used, and learned from.

CREATE TABLE estimates (
    estimate_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    made_at timestamptz NOT NULL DEFAULT now(),
    is_change boolean NOT NULL,
    models text NOT NULL,
    stack text NOT NULL,
    tokens_low double precision NOT NULL,
    tokens_high double precision NOT NULL,
    plain_low double precision NOT NULL,
    plain_high double precision NOT NULL,
    estimate json NOT NULL
);
CREATE INDEX estimates_of_thread ON estimates (thread_id, made_at);
CREATE INDEX estimates_of_alike ON estimates (models, stack, is_change, made_at);

-- Those made before they had a table of their own. What they followed from was reckoned otherwise, so nothing is learned from them.
INSERT INTO estimates (thread_id, made_at, is_change, models, stack, tokens_low, tokens_high, plain_low, plain_high, estimate)
SELECT
    thread_id, created_at, false, '', 'python-web', (told #>> '{tokens,low}')::double precision,
    (told #>> '{tokens,high}')::double precision, 0, 0, told
FROM (SELECT thread_id, created_at, metadata -> 'estimate' AS told FROM threads WHERE metadata ? 'estimate') AS kept;

-- Each estimate beside what was used from then on until the next one of its thread. Answers of other builds count as if they had
-- been asked for, since estimates know nothing of them. `is_over`: nothing more will be used.
CREATE VIEW estimates_and_use AS
SELECT
    estimates.*, calls, tokens, cost_usd,
    following.made_at IS NOT NULL OR (threads.status = 'idle' AND threads.ending = 'delivered') AS is_over
FROM estimates
JOIN threads USING (thread_id)
CROSS JOIN LATERAL (
    SELECT min(later.made_at) AS made_at
    FROM estimates AS later
    WHERE later.thread_id = estimates.thread_id AND later.made_at > estimates.made_at
) AS following
CROSS JOIN LATERAL (
    SELECT
        count(*) AS calls,
        coalesce(sum(input_tokens + output_tokens + coalesce(saved_tokens, 0)), 0)::bigint AS tokens,
        coalesce(sum(cost_usd), 0) AS cost_usd
    FROM model_calls
    WHERE model_calls.thread_id = estimates.thread_id AND model_calls.created_at >= estimates.made_at
        AND (following.made_at IS NULL OR model_calls.created_at < following.made_at)
) AS used;
