-- How often a question was brought to mind, when it was passed on to somebody else, and who put a parked one again.

ALTER TABLE approvals
    ADD COLUMN reminders integer NOT NULL DEFAULT 0,
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN reopened_by text;
