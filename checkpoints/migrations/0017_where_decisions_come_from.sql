-- Through which door a decision came (api, dashboard, cli, langgraph), and from which address as far as that is known.

ALTER TABLE approvals
    ADD COLUMN decided_via text,
    ADD COLUMN decided_from text;
