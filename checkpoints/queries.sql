-- Every statement the repositories use: a name, a sentence, the statement. `%(name)s` are parameters;
-- `{sort}` in a search is a column and a direction, put in by Transaction.fetch_sorted.


-- create_assistant --
-- Create an assistant with its first version; no row if the id is taken.
WITH created AS (
    INSERT INTO assistants (assistant_id, graph_id, name, description, config, context, metadata)
    VALUES (
        coalesce(%(assistant_id)s::uuid, gen_random_uuid()), %(graph_id)s, %(name)s, %(description)s::text,
        %(config)s::jsonb, %(context)s::jsonb, %(metadata)s::jsonb
    )
    ON CONFLICT (assistant_id) DO NOTHING
    RETURNING *
), kept AS (
    INSERT INTO assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata)
    SELECT assistant_id, version, graph_id, name, description, config, context, metadata FROM created
)
SELECT * FROM created;

-- get_assistant --
-- One assistant.
SELECT * FROM assistants WHERE assistant_id = %(assistant_id)s;

-- look_at_assistant --
-- Whether an assistant contains some metadata; no row if there is no such assistant.
SELECT metadata @> %(visible)s::jsonb AS is_visible FROM assistants WHERE assistant_id = %(assistant_id)s;

-- search_assistants --
-- One page of the assistants that match every filter given; assistant_id breaks ties, so pages do not overlap.
SELECT *
FROM assistants
WHERE (%(graph_id)s::text IS NULL OR graph_id = %(graph_id)s::text)
    AND (%(name)s::text IS NULL OR strpos(lower(name), lower(%(name)s::text)) > 0)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb)
ORDER BY {sort}, assistant_id
LIMIT %(limit)s OFFSET %(offset)s;

-- count_assistants --
-- How many assistants match every filter given.
SELECT count(*) AS count
FROM assistants
WHERE (%(graph_id)s::text IS NULL OR graph_id = %(graph_id)s::text)
    AND (%(name)s::text IS NULL OR strpos(lower(name), lower(%(name)s::text)) > 0)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb);

-- lock_assistant --
-- One assistant, which nobody else changes until this transaction ends.
SELECT * FROM assistants WHERE assistant_id = %(assistant_id)s FOR NO KEY UPDATE;

-- add_assistant_version --
-- A new version of an assistant, numbered after the highest there is: what is given replaces, metadata is merged.
INSERT INTO assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata)
SELECT
    assistant_id,
    (SELECT max(version) + 1 FROM assistant_versions WHERE assistant_id = %(assistant_id)s),
    coalesce(%(graph_id)s::text, graph_id), coalesce(%(name)s::text, name), coalesce(%(description)s::text, description),
    coalesce(%(config)s::jsonb, config), coalesce(%(context)s::jsonb, context),
    metadata || coalesce(%(metadata)s::jsonb, '{}')
FROM assistants
WHERE assistant_id = %(assistant_id)s
RETURNING version;

-- use_assistant_version --
-- Put one of its versions in use; no row if there is no such version.
UPDATE assistants
SET version = chosen.version, graph_id = chosen.graph_id, name = chosen.name, description = chosen.description,
    config = chosen.config, context = chosen.context, metadata = chosen.metadata, updated_at = now()
FROM assistant_versions AS chosen
WHERE assistants.assistant_id = %(assistant_id)s
    AND chosen.assistant_id = assistants.assistant_id AND chosen.version = %(version)s
RETURNING assistants.*;

-- assistant_versions --
-- One page of an assistant's versions, the newest first.
SELECT *, created_at AS updated_at
FROM assistant_versions
WHERE assistant_id = %(assistant_id)s AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
ORDER BY version DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- threads_of_assistant --
-- The threads on which an assistant ran.
SELECT DISTINCT thread_id
FROM runs JOIN threads USING (thread_id)
WHERE assistant_id = %(assistant_id)s
    AND (%(visible)s::jsonb IS NULL OR threads.metadata @> %(visible)s::jsonb);

-- delete_runs_of_assistant --
-- Delete the finished runs of an assistant.
DELETE FROM runs WHERE assistant_id = %(assistant_id)s AND status NOT IN ('pending', 'running');

-- delete_assistant --
-- Delete an assistant with its versions.
DELETE FROM assistants WHERE assistant_id = %(assistant_id)s;


-- create_thread --
-- Create a thread; no row if the id is taken.
INSERT INTO threads (thread_id, metadata, config, graph_id, graph_version)
VALUES (
    coalesce(%(thread_id)s::uuid, gen_random_uuid()), %(metadata)s::jsonb, %(config)s::jsonb,
    %(graph_id)s::text, %(graph_version)s::text
)
ON CONFLICT (thread_id) DO NOTHING
RETURNING *;

-- get_thread --
-- One thread.
SELECT * FROM threads WHERE thread_id = %(thread_id)s;

-- look_at_thread --
-- Whether a thread contains some metadata; no row if there is no such thread.
SELECT metadata @> %(visible)s::jsonb AS is_visible FROM threads WHERE thread_id = %(thread_id)s;

-- get_graph_of_thread --
-- Which graph a thread last ran.
SELECT graph_id FROM threads WHERE thread_id = %(thread_id)s;

-- lock_thread --
-- One thread, which nobody else creates a run on, settles or deletes until this transaction ends.
SELECT * FROM threads WHERE thread_id = %(thread_id)s FOR NO KEY UPDATE;

-- search_threads --
-- One page of the threads that match every filter given; thread_id breaks ties, so pages do not overlap.
SELECT *
FROM threads
WHERE (%(ids)s::uuid[] IS NULL OR thread_id = ANY (%(ids)s::uuid[]))
    AND (%(status)s::text IS NULL OR status = %(status)s::text)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb)
    AND (%(values)s::jsonb IS NULL OR "values" @> %(values)s::jsonb)
ORDER BY {sort}, thread_id
LIMIT %(limit)s OFFSET %(offset)s;

-- count_threads --
-- How many threads match every filter given.
SELECT count(*) AS count
FROM threads
WHERE (%(ids)s::uuid[] IS NULL OR thread_id = ANY (%(ids)s::uuid[]))
    AND (%(status)s::text IS NULL OR status = %(status)s::text)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb)
    AND (%(values)s::jsonb IS NULL OR "values" @> %(values)s::jsonb);

-- set_thread_ttl --
-- Let a thread go some minutes from now.
UPDATE threads
SET ttl_strategy = %(strategy)s, ttl_minutes = %(minutes)s,
    expires_at = now() + make_interval(secs => %(minutes)s::double precision * 60)
WHERE thread_id = %(thread_id)s
RETURNING *;

-- update_thread_metadata --
-- Merge keys into a thread's metadata.
UPDATE threads
SET metadata = metadata || %(metadata)s::jsonb, updated_at = now()
WHERE thread_id = %(thread_id)s
RETURNING *;

-- pin_thread_graph --
-- Record which version of which graph the thread's checkpoints were written by.
UPDATE threads
SET graph_id = %(graph_id)s, graph_version = %(graph_version)s, updated_at = now()
WHERE thread_id = %(thread_id)s
RETURNING *;

-- save_thread_snapshot --
-- Keep what the last run left behind, for lists and searches; busy while another run is pending or running.
UPDATE threads
SET "values" = %(values)s::jsonb, interrupts = %(interrupts)s::jsonb, error = %(error)s::json,
    resting_status = %(resting_status)s, updated_at = now(), state_updated_at = now(),
    status = CASE
        WHEN EXISTS (SELECT FROM runs WHERE runs.thread_id = threads.thread_id AND runs.status IN ('pending', 'running'))
        THEN 'busy' ELSE %(resting_status)s
    END
WHERE thread_id = %(thread_id)s
RETURNING *;

-- settle_thread --
-- Busy while a run is pending or running, otherwise what the last run left behind.
UPDATE threads
SET status = CASE
        WHEN EXISTS (SELECT FROM runs WHERE runs.thread_id = threads.thread_id AND runs.status IN ('pending', 'running'))
        THEN 'busy' ELSE resting_status
    END,
    updated_at = now()
WHERE thread_id = %(thread_id)s
RETURNING *;

-- copy_thread --
-- A thread like another, at rest, without the other's runs; some of its metadata may be left behind.
INSERT INTO threads (status, resting_status, metadata, config, "values", interrupts, graph_id, graph_version, error)
SELECT resting_status, resting_status, metadata - %(without)s::text[], config, "values", interrupts, graph_id, graph_version, error
FROM threads
WHERE thread_id = %(thread_id)s
RETURNING *;

-- copy_thread_checkpoints --
-- Give a thread what LangGraph keeps of another.
WITH copied_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path)
    SELECT %(copy_id)s::uuid::text, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path
    FROM checkpoint_writes
    WHERE thread_id = %(thread_id)s::uuid::text
), copied_blobs AS (
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT %(copy_id)s::uuid::text, checkpoint_ns, channel, version, type, blob
    FROM checkpoint_blobs
    WHERE thread_id = %(thread_id)s::uuid::text
)
INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
SELECT %(copy_id)s::uuid::text, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
FROM checkpoints
WHERE thread_id = %(thread_id)s::uuid::text;

-- copy_thread_questions --
-- Let a thread ask what another asks, and keep the artifacts the other refers to.
WITH copied_uses AS (
    INSERT INTO artifact_uses (sha256, thread_id)
    SELECT sha256, %(copy_id)s FROM artifact_uses WHERE thread_id = %(thread_id)s
)
INSERT INTO approvals (thread_id, interrupt_id, request, opened_at, expires_at)
SELECT %(copy_id)s, interrupt_id, request, opened_at, expires_at
FROM approvals
WHERE thread_id = %(thread_id)s AND status = 'pending';

-- thread_storage --
-- How many rows LangGraph keeps of a thread, and their size as stored, by kind; channel values also by channel.
SELECT 'checkpoints' AS kind, NULL AS channel, count(*) AS count, coalesce(sum(pg_column_size(checkpoints.*)), 0)::bigint AS bytes
FROM checkpoints
WHERE thread_id = %(thread_id)s::uuid::text
UNION ALL
SELECT 'pending_writes', NULL, count(*), coalesce(sum(pg_column_size(checkpoint_writes.*)), 0)::bigint
FROM checkpoint_writes
WHERE thread_id = %(thread_id)s::uuid::text
UNION ALL
SELECT 'channel_values', channel, count(*), coalesce(sum(pg_column_size(checkpoint_blobs.*)), 0)::bigint
FROM checkpoint_blobs
WHERE thread_id = %(thread_id)s::uuid::text
GROUP BY channel;

-- threads_due --
-- Threads at rest whose time is over.
SELECT * FROM threads WHERE expires_at <= now() AND status <> 'busy' ORDER BY expires_at LIMIT %(limit)s;

-- forget_thread_ttl --
-- A thread that was reduced to its latest state stays.
UPDATE threads SET ttl_strategy = NULL, ttl_minutes = NULL, expires_at = NULL WHERE thread_id = %(thread_id)s;

-- wake_followers_of_thread --
-- Wake those who follow a run of a thread that is about to go.
SELECT pg_notify('appyard_runs', run_id::text) FROM runs WHERE thread_id = %(thread_id)s AND status IN ('pending', 'running');

-- delete_thread --
-- Delete a thread with its runs, events, approvals, calls and uses of artifacts.
DELETE FROM threads WHERE thread_id = %(thread_id)s;

-- delete_thread_checkpoints --
-- Delete what LangGraph keeps of a thread.
WITH deleted_writes AS (DELETE FROM checkpoint_writes WHERE thread_id = %(thread_id)s::uuid::text),
    deleted_blobs AS (DELETE FROM checkpoint_blobs WHERE thread_id = %(thread_id)s::uuid::text)
DELETE FROM checkpoints WHERE thread_id = %(thread_id)s::uuid::text;


-- create_run --
-- Create a pending run on a thread, which nobody else creates one on, settles or deletes until this transaction ends.
-- No row if there is no such thread, or the run's id is taken.
WITH occupied AS (
    UPDATE threads SET status = 'busy', updated_at = now() WHERE thread_id = %(thread_id)s RETURNING thread_id
)
INSERT INTO runs (run_id, thread_id, assistant_id, metadata, kwargs, multitask_strategy)
SELECT
    coalesce(%(run_id)s::uuid, gen_random_uuid()), thread_id, %(assistant_id)s,
    %(metadata)s::jsonb, %(kwargs)s::json, %(multitask_strategy)s
FROM occupied
ON CONFLICT (run_id) DO NOTHING
RETURNING *;

-- get_run --
-- One run.
SELECT * FROM runs WHERE run_id = %(run_id)s;

-- get_run_status --
-- How far a run is.
SELECT status FROM runs WHERE run_id = %(run_id)s;

-- list_runs --
-- One page of a thread's runs, the newest first.
SELECT *
FROM runs
WHERE thread_id = %(thread_id)s
    AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
ORDER BY created_at DESC, run_id
LIMIT %(limit)s OFFSET %(offset)s;

-- active_runs --
-- A thread's runs that are not finished, the oldest first.
SELECT *
FROM runs
WHERE thread_id = %(thread_id)s AND status IN ('pending', 'running')
ORDER BY created_at, run_id;

-- claim_run --
-- Hand a pending run, or one whose worker died, to this worker; the partial unique index lets one run of a thread through.
-- It does not wait for the disk: with the database server the claim is gone, and the run is claimed again.
UPDATE runs
SET status = 'running', attempt = attempt + 1,
    lease_owner = %(owner)s, lease_token = lease_token + 1, lease_is_held = %(is_held)s,
    lease_until = now() + make_interval(secs => %(lease_seconds)s),
    started_at = coalesce(started_at, now()), updated_at = now()
WHERE run_id = %(run_id)s
    AND (status = 'pending' OR (status = 'running' AND (lease_until < now() OR %(is_held)s)))
    AND NOT EXISTS (
        SELECT FROM runs AS other
        WHERE other.thread_id = runs.thread_id AND other.run_id <> runs.run_id AND other.status = 'running'
    )
RETURNING *, set_config('synchronous_commit', 'off', true);

-- renew_lease --
-- Keep a claimed run for longer, and hear whether somebody wants it stopped.
UPDATE runs
SET lease_until = now() + make_interval(secs => %(lease_seconds)s), updated_at = now()
WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
RETURNING *;

-- holds_lease --
-- Whether this attempt is still the run's newest.
SELECT FROM runs WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running';

-- save_progress --
-- Steps of an attempt, into LangGraph's own tables and by its rules, if the attempt is the run's newest; AY001 otherwise.
WITH allowed AS MATERIALIZED (
    SELECT appyard_require_lease(%(run_id)s, %(token)s, %(waits)s)
), kept_blobs AS (
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, decode(row ->> 5, 'base64')
    FROM allowed, json_array_elements(%(blobs)s::json) AS row
    ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING
), kept_checkpoints AS (
    INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, (row -> 4)::jsonb, (row -> 5)::jsonb
    FROM allowed, json_array_elements(%(checkpoints)s::json) AS row
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id)
        DO UPDATE SET checkpoint = excluded.checkpoint, metadata = excluded.metadata
), kept_first_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, (row ->> 5)::integer, row ->> 6, row ->> 7, decode(row ->> 8, 'base64')
    FROM allowed, json_array_elements(%(first_writes)s::json) AS row
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING
), kept_last_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, (row ->> 5)::integer, row ->> 6, row ->> 7, decode(row ->> 8, 'base64')
    FROM allowed, json_array_elements(%(last_writes)s::json) AS row
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
        DO UPDATE SET channel = excluded.channel, type = excluded.type, blob = excluded.blob
)
SELECT FROM allowed;

-- release_run --
-- Give a claimed run back, to be begun again by another worker; the attempt is not counted.
UPDATE runs
SET status = 'pending', attempt = attempt - 1, lease_owner = NULL, lease_until = NULL, updated_at = now()
WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
RETURNING *, pg_notify('appyard_runs', run_id::text);

-- finish_run --
-- End a claimed run with its last events and what it came to, and wake those who follow it.
WITH ended AS (
    UPDATE runs
    SET status = %(status)s, error = %(error)s::json, lease_owner = NULL, lease_until = NULL,
        updated_at = now(), finished_at = now(), last_event_seq = last_event_seq + cardinality(%(events)s::text[])
    WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
    RETURNING *
), told AS (
    INSERT INTO run_events (run_id, seq, event, data)
    SELECT
        ended.run_id, ended.last_event_seq - cardinality(%(events)s::text[]) + last.position, last.event, last.data::json
    FROM ended, unnest(%(events)s::text[], %(data)s::text[]) WITH ORDINALITY AS last (event, data, position)
), kept AS (
    INSERT INTO run_outputs (run_id, output)
    SELECT ended.run_id, %(output)s::json FROM ended WHERE %(output)s::json IS NOT NULL
    ON CONFLICT (run_id) DO UPDATE SET output = excluded.output
)
SELECT *, pg_notify('appyard_runs', run_id::text), pg_notify('appyard_runs', thread_id::text) FROM ended;

-- request_cancel --
-- Cancel a pending run at once; ask the worker of a running one to stop.
UPDATE runs
SET cancel_requested = %(action)s,
    status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END,
    finished_at = CASE status WHEN 'pending' THEN now() END,
    updated_at = now()
WHERE run_id = %(run_id)s AND status IN ('pending', 'running')
RETURNING *, pg_notify('appyard_runs', run_id::text);

-- note_on_run --
-- Add to what is noted on a run that has not ended.
UPDATE runs SET metadata = metadata || %(note)s::jsonb WHERE run_id = %(run_id)s AND status IN ('pending', 'running');

-- abandoned_runs --
-- Running runs nobody works on any more: the lease ran out, or the lock that dies with the worker's process is gone.
SELECT *
FROM runs
WHERE status = 'running'
    AND (
        lease_until < now()
        OR (
            lease_is_held
            AND hashtextextended(run_id::text, 0) NOT IN (
                SELECT (classid::bigint << 32) | objid::bigint
                FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            )
        )
    )
ORDER BY created_at;

-- delete_run --
-- Delete a finished run with its events.
DELETE FROM runs WHERE run_id = %(run_id)s AND status NOT IN ('pending', 'running');

-- hold_run --
-- Take the lock that says a living process works on this run; it goes with the connection.
SELECT pg_try_advisory_lock(hashtextextended(%(run_id)s::uuid::text, 0)) AS held;


-- let_go_of_run --
-- Give the lock back.
SELECT pg_advisory_unlock(hashtextextended(%(run_id)s::uuid::text, 0));

-- append_events --
-- Number and store events of a claimed run, and wake those who follow it, with the first also those of its thread; no row if the lease was lost.
-- What is only worth a glance does not wait for the disk, and may be lost if the database server crashes in the next moments.
WITH reserved AS (
    UPDATE runs
    SET last_event_seq = last_event_seq + cardinality(%(events)s::text[])
    WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
    RETURNING
        run_id, last_event_seq - cardinality(%(events)s::text[]) AS last_seq, pg_notify('appyard_runs', run_id::text),
        CASE WHEN last_event_seq = cardinality(%(events)s::text[]) THEN pg_notify('appyard_runs', thread_id::text) END,
        CASE WHEN NOT %(waits)s THEN set_config('synchronous_commit', 'off', true) END
)
INSERT INTO run_events (run_id, seq, event, data)
SELECT reserved.run_id, reserved.last_seq + appended.position, appended.event, appended.data::json
FROM reserved, unnest(%(events)s::text[], %(data)s::text[]) WITH ORDINALITY AS appended (event, data, position)
RETURNING seq;

-- events_after --
-- What happened in a run after a sequence number: everything, only one kind, or all but one kind.
SELECT *
FROM run_events
WHERE run_id = %(run_id)s AND seq > %(after)s
    AND (%(only)s::text IS NULL OR event = %(only)s::text) AND event IS DISTINCT FROM %(without)s::text
ORDER BY seq
LIMIT %(limit)s;


-- newest_event --
-- The newest event of a run that has another name.
SELECT seq FROM run_events WHERE run_id = %(run_id)s AND event <> %(without)s ORDER BY seq DESC LIMIT 1;

-- ask_questions --
-- Close what a thread asked before, ask what it asks now, and ask again what was answered without the graph taking it.
WITH closed AS (
    UPDATE approvals
    SET status = 'superseded'
    WHERE thread_id = %(thread_id)s AND status = 'pending' AND interrupt_id <> ALL (%(asked)s::text[])
)
INSERT INTO approvals (thread_id, interrupt_id, request, expires_at)
SELECT %(thread_id)s, asked.key, asked.value, now() + make_interval(secs => %(expires_in_seconds)s::double precision)
FROM json_each(%(questions)s::json) AS asked
ON CONFLICT (thread_id, interrupt_id) DO UPDATE
SET status = 'pending', request = excluded.request, expires_at = excluded.expires_at,
    opened_at = CASE approvals.status WHEN 'decided' THEN approvals.opened_at ELSE now() END,
    decision = NULL, decided_by = NULL, decided_at = NULL, run_id = NULL, decided_via = NULL, decided_from = NULL
WHERE approvals.status <> 'pending';

-- get_approval --
-- One approval.
SELECT * FROM approvals WHERE thread_id = %(thread_id)s AND interrupt_id = %(interrupt_id)s;

-- decide_approval --
-- Decide, if nobody has and there is still time: of any number at once, exactly one gets a row.
UPDATE approvals
SET status = 'decided', decision = %(decision)s::json, decided_by = %(decided_by)s::text, decided_at = now(),
    run_id = %(run_id)s::uuid, decided_via = %(decided_via)s::text, decided_from = %(decided_from)s::text
WHERE thread_id = %(thread_id)s AND interrupt_id = %(interrupt_id)s AND status = 'pending'
    AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- expire_due_approvals --
-- Close the questions whose time is over; a decision that is just being made goes first.
UPDATE approvals
SET status = 'expired'
WHERE (thread_id, interrupt_id) IN (
    SELECT thread_id, interrupt_id
    FROM approvals
    WHERE status = 'pending' AND expires_at <= now()
    ORDER BY expires_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING *;

-- remind_due_approvals --
-- Count the reminders that are due for a graph's questions, several at once as one; each caller gets those it counted.
UPDATE approvals
SET reminders = due.number
FROM (
    SELECT waiting.thread_id, waiting.interrupt_id, passed.number
    FROM approvals AS waiting
    JOIN threads ON threads.thread_id = waiting.thread_id AND threads.graph_id = %(graph_id)s
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS number
        FROM unnest(%(after_seconds)s::double precision[]) AS after (seconds)
        WHERE waiting.opened_at + make_interval(secs => after.seconds) <= now()
    ) AS passed
    WHERE waiting.status = 'pending' AND (waiting.expires_at IS NULL OR waiting.expires_at > now())
        AND passed.number > waiting.reminders
    ORDER BY waiting.opened_at
    LIMIT %(limit)s
    FOR UPDATE OF waiting SKIP LOCKED
) AS due
WHERE approvals.thread_id = due.thread_id AND approvals.interrupt_id = due.interrupt_id
RETURNING approvals.*;

-- escalate_due_approvals --
-- Pass on a graph's questions that have waited for so long, each once; each caller gets those it passed on.
UPDATE approvals
SET escalated_at = now()
WHERE (thread_id, interrupt_id) IN (
    SELECT waiting.thread_id, waiting.interrupt_id
    FROM approvals AS waiting
    JOIN threads ON threads.thread_id = waiting.thread_id AND threads.graph_id = %(graph_id)s
    WHERE waiting.status = 'pending' AND (waiting.expires_at IS NULL OR waiting.expires_at > now()) AND waiting.escalated_at IS NULL
        AND waiting.opened_at <= now() - make_interval(secs => %(after_seconds)s::double precision)
    ORDER BY waiting.opened_at
    LIMIT %(limit)s
    FOR UPDATE OF waiting SKIP LOCKED
)
RETURNING *;

-- reopen_approvals --
-- Put a thread's last question again whose time was over, as new and with a new deadline; whoever is second changes nothing.
UPDATE approvals
SET status = 'pending', opened_at = now(), expires_at = now() + make_interval(secs => %(expires_in_seconds)s::double precision),
    reminders = 0, escalated_at = NULL, reopened_by = %(reopened_by)s
WHERE (thread_id, interrupt_id) = (
        SELECT thread_id, interrupt_id FROM approvals WHERE thread_id = %(thread_id)s ORDER BY opened_at DESC, interrupt_id LIMIT 1
    )
    AND (status = 'expired' OR (status = 'pending' AND expires_at <= now()))
RETURNING *;

-- told_of_thread --
-- What notices call a build, and the run they are about.
SELECT
    coalesce(title, metadata ->> 'description', 'A build') AS title, graph_id, now() AS now,
    (SELECT run_id FROM runs WHERE runs.thread_id = threads.thread_id ORDER BY created_at DESC, run_id LIMIT 1) AS run_id
FROM threads
WHERE thread_id = %(thread_id)s;

-- questions_of_past_days --
-- Questions of a graph about the budget of a day that is over.
SELECT approvals.thread_id, approvals.interrupt_id
FROM approvals JOIN threads USING (thread_id)
WHERE approvals.status = 'pending' AND (approvals.expires_at IS NULL OR approvals.expires_at > now())
    AND CASE WHEN threads.graph_id = %(graph_id)s THEN (approvals.request #>> '{budget,resumes_at}')::timestamptz <= now() END
ORDER BY approvals.opened_at
LIMIT %(limit)s;

-- supersede_approvals --
-- Close a thread's waiting questions, except those it still asks.
UPDATE approvals
SET status = 'superseded'
WHERE thread_id = %(thread_id)s AND status = 'pending' AND interrupt_id <> ALL (%(still_asked)s::text[])
RETURNING *;

-- waiting_approvals --
-- What waits for a person, the oldest first.
SELECT *
FROM approvals
WHERE status = 'pending'
    AND (expires_at IS NULL OR expires_at > now())
    AND (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
ORDER BY opened_at, thread_id, interrupt_id
LIMIT %(limit)s OFFSET %(offset)s;


-- put_artifact --
-- Store bytes once.
INSERT INTO artifacts (sha256, media_type, size_bytes, content)
VALUES (%(sha256)s, %(media_type)s, octet_length(%(content)s::bytea), %(content)s::bytea)
ON CONFLICT (sha256) DO NOTHING;

-- use_artifact --
-- Record that a thread refers to an artifact.
INSERT INTO artifact_uses (sha256, thread_id)
VALUES (%(sha256)s, %(thread_id)s)
ON CONFLICT (sha256, thread_id) DO NOTHING;

-- describe_artifact --
-- What is known of an artifact, without its bytes.
SELECT sha256, media_type, size_bytes FROM artifacts WHERE sha256 = %(sha256)s;

-- get_artifact --
-- The bytes.
SELECT content FROM artifacts WHERE sha256 = %(sha256)s;

-- lock_artifacts_of_thread --
-- The artifacts a thread refers to; nobody begins to refer to them until this transaction ends.
SELECT sha256
FROM artifacts
WHERE sha256 IN (SELECT sha256 FROM artifact_uses WHERE thread_id = %(thread_id)s)
ORDER BY sha256
FOR UPDATE;

-- delete_unused_artifacts --
-- Of these artifacts, delete those no thread refers to.
DELETE FROM artifacts
WHERE sha256 = ANY (%(sha256s)s::text[])
    AND NOT EXISTS (SELECT FROM artifact_uses WHERE artifact_uses.sha256 = artifacts.sha256);


-- find_model_call --
-- The journaled answer to the n-th call of a task.
SELECT * FROM model_calls WHERE thread_id = %(thread_id)s AND task_id = %(task_id)s AND n = %(n)s;

-- record_model_call --
-- Journal an answer; no row if the call has one already.
INSERT INTO model_calls (
    thread_id, task_id, n, prompt_sha256, run_id, node, agent, component, attempt, model, answer,
    input_tokens, output_tokens, cached_tokens, cost_usd, duration_ms, question_sha256, saved_tokens, saved_usd
)
VALUES (
    %(thread_id)s, %(task_id)s, %(n)s, %(prompt_sha256)s, %(run_id)s::uuid, %(node)s, %(agent)s, %(component)s::text,
    %(attempt)s, %(model)s, %(answer)s::json,
    %(input_tokens)s, %(output_tokens)s, %(cached_tokens)s, %(cost_usd)s::numeric, %(duration_ms)s,
    %(question_sha256)s::text, %(saved_tokens)s::bigint, %(saved_usd)s::numeric
)
ON CONFLICT (thread_id, task_id, n) DO NOTHING
RETURNING *;

-- usage --
-- What the calls of a thread, a run or everybody since a moment used, summed up.
SELECT
    count(*) AS calls,
    count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced_calls,
    coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(duration_ms), 0)::bigint AS duration_ms,
    count(saved_tokens) AS reused_calls,
    coalesce(sum(saved_tokens), 0)::bigint AS saved_tokens,
    coalesce(sum(saved_usd), 0) AS saved_usd
FROM paid_calls
WHERE (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
    AND (%(run_id)s::uuid IS NULL OR run_id = %(run_id)s::uuid)
    AND (%(hours)s::double precision IS NULL OR created_at > now() - make_interval(secs => %(hours)s * 3600));

-- forget_call --
-- Account for an answer whose thread or run was deleted while it was under way. Nobody knows any more whose it was, if not the thread.
INSERT INTO forgotten_calls
VALUES (
    hash_of_user((SELECT metadata ->> 'user_id' FROM threads WHERE thread_id = %(thread_id)s)), %(node)s, %(agent)s, %(model)s,
    %(input_tokens)s, %(output_tokens)s, %(cached_tokens)s, %(cost_usd)s::numeric, %(duration_ms)s, date_trunc('day', now(), 'UTC'),
    %(saved_tokens)s::bigint, %(saved_usd)s::numeric
);

-- lock_day_budgets --
-- Let one caller at a time look how much is left of a day and hold some of it, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('appyard: budgets of the day', 0));

-- day_budgets --
-- The limits of today for whoever owns a thread, or for a user, and for all: what is spent of each, and what calls may still cost.
WITH asking AS (
    SELECT
        date_trunc('day', now(), 'UTC') AS today,
        coalesce(%(user_id)s::text, (SELECT metadata ->> 'user_id' FROM threads WHERE thread_id = %(thread_id)s::uuid)) AS user_id
), limits AS (
    SELECT 'user_day' AS "limit", hash_of_user(user_id) AS user_sha256, %(user_limit_usd)s::numeric AS set_usd FROM asking
    UNION ALL
    SELECT 'day', '', %(limit_usd)s::numeric
)
SELECT
    limits."limit", greatest(set_usd, raised.limit_usd) AS limit_usd, spent.usd AS spent_usd, held.usd AS held_usd,
    today + interval '1 day' AS resumes_at
FROM asking
CROSS JOIN limits
LEFT JOIN raised_day_limits AS raised
    ON raised.day = (today AT TIME ZONE 'UTC')::date AND raised.user_sha256 = limits.user_sha256
CROSS JOIN LATERAL (
    SELECT coalesce(sum(cost_usd), 0) AS usd
    FROM paid_calls
    WHERE created_at >= today
        AND (limits."limit" = 'day' OR coalesce(paid_calls.user_sha256, hash_of_user(paid_calls.user_id)) = limits.user_sha256)
) AS spent
CROSS JOIN LATERAL (
    SELECT coalesce(sum(bound_usd), 0) AS usd
    FROM held_money
    WHERE expires_at > now()
        -- An attempt that is over makes no calls any more: its worker died, or the run ended.
        AND NOT EXISTS (
            SELECT FROM runs
            WHERE runs.run_id = held_money.run_id AND (runs.status, runs.attempt) <> ('running', held_money.run_attempt)
        )
        AND (limits."limit" = 'day' OR hash_of_user(held_money.user_id) = limits.user_sha256)
        AND (thread_id, task_id, n) IS DISTINCT FROM (%(thread_id)s::uuid, %(task_id)s::text, %(n)s::integer)
) AS held
WHERE set_usd IS NOT NULL
ORDER BY limits."limit" DESC;

-- hold_money --
-- Count what a call can cost as if it were spent; the same call made again, after a crash, counts once.
INSERT INTO held_money (thread_id, task_id, n, run_id, run_attempt, user_id, bound_usd, expires_at)
VALUES (
    %(thread_id)s, %(task_id)s, %(n)s, %(run_id)s, %(run_attempt)s,
    (SELECT metadata ->> 'user_id' FROM threads WHERE thread_id = %(thread_id)s),
    %(bound_usd)s, now() + make_interval(secs => %(seconds)s)
)
ON CONFLICT (thread_id, task_id, n) DO UPDATE SET
    bound_usd = excluded.bound_usd, expires_at = excluded.expires_at, run_id = excluded.run_id, run_attempt = excluded.run_attempt;

-- release_money --
-- Count it no longer, nor what calls left behind that ended with their worker.
DELETE FROM held_money
WHERE (thread_id, task_id, n, run_id, run_attempt) = (%(thread_id)s, %(task_id)s, %(n)s, %(run_id)s, %(run_attempt)s)
    OR expires_at < now();

-- raise_day_limit --
-- Raise today's limit of whoever owns a thread, or of all; a higher one that stands already stays.
INSERT INTO raised_day_limits AS raised (day, user_sha256, limit_usd, raised_by)
VALUES (
    (now() AT TIME ZONE 'UTC')::date,
    CASE %(limit)s WHEN 'day' THEN '' ELSE hash_of_user((SELECT metadata ->> 'user_id' FROM threads WHERE thread_id = %(thread_id)s)) END,
    %(limit_usd)s, %(raised_by)s
)
ON CONFLICT (day, user_sha256) DO UPDATE
SET limit_usd = excluded.limit_usd, raised_by = excluded.raised_by, raised_at = now()
WHERE raised.limit_usd < excluded.limit_usd;

-- usage_by_agent --
-- What each agent used on a thread, or in one run of it, in the order they first spoke.
SELECT
    agent,
    count(*) AS calls,
    count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced_calls,
    coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(duration_ms), 0)::bigint AS duration_ms,
    count(saved_tokens) AS reused_calls,
    coalesce(sum(saved_tokens), 0)::bigint AS saved_tokens,
    coalesce(sum(saved_usd), 0) AS saved_usd
FROM model_calls
WHERE thread_id = %(thread_id)s
    AND (%(run_id)s::uuid IS NULL OR run_id = %(run_id)s::uuid)
GROUP BY agent
ORDER BY min(created_at), agent;


-- reserve_idempotency_key --
-- Take a key; waits for a request that is just using it, and gives no row if that one succeeded.
INSERT INTO idempotency_keys (scope, key, body_sha256)
VALUES (%(scope)s, %(key)s, %(body_sha256)s)
ON CONFLICT (scope, key) DO NOTHING
RETURNING key;

-- get_idempotency_key --
-- What a key was used for.
SELECT * FROM idempotency_keys WHERE scope = %(scope)s AND key = %(key)s;

-- store_idempotent_answer --
-- Keep the answer that repetitions of the request will get.
UPDATE idempotency_keys
SET status_code = %(status_code)s, answer = %(answer)s::json
WHERE scope = %(scope)s AND key = %(key)s;

-- forget_idempotency_keys --
-- Forget keys nobody will repeat any more.
DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => %(hours)s);


-- unheld_runs --
-- Which of these runs no living process holds.
SELECT wanted.run_id
FROM unnest(%(run_ids)s::uuid[]) AS wanted (run_id)
WHERE hashtextextended(wanted.run_id::text, 0) NOT IN (
    SELECT (classid::bigint << 32) | objid::bigint
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);


-- approvals_of_thread --
-- Everything a thread ever asked, the oldest first.
SELECT *
FROM approvals
WHERE thread_id = %(thread_id)s
ORDER BY opened_at, interrupt_id;


-- costs --
-- What calls cost, those of deleted threads included, summed up by one dimension, the dearest first; before them the sum of all.
WITH concerned AS (
    SELECT
        CASE %(by)s
            WHEN 'call' THEN thread_id || '/' || task_id || '/' || n
            WHEN 'build' THEN thread_id::text
            WHEN 'run' THEN run_id::text
            WHEN 'user' THEN user_id
            WHEN 'day' THEN to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            WHEN 'node' THEN node
            WHEN 'agent' THEN agent
            WHEN 'component' THEN component
            WHEN 'model' THEN model
        END AS key,
        paid_calls.*
    FROM paid_calls
    WHERE (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
        AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s::text OR user_sha256 = hash_of_user(%(user_id)s::text))
        AND (%(days)s::integer IS NULL OR created_at > now() - make_interval(days => %(days)s::integer))
)

SELECT
    key,
    grouping(key) = 1 AS is_total,
    count(*) AS calls,
    count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced_calls,
    coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(duration_ms), 0)::bigint AS duration_ms,
    count(saved_tokens) AS reused_calls,
    coalesce(sum(saved_tokens), 0)::bigint AS saved_tokens,
    coalesce(sum(saved_usd), 0) AS saved_usd
FROM concerned
GROUP BY GROUPING SETS ((key), ())
ORDER BY is_total DESC, cost_usd DESC, calls DESC, key
LIMIT %(limit)s + 1;

-- retire_model_calls --
-- Take answers out of the journal from number `first` on; they stay in the ledger under a number no call has.
UPDATE model_calls
SET task_id = task_id || '#' || gen_random_uuid()
WHERE thread_id = %(thread_id)s AND task_id = %(task_id)s AND n >= %(first)s;


-- figures --
-- How many runs are pending or running, how many questions wait, and what the cache of answers holds and saved.
SELECT 'runs' AS figure, wanted.status AS label, count(runs.run_id) AS count
FROM (VALUES ('pending'), ('running')) AS wanted (status)
LEFT JOIN runs ON runs.status = wanted.status AND runs.status IN ('pending', 'running')
GROUP BY wanted.status
UNION ALL
SELECT 'approvals', 'pending', count(*) FROM approvals WHERE status = 'pending'
UNION ALL
SELECT 'cached_answers', 'kept', count(*) FROM cached_answers WHERE expires_at > now()
UNION ALL
SELECT 'saved', kind, figure
FROM (
    SELECT count(*) AS hits, coalesce(sum(saved_tokens), 0) AS tokens, coalesce(sum(saved_usd), 0) AS usd
    FROM paid_calls
    WHERE saved_tokens IS NOT NULL
) AS saved
CROSS JOIN LATERAL (VALUES ('hits', hits::numeric), ('tokens', tokens), ('usd', usd)) AS told (kind, figure);


-- build_lines --
-- One page of the builds that match every filter given, the newest first: how each stands, what it took, what it asks.
WITH matching AS (
    SELECT
        threads.thread_id, threads.created_at, threads.title, threads.part_count, threads.metadata,
        newest.updated_at, newest.kwargs, asked.request, asked.opened_at, asked.expires_at,
        CASE newest.status
            WHEN 'pending' THEN 'Pending'
            WHEN 'running' THEN 'Running'
            WHEN 'cancelled' THEN CASE WHEN newest.paused_by IS NOT NULL THEN 'Paused' ELSE 'Canceled' END
            WHEN 'interrupted' THEN CASE WHEN asked.opened_at IS NULL THEN 'Expired' ELSE 'AwaitingApproval' END
            WHEN 'success' THEN CASE threads.ending WHEN 'delivered' THEN 'Completed' WHEN 'rejected' THEN 'Rejected' ELSE 'Failed' END
            ELSE 'Failed'
        END AS runtime_status
    FROM threads
    CROSS JOIN LATERAL (
        SELECT status, updated_at, kwargs, metadata ->> 'paused_by' AS paused_by
        FROM runs
        WHERE runs.thread_id = threads.thread_id
        ORDER BY created_at DESC, run_id
        LIMIT 1
    ) AS newest
    LEFT JOIN LATERAL (
        SELECT request, opened_at, expires_at
        FROM approvals
        WHERE approvals.thread_id = threads.thread_id AND approvals.status = 'pending'
        ORDER BY opened_at
        LIMIT 1
    ) AS asked ON newest.status = 'interrupted'
    WHERE metadata ->> 'kind' = 'build'
        AND (
            %(before)s::timestamptz IS NULL
            OR (threads.created_at, threads.thread_id) < (%(before)s::timestamptz, %(before_id)s::uuid)
        )
        AND (%(within_hours)s::double precision IS NULL
            OR threads.created_at > now() - make_interval(secs => %(within_hours)s::double precision * 3600))
        AND (%(person)s::text IS NULL OR metadata ->> 'user_id' = %(person)s::text)
        AND (%(text)s::text IS NULL OR strpos(lower(concat_ws(' ', title, metadata ->> 'description')), lower(%(text)s::text)) > 0)
), page AS (
    SELECT *
    FROM matching
    WHERE %(runtime_status)s::text IS NULL OR runtime_status = %(runtime_status)s::text
    ORDER BY created_at DESC, thread_id DESC
    LIMIT %(limit)s
)
SELECT
    page.thread_id AS workflow_id, page.title, page.metadata ->> 'description' AS description, page.metadata ->> 'user_id' AS person,
    page.runtime_status, page.part_count, page.created_at, page.updated_at, page.request, page.opened_at, page.expires_at,
    (page.kwargs #>> '{context,budget_usd}')::double precision AS budget_usd,
    took.seconds, coalesce(paid.cost_usd, 0)::double precision AS cost_usd
FROM page
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM sum(coalesce(finished_at, now()) - started_at))::double precision AS seconds
    FROM runs
    WHERE runs.thread_id = page.thread_id
) AS took
CROSS JOIN LATERAL (SELECT sum(cost_usd) AS cost_usd FROM model_calls WHERE model_calls.thread_id = page.thread_id) AS paid
ORDER BY page.created_at DESC, page.thread_id DESC;

-- waiting_builds --
-- One page of the builds that wait for a person, those asked last first.
SELECT
    approvals.thread_id AS workflow_id, threads.title, threads.metadata ->> 'description' AS description,
    threads.metadata ->> 'user_id' AS person, approvals.request, approvals.opened_at, approvals.expires_at
FROM approvals JOIN threads USING (thread_id)
WHERE approvals.status = 'pending' AND threads.metadata ->> 'kind' = 'build'
    AND (
        %(before)s::timestamptz IS NULL
        OR (approvals.opened_at, approvals.thread_id) < (%(before)s::timestamptz, %(before_id)s::uuid)
    )
ORDER BY approvals.opened_at DESC, approvals.thread_id DESC
LIMIT %(limit)s;

-- count_waiting_builds --
-- How many questions wait for a person.
SELECT count(*) AS count FROM approvals WHERE status = 'pending';


-- build_figures --
-- What became of the builds begun in the last days, how long they worked, and how long they waited for people.
WITH begun AS (
    SELECT thread_id, ending
    FROM threads
    WHERE metadata ->> 'kind' = 'build' AND created_at > now() - make_interval(days => %(days)s)
), worked AS (
    SELECT
        thread_id, extract(epoch FROM sum(finished_at - started_at))::double precision AS seconds,
        (array_agg(status ORDER BY created_at DESC, run_id))[1] AS status
    FROM runs JOIN begun USING (thread_id)
    GROUP BY thread_id
), waited AS (
    SELECT extract(epoch FROM decided_at - opened_at)::double precision AS seconds
    FROM approvals
    WHERE status = 'decided' AND opened_at > now() - make_interval(days => %(days)s)
), waits AS (
    SELECT
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median_wait_seconds,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS slowest_wait_seconds
    FROM waited
)
SELECT
    count(*) AS builds,
    count(*) FILTER (WHERE status = 'success' AND ending = 'delivered') AS delivered,
    count(*) FILTER (WHERE status IN ('error', 'timeout') OR (status = 'success' AND ending IS DISTINCT FROM 'delivered'
        AND ending IS DISTINCT FROM 'rejected')) AS failed,
    count(*) FILTER (WHERE status = 'success' AND ending = 'rejected') AS rejected,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE ending = 'delivered') AS median_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE ending = 'delivered') AS slowest_seconds,
    (SELECT median_wait_seconds FROM waits), (SELECT slowest_wait_seconds FROM waits)
FROM begun JOIN worked USING (thread_id);

-- builds_by_day --
-- What became of the builds begun on each of the last days, and what models cost on it, a day without any included.
WITH begun AS (
    SELECT date_trunc('day', created_at) AS day, count(*) AS builds, count(*) FILTER (WHERE ending = 'delivered') AS delivered
    FROM threads
    WHERE metadata ->> 'kind' = 'build' AND created_at >= date_trunc('day', now()) - make_interval(days => %(days)s - 1)
    GROUP BY 1
), spent AS (
    SELECT date_trunc('day', created_at) AS day, sum(cost_usd) AS cost_usd
    FROM paid_calls
    WHERE created_at >= date_trunc('day', now()) - make_interval(days => %(days)s - 1)
    GROUP BY 1
)
SELECT
    days.day::date AS day, coalesce(builds, 0) AS builds, coalesce(delivered, 0) AS delivered,
    coalesce(cost_usd, 0)::double precision AS cost_usd
FROM generate_series(date_trunc('day', now()) - make_interval(days => %(days)s - 1), date_trunc('day', now()), interval '1 day') AS days (day)
LEFT JOIN begun USING (day)
LEFT JOIN spent USING (day)
ORDER BY days.day;

-- spent_by_each --
-- What calls of the last days cost, by agent, by model and by user in one pass, the dearest of each first, and all together.
WITH concerned AS (
    SELECT agent, model, user_id AS person, input_tokens, output_tokens, cost_usd, saved_tokens, saved_usd
    FROM paid_calls
    WHERE created_at > now() - make_interval(days => %(days)s)
), summed AS (
    SELECT
        CASE WHEN grouping(agent) = 0 THEN 'agent' WHEN grouping(model) = 0 THEN 'model' WHEN grouping(person) = 0 THEN 'user' END AS "by",
        coalesce(agent, model, person) AS key, count(*) AS calls,
        coalesce(sum(input_tokens), 0)::bigint AS input_tokens, coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
        coalesce(sum(cost_usd), 0)::double precision AS cost_usd, count(saved_tokens) AS reused_calls,
        coalesce(sum(saved_tokens), 0)::bigint AS saved_tokens, coalesce(sum(saved_usd), 0)::double precision AS saved_usd
    FROM concerned
    GROUP BY GROUPING SETS ((), (agent), (model), (person))
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY "by" ORDER BY cost_usd DESC, calls DESC, key) AS place FROM summed
)
SELECT "by", key, calls, input_tokens, output_tokens, cost_usd, reused_calls, saved_tokens, saved_usd
FROM placed
WHERE place <= %(limit)s
ORDER BY "by", place;


-- ping --
-- Whether the database answers.
SELECT 1 AS answer;


-- now --
-- The database's clock, the only one that counts.
SELECT clock_timestamp() AS now;


-- remember_graph_of_thread --
-- Say on the thread which graph and assistant it last ran, and tell those who follow the thread of the new run.
UPDATE threads
SET metadata = metadata || jsonb_build_object('graph_id', %(graph_id)s::text, 'assistant_id', %(assistant_id)s::uuid),
    graph_id = %(graph_id)s::text, is_temporary = is_temporary OR %(is_temporary)s
WHERE thread_id = %(thread_id)s
RETURNING pg_notify('appyard_runs', thread_id::text);

-- name_user_of_thread --
-- Whose money the runs of a thread use, unless it says so; at its first run what a client wrote counts less than whom the server knows.
UPDATE threads
SET metadata = metadata || jsonb_build_object('user_id', %(user_id)s::text)
WHERE thread_id = %(thread_id)s
    AND (
        NOT metadata ? 'user_id'
        OR (
            %(is_known)s
            AND NOT EXISTS (SELECT FROM runs WHERE runs.thread_id = threads.thread_id AND runs.run_id <> %(run_id)s)
        )
    );

-- get_run_outcome --
-- How far a run is, and what it came to: kept for itself, or the last values it streamed.
SELECT
    runs.status, runs.error,
    coalesce(
        run_outputs.output,
        (SELECT data FROM run_events WHERE run_events.run_id = runs.run_id AND event = 'values' ORDER BY seq DESC LIMIT 1)
    ) AS output
FROM runs LEFT JOIN run_outputs USING (run_id)
WHERE runs.run_id = %(run_id)s;

-- runs_of_thread_after --
-- A thread's runs created after one of them, or all of them, the oldest first.
SELECT *
FROM runs
WHERE thread_id = %(thread_id)s
    AND (%(run_id)s::uuid IS NULL OR (created_at, run_id) > (%(created_at)s::timestamptz, %(run_id)s::uuid))
ORDER BY created_at, run_id;

-- active_runs_with_status --
-- Every unfinished run that has one of these statuses, or those on threads that contain some metadata; the oldest first.
SELECT *
FROM runs
WHERE status IN ('pending', 'running') AND status = ANY (%(statuses)s::text[])
    AND (
        %(visible)s::jsonb IS NULL
        OR EXISTS (SELECT FROM threads WHERE threads.thread_id = runs.thread_id AND threads.metadata @> %(visible)s::jsonb)
    )
ORDER BY created_at, run_id
LIMIT 1000;

-- roll_back_run --
-- Delete a claimed run with its events, and wake those who follow it; no row if the lease was lost.
DELETE FROM runs
WHERE run_id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
RETURNING thread_id, pg_notify('appyard_runs', run_id::text);

-- delete_checkpoints_of_run --
-- Delete the checkpoints a run wrote.
WITH deleted AS (
    DELETE FROM checkpoints
    WHERE thread_id = %(thread_id)s::uuid::text AND metadata ->> 'run_id' = %(run_id)s::uuid::text
    RETURNING checkpoint_ns, checkpoint_id
)
DELETE FROM checkpoint_writes USING deleted
WHERE checkpoint_writes.thread_id = %(thread_id)s::uuid::text
    AND checkpoint_writes.checkpoint_ns = deleted.checkpoint_ns
    AND checkpoint_writes.checkpoint_id = deleted.checkpoint_id;

-- delete_answers_to_last_checkpoint --
-- Take back the answer a run gave to the interrupts of the checkpoint before it, and what the asking tasks made of it.
WITH latest AS (
    SELECT DISTINCT ON (checkpoint_ns) checkpoint_ns, checkpoint_id
    FROM checkpoints
    WHERE thread_id = %(thread_id)s::uuid::text
    ORDER BY checkpoint_ns, checkpoint_id DESC
)
DELETE FROM checkpoint_writes AS written USING latest
WHERE written.thread_id = %(thread_id)s::uuid::text
    AND written.checkpoint_ns = latest.checkpoint_ns
    AND written.checkpoint_id = latest.checkpoint_id
    AND written.channel <> '__interrupt__'
    AND (
        written.channel = '__resume__'
        OR EXISTS (
            SELECT FROM checkpoint_writes AS asked
            WHERE asked.thread_id = written.thread_id AND asked.checkpoint_ns = written.checkpoint_ns
                AND asked.checkpoint_id = written.checkpoint_id AND asked.task_id = written.task_id
                AND asked.channel = '__interrupt__'
        )
    );

-- delete_unused_blobs --
-- Delete the values no checkpoint of the thread refers to any more.
DELETE FROM checkpoint_blobs
WHERE thread_id = %(thread_id)s::uuid::text
    AND NOT EXISTS (
        SELECT FROM checkpoints
        WHERE checkpoints.thread_id = checkpoint_blobs.thread_id
            AND checkpoints.checkpoint_ns = checkpoint_blobs.checkpoint_ns
            AND checkpoints.checkpoint -> 'channel_versions' ->> checkpoint_blobs.channel = checkpoint_blobs.version
    );

-- temporary_threads_over --
-- Temporary threads whose runs ended some time ago.
SELECT thread_id
FROM threads
WHERE is_temporary AND status <> 'busy' AND updated_at < now() - make_interval(secs => %(seconds)s)
LIMIT 100;

-- run_begun_at --
-- The run of a thread that had begun last at a moment; without one, the last of all.
SELECT *
FROM runs
WHERE thread_id = %(thread_id)s AND started_at IS NOT NULL
    AND (%(moment)s::timestamptz IS NULL OR started_at <= %(moment)s::timestamptz)
ORDER BY started_at DESC
LIMIT 1;

-- next_run_begun --
-- The run of a thread that began next after a moment; without one, the first of all.
SELECT *
FROM runs
WHERE thread_id = %(thread_id)s AND started_at IS NOT NULL
    AND (%(moment)s::timestamptz IS NULL OR started_at > %(moment)s::timestamptz)
ORDER BY started_at
LIMIT 1;


-- create_cron --
-- Create a cron.
INSERT INTO crons (assistant_id, thread_id, schedule, timezone, end_time, enabled, deletes_thread, payload, metadata, next_run_date, caller)
VALUES (
    %(assistant_id)s, %(thread_id)s::uuid, %(schedule)s, %(timezone)s::text, %(end_time)s::timestamptz, %(enabled)s,
    %(deletes_thread)s::boolean, %(payload)s::json, %(metadata)s::jsonb, %(next_run_date)s::timestamptz, %(caller)s::jsonb
)
RETURNING *;

-- get_cron --
-- One cron.
SELECT * FROM crons WHERE cron_id = %(cron_id)s;

-- look_at_cron --
-- Whether a cron contains some metadata; no row if there is no such cron.
SELECT metadata @> %(visible)s::jsonb AS is_visible FROM crons WHERE cron_id = %(cron_id)s;

-- lock_cron --
-- One cron, which nobody else changes or fires until this transaction ends.
SELECT * FROM crons WHERE cron_id = %(cron_id)s FOR UPDATE;

-- update_cron --
-- Replace what a person may change about a cron.
UPDATE crons
SET schedule = %(schedule)s, timezone = %(timezone)s::text, end_time = %(end_time)s::timestamptz, enabled = %(enabled)s,
    deletes_thread = %(deletes_thread)s::boolean, payload = %(payload)s::json, metadata = %(metadata)s::jsonb,
    next_run_date = %(next_run_date)s::timestamptz, updated_at = now()
WHERE cron_id = %(cron_id)s
RETURNING *;

-- search_crons --
-- One page of the crons that match every filter given; cron_id breaks ties, so pages do not overlap.
SELECT *
FROM crons
WHERE (%(assistant_id)s::uuid IS NULL OR assistant_id = %(assistant_id)s::uuid)
    AND (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
    AND (%(enabled)s::boolean IS NULL OR enabled = %(enabled)s::boolean)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb)
ORDER BY {sort}, cron_id
LIMIT %(limit)s OFFSET %(offset)s;

-- count_crons --
-- How many crons match every filter given.
SELECT count(*) AS count
FROM crons
WHERE (%(assistant_id)s::uuid IS NULL OR assistant_id = %(assistant_id)s::uuid)
    AND (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
    AND (%(enabled)s::boolean IS NULL OR enabled = %(enabled)s::boolean)
    AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s::jsonb)
    AND (%(visible)s::jsonb IS NULL OR metadata @> %(visible)s::jsonb);

-- take_due_cron --
-- The cron that has been due for longest, kept from every other worker until this transaction ends.
SELECT *, coalesce(end_time < now(), false) AS is_over
FROM crons
WHERE enabled AND next_run_date <= now()
ORDER BY next_run_date
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- schedule_cron --
-- When a cron fires next; NULL is never again.
UPDATE crons SET next_run_date = %(next_run_date)s::timestamptz WHERE cron_id = %(cron_id)s;

-- delete_cron --
-- Delete a cron; the runs it began stay.
DELETE FROM crons WHERE cron_id = %(cron_id)s;

-- moment --
-- The database's time.
SELECT now() AS moment;


-- add_webhook_delivery --
-- Something to send, in the transaction that made it true.
INSERT INTO webhook_deliveries (run_id, thread_id, event, url, body)
VALUES (%(run_id)s, %(thread_id)s, %(event)s, %(url)s, %(body)s);

-- take_due_webhooks --
-- Deliveries that are due, kept from other senders for a while: one whose sender dies is due again after it.
UPDATE webhook_deliveries
SET attempts = attempts + 1, due_at = now() + make_interval(secs => %(lease_seconds)s), updated_at = now()
WHERE delivery_id IN (
    SELECT delivery_id
    FROM webhook_deliveries
    WHERE status = 'pending' AND due_at <= now()
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING *;

-- settle_webhook --
-- Delivered, given up, or with a delay to be tried again; unless another sender has taken it since.
UPDATE webhook_deliveries
SET status = %(status)s, answer = %(answer)s, due_at = now() + make_interval(secs => %(delay_seconds)s), updated_at = now()
WHERE delivery_id = %(delivery_id)s AND attempts = %(attempts)s;

-- search_webhooks --
-- One page of deliveries that match every filter given, the newest first.
SELECT *
FROM webhook_deliveries
WHERE (%(thread_id)s::uuid IS NULL OR thread_id = %(thread_id)s::uuid)
    AND (%(status)s::text IS NULL OR status = %(status)s::text)
ORDER BY created_at DESC, delivery_id
LIMIT %(limit)s OFFSET %(offset)s;

-- replay_webhook --
-- Send it again, whatever came of it: the same id and the same body.
UPDATE webhook_deliveries
SET status = 'pending', attempts = 0, due_at = now(), updated_at = now()
WHERE delivery_id = %(delivery_id)s
RETURNING *;

-- forget_webhooks --
-- Let go of what was settled long ago.
DELETE FROM webhook_deliveries WHERE status <> 'pending' AND updated_at < now() - make_interval(days => %(days)s);


-- recall_capability --
-- How a model at an endpoint takes a schema, if that was found out within the last days.
SELECT answer_form
FROM model_capabilities
WHERE endpoint = %(endpoint)s AND model = %(model)s AND probed_at > now() - make_interval(days => %(days)s);

-- remember_capability --
-- What the newest probe found.
INSERT INTO model_capabilities (endpoint, model, answer_form)
VALUES (%(endpoint)s, %(model)s, %(answer_form)s)
ON CONFLICT (endpoint, model) DO UPDATE SET answer_form = excluded.answer_form, probed_at = now();

-- take_turn --
-- Move the moment when a model may be asked next by what this call takes of its rate; the seconds this call has to wait.
INSERT INTO model_pace AS pace (model, free_at)
VALUES (%(model)s, clock_timestamp() + make_interval(secs => %(takes_seconds)s))
ON CONFLICT (model) DO UPDATE
    SET free_at = greatest(pace.free_at, clock_timestamp()) + make_interval(secs => %(takes_seconds)s)
RETURNING greatest(0, extract(EPOCH FROM free_at - clock_timestamp()) - %(takes_seconds)s)::double precision AS wait_seconds;

-- hold_off --
-- Nobody asks a model before it said it may be asked again.
INSERT INTO model_pace AS pace (model, free_at)
VALUES (%(model)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (model) DO UPDATE
    SET free_at = greatest(pace.free_at, clock_timestamp() + make_interval(secs => %(seconds)s));


-- find_cached_answer --
-- An answer the same tenant's builds got to the very same question, still fresh by what the tenant says now.
SELECT cached_answers.answer, cached_answers.cost_usd
FROM threads
LEFT JOIN answer_caching ON answer_caching.user_id = threads.metadata ->> 'user_id'
JOIN cached_answers ON cached_answers.user_id = threads.metadata ->> 'user_id'
WHERE threads.thread_id = %(thread_id)s
    AND (%(identity)s::text IS NULL OR cached_answers.user_id = %(identity)s::text)
    AND cached_answers.model = %(model)s AND cached_answers.prompt_sha256 = %(question_sha256)s
    AND cached_answers.expires_at > now()
    AND cached_answers.created_at > now() - make_interval(
        secs => coalesce(answer_caching.hours, %(default_hours)s::double precision) * 3600
    );

-- cache_answer --
-- Keep an answer for the builds of the thread's tenant, if the tenant has that on; a newer one takes the place of an older.
INSERT INTO cached_answers (user_id, model, prompt_sha256, answer, cost_usd, expires_at)
SELECT
    tenant.user_id, %(model)s, %(question_sha256)s, %(answer)s::json, %(cost_usd)s::numeric,
    now() + make_interval(secs => tenant.hours * 3600)
FROM (
    SELECT metadata ->> 'user_id' AS user_id, coalesce(hours, %(default_hours)s::double precision) AS hours
    FROM threads
    LEFT JOIN answer_caching ON answer_caching.user_id = metadata ->> 'user_id'
    WHERE thread_id = %(thread_id)s
) AS tenant
WHERE tenant.user_id IS NOT NULL AND (%(identity)s::text IS NULL OR tenant.user_id = %(identity)s::text) AND tenant.hours > 0
ON CONFLICT (user_id, model, prompt_sha256) DO UPDATE
    SET answer = excluded.answer, cost_usd = excluded.cost_usd, created_at = now(), expires_at = excluded.expires_at;

-- forget_expired_answers --
-- What is too old to serve anybody.
DELETE FROM cached_answers WHERE expires_at < now();

-- discard_cached_answers --
-- Serve nobody any more with what a thread was answered to these questions, or to all it asked for these components, or at all.
DELETE FROM cached_answers
USING model_calls JOIN threads USING (thread_id)
WHERE thread_id = %(thread_id)s AND cached_answers.user_id = threads.metadata ->> 'user_id'
    AND cached_answers.model = model_calls.model AND cached_answers.prompt_sha256 = model_calls.question_sha256
    AND (%(questions)s::text[] IS NULL OR model_calls.question_sha256 = ANY (%(questions)s::text[]))
    AND (%(components)s::text[] IS NULL OR model_calls.component = ANY (%(components)s::text[]));

-- clear_cached_answers --
-- Forget the answers kept for one tenant, or for all.
DELETE FROM cached_answers WHERE %(user_id)s::text IS NULL OR user_id = %(user_id)s::text;

-- set_answer_caching --
-- Keep what a tenant says of its cache.
INSERT INTO answer_caching (user_id, hours, set_by)
VALUES (%(user_id)s, %(hours)s, %(set_by)s)
ON CONFLICT (user_id) DO UPDATE SET hours = excluded.hours, set_by = excluded.set_by, set_at = now();

-- forget_answer_caching --
-- Let the server's setting decide again for a tenant.
DELETE FROM answer_caching WHERE user_id = %(user_id)s;

-- count_cached_answers --
-- How many answers may still serve, for one tenant or for all.
SELECT count(*) AS answers
FROM cached_answers
WHERE expires_at > now() AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s::text);

-- caches_of_tenants --
-- Each tenant that said something, or whose answers are kept, or that was served: what was said, what is kept, what that saved.
WITH kept AS (
    SELECT user_id, count(*) AS answers FROM cached_answers WHERE expires_at > now() GROUP BY user_id
), served AS (
    SELECT user_id, count(*) AS hits, sum(saved_tokens)::bigint AS saved_tokens, coalesce(sum(saved_usd), 0) AS saved_usd
    FROM paid_calls
    WHERE saved_tokens IS NOT NULL AND user_id IS NOT NULL
    GROUP BY user_id
)
SELECT
    user_id, answer_caching.hours, answer_caching.set_by, answer_caching.set_at,
    coalesce(kept.answers, 0) AS answers, coalesce(served.hits, 0) AS hits,
    coalesce(served.saved_tokens, 0) AS saved_tokens, coalesce(served.saved_usd, 0) AS saved_usd
FROM answer_caching
FULL JOIN kept USING (user_id)
FULL JOIN served USING (user_id)
WHERE %(user_id)s::text IS NULL OR user_id = %(user_id)s::text
ORDER BY user_id;


-- keep_estimate --
-- Keep what a build, or a change of its app, was estimated to use.
INSERT INTO estimates (thread_id, is_change, models, stack, tokens_low, tokens_high, plain_low, plain_high, estimate)
VALUES (
    %(thread_id)s, %(is_change)s, %(models)s, %(stack)s, %(tokens_low)s, %(tokens_high)s, %(plain_low)s, %(plain_high)s,
    %(estimate)s::json
);

-- estimates_of_thread --
-- A build's estimates, the newest first, each beside what was used after it.
SELECT estimate, is_change, is_over, calls, tokens, cost_usd
FROM estimates_and_use
WHERE thread_id = %(thread_id)s
ORDER BY made_at DESC, estimate_id DESC;

-- estimates_of_alike --
-- What the newest finished builds, or changes, with the same models on the same stack were estimated to use, and used.
SELECT plain_low, plain_high, tokens
FROM estimates_and_use
WHERE models = %(models)s AND stack = %(stack)s AND is_change = %(is_change)s AND plain_low > 0 AND is_over
ORDER BY made_at DESC, estimate_id DESC
LIMIT %(limit)s;

-- estimate_report --
-- For each choice of models and each stack: how often finished builds stayed in the range they were told, and their use of its middle.
SELECT
    models, stack, is_change, count(*) AS builds,
    count(*) FILTER (WHERE tokens BETWEEN tokens_low AND tokens_high) AS within,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens / ((tokens_low + tokens_high) / 2)) AS median_share
FROM estimates_and_use
WHERE is_over AND models <> '' AND tokens_high > 0
    AND (%(days)s::integer IS NULL OR made_at > now() - make_interval(days => %(days)s::integer))
GROUP BY models, stack, is_change
ORDER BY builds DESC, models, stack, is_change;
