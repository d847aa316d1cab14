-- A job that succeeded is deleted, which the trigger of 0002 does not see: the next run of its thread began at the next
-- poll, half a second later on average. Only a thread that has more to do wakes anybody.

CREATE FUNCTION appyard_wake_next_of_thread() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payload text := json_build_object('type', 'job_inserted', 'job_id', OLD.id)::text;
BEGIN
    IF EXISTS (SELECT FROM procrastinate_jobs WHERE lock = OLD.lock AND status = 'todo') THEN
        PERFORM pg_notify('procrastinate_queue_v1#' || OLD.queue_name, payload);
        PERFORM pg_notify('procrastinate_any_queue_v1', payload);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER appyard_runs_wakeup_after_delete
    AFTER DELETE ON procrastinate_jobs
    FOR EACH ROW
    WHEN (OLD.status = 'doing' AND OLD.lock IS NOT NULL)
    EXECUTE FUNCTION appyard_wake_next_of_thread();
