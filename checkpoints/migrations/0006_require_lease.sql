-- A write of a run's attempt is refused, in the transaction that would do it, once another attempt has the run.
-- With `waits` false the commit does not wait for the disk: what is lost if the database server itself crashes in the next
-- moments is progress, which is then made again; the end of the run is a commit that waits, and carries all before it.

CREATE FUNCTION appyard_require_lease(wanted_run uuid, wanted_token bigint, waits boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM runs WHERE run_id = wanted_run AND lease_token = wanted_token AND status = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another worker has taken over run %', wanted_run USING ERRCODE = 'AY001';
    END IF;
    IF NOT waits THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
END
$$;
