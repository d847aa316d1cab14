-- What a list of builds shows of each, without unpacking what the thread came to: ten thousand of them are listed in milliseconds.

ALTER TABLE threads
    ADD COLUMN title text GENERATED ALWAYS AS ("values" #>> '{spec,title}') STORED,
    ADD COLUMN ending text GENERATED ALWAYS AS ("values" #>> '{outcome,ending}') STORED,
    ADD COLUMN part_count integer GENERATED ALWAYS AS (jsonb_array_length("values" #> '{architecture,components}')) STORED;
CREATE INDEX threads_builds ON threads (created_at DESC, thread_id DESC) WHERE metadata ->> 'kind' = 'build';
