-- What the job queue lacks for our use. Procrastinate's own schema is applied before this.

-- Wakes the workers when a job ends or is put back, so that the next run of the same thread starts in milliseconds
-- instead of at the next poll (measured: 3 ms against 3.9-4.3 s).
CREATE TRIGGER appyard_runs_wakeup
    AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW
    WHEN (OLD.status = 'doing' AND NEW.status <> 'doing' AND (NEW.lock IS NOT NULL OR NEW.status = 'todo'))
    EXECUTE FUNCTION procrastinate_notify_queue_job_inserted_v1();

-- Fetching a job looks past jobs whose thread is busy; with many of them this index turns 56 ms into 3.4 ms.
CREATE INDEX appyard_jobs_lock_priority
    ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status IN ('todo', 'doing') AND lock IS NOT NULL;

-- The table lives from updates: vacuum it long before the default of a fifth has changed.
ALTER TABLE procrastinate_jobs SET (autovacuum_vacuum_scale_factor = 0.02);
