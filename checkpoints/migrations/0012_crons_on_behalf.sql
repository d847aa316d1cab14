-- On whose behalf the runs of a cron begin, where the server knows its callers; an empty object where it does not.

ALTER TABLE crons ADD COLUMN caller jsonb NOT NULL DEFAULT '{}';
