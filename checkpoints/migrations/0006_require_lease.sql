-- A write of a run's attempt is refused, in the transaction that would do it, once another attempt has the run.

CREATE FUNCTION appyard_require_lease(wanted_run uuid, wanted_token bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM runs WHERE run_id = wanted_run AND lease_token = wanted_token AND status = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another worker has taken over run %', wanted_run USING ERRCODE = 'AY001';
    END IF;
END
$$;
