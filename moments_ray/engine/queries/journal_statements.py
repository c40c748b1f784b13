"""The statements of a stage's life: the fence, the event, the stage and its try in one round trip each.

In all of them ``$1`` is the run's key, ``$2`` the claim's attempt and ``$3`` the stage. ``held`` locks the run if the
claim holds; ``stage`` touches the stage's row unless its output stands, in its newest version, whoever wrote that;
only then are there an event and its number. So the answer is one row: whether the claim holds, and the event's number.
"""

from __future__ import annotations

_HELD = """
WITH held AS (SELECT id FROM runs WHERE id = $1 AND attempt = $2 AND status = 'processing' FOR UPDATE),
"""
_ANSWER = "(SELECT count(*) FROM held) AS held, (SELECT event_seq FROM run) AS seq"

_NEWEST = "number = (SELECT max(number) FROM run_attempts WHERE run_id = $1 AND stage = $3)"

# $4 ordinal, $5 node
START = f"""{_HELD}
stage AS (
    INSERT INTO run_stages AS standing (run_id, name, ordinal, status, started_at)
    SELECT id, $3, $4, 'processing', now() FROM held
    ON CONFLICT (run_id, name) DO UPDATE
        SET ordinal = excluded.ordinal, status = 'processing', started_at = now(), completed_at = NULL
        WHERE standing.status NOT IN ('completed', 'skipped')
    RETURNING run_id
),
run AS (UPDATE runs SET event_seq = event_seq + 1 FROM stage WHERE id = stage.run_id RETURNING id, event_seq),
died AS (
    UPDATE run_attempts SET status = 'failed', error_code = 'stage.crashed', ended_at = now(),
        error = 'The process running the stage died.'
    FROM run WHERE run_id = run.id AND stage = $3 AND status = 'processing'
),
try AS (
    INSERT INTO run_attempts (run_id, stage, number, attempt, node, status)
    SELECT run.id, $3, 1 + coalesce((SELECT max(number) FROM run_attempts WHERE run_id = $1 AND stage = $3), 0),
        $2, $5, 'processing'
    FROM run RETURNING number
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data)
    SELECT run.id, event_seq, 'stage.started', jsonb_build_object('stage', $3::text, 'number', number) FROM run, try
)
SELECT {_ANSWER}, (SELECT number FROM try) AS number"""  # noqa: S608 - no value is in it

# The newest try completes the stage, though it may have been written off with its node: items outlive the process that
# watches them, and the last of them ends the stage.
# $4 output, $5 fingerprint, $6 the run's progress, $7 the event's data
COMPLETE = f"""{_HELD}
stage AS (
    UPDATE run_stages SET status = 'completed', output = $4, fingerprint = $5, progress = 1.0, completed_at = now(),
        seconds = extract(epoch FROM now() - started_at)
    FROM held WHERE run_id = held.id AND name = $3 AND status NOT IN ('completed', 'skipped')
    RETURNING run_id, seconds
),
run AS (
    UPDATE runs SET event_seq = event_seq + 1, progress = $6, crash_count = 0 FROM stage WHERE id = stage.run_id
    RETURNING id, event_seq
),
try AS (
    UPDATE run_attempts SET status = 'completed', error_code = NULL, error = NULL, ended_at = now()
    FROM run WHERE run_id = run.id AND stage = $3 AND {_NEWEST}
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data) SELECT run.id, event_seq, 'stage.completed', $7 FROM run
)
SELECT {_ANSWER}, (SELECT seconds FROM stage) AS seconds"""  # noqa: S608

# $4 ordinal, $5 the run's progress, $6 the event's data
SKIP = f"""{_HELD}
stage AS (
    INSERT INTO run_stages AS standing
        (run_id, name, ordinal, status, progress, started_at, completed_at, seconds)
    SELECT id, $3, $4, 'skipped', 1.0, now(), now(), 0.0 FROM held
    ON CONFLICT (run_id, name) DO UPDATE
        SET ordinal = excluded.ordinal, status = 'skipped', progress = 1.0, started_at = now(), completed_at = now(),
            seconds = 0.0
        WHERE standing.status NOT IN ('completed', 'skipped')
    RETURNING run_id
),
run AS (
    UPDATE runs SET event_seq = event_seq + 1, progress = $5 FROM stage WHERE id = stage.run_id RETURNING id, event_seq
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data) SELECT run.id, event_seq, 'stage.skipped', $6 FROM run
)
SELECT {_ANSWER}"""  # noqa: S608

# $4 status, $5 error's code, $6 its message
FAIL = f"""{_HELD}
stage AS (
    UPDATE run_stages SET status = $4::text, completed_at = now(), seconds = extract(epoch FROM now() - started_at)
    FROM held WHERE run_id = held.id AND name = $3 AND status NOT IN ('completed', 'skipped')
    RETURNING run_id
),
run AS (UPDATE runs SET event_seq = event_seq + 1 FROM stage WHERE id = stage.run_id RETURNING id, event_seq),
try AS (
    UPDATE run_attempts SET status = $4::text, error_code = $5::text, error = $6::text, ended_at = now()
    FROM run WHERE run_id = run.id AND stage = $3 AND status = 'processing'
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data)
    SELECT run.id, event_seq, 'stage.' || $4::text,
        jsonb_build_object('stage', $3::text, 'code', $5::text, 'message', $6::text)
    FROM run
)
SELECT {_ANSWER}"""  # noqa: S608

# An item ends once for each time it is planned; the stage's progress counts it, so nobody has to look at the others.
# $4 the item, $5 its status, $6 its output, $7 its error, $8 how many items there are, $9 the event's data,
# $10 the node
END_ITEM = f"""{_HELD}
item AS (
    UPDATE run_items SET status = $5::text, output = coalesce($6, output), error = $7, node = $10::text
    FROM held WHERE run_id = held.id AND stage = $3 AND key = $4 AND status = 'pending'
    RETURNING run_id
),
stage AS (
    UPDATE run_stages SET progress = least(1.0, progress + 1.0 / $8::int)
    FROM item WHERE run_stages.run_id = item.run_id AND name = $3
    RETURNING progress
),
run AS (
    UPDATE runs SET event_seq = event_seq + 1,
        crash_count = CASE WHEN $5::text = 'completed' THEN 0 ELSE crash_count END
    FROM item WHERE id = item.run_id RETURNING id, event_seq
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data) SELECT run.id, event_seq, 'item.' || $5::text, $9 FROM run
)
SELECT {_ANSWER}, (SELECT progress FROM stage) AS progress"""  # noqa: S608

# $1 the run's key, $2 the stage
COUNT_ITEMS = """
UPDATE run_stages SET progress = (
    SELECT coalesce(avg((status <> 'pending')::int), 0) FROM run_items WHERE run_id = $1 AND stage = $2
)
WHERE run_id = $1 AND name = $2 RETURNING progress"""

# The stages of a run, as its live status shows them.
_SHOWN_STAGES = "ARRAY(SELECT to_jsonb(stage) - 'output' FROM {stages} stage ORDER BY ordinal) AS stages"

# Whether a try or an item of a run, or of another one about the same, was broken off. $1 the run's key
_CONCERNED = """
concerned AS (
    SELECT id FROM runs WHERE subject = (SELECT subject FROM runs WHERE id = $1)
    UNION SELECT id FROM runs WHERE video_id = (SELECT video_id FROM runs WHERE id = $1)
)"""
_INTERRUPTED = """
(EXISTS (SELECT FROM run_attempts WHERE run_id IN (SELECT id FROM concerned) AND status <> 'completed'{but})
    OR EXISTS (SELECT FROM run_items WHERE run_id IN (SELECT id FROM concerned) AND status <> 'completed'))"""
INTERRUPTED = f"WITH {_CONCERNED} SELECT {_INTERRUPTED.format(but='')} AS interrupted"

# The verdict, and with it the output of the stage that is the last one and under way, if that is named.
# $3 the status of stages and tries that are left open, $4 the run's, $5 the event's type, $6 its data, $7 errors,
# $8 result, $9 error, $10 its stage, $11 progress, $12 whether there may be more to it than this statement: a webhook
# that tells of it, or something to clean up before; $13 the stage, $14 its output, $15 fingerprint, $16 event's data
_OURS = "run_attempts.run_id = $1 AND stage = $13::text AND run_attempts.status = 'processing'"
END = f"""
WITH {_CONCERNED},
run AS (
    UPDATE runs SET event_seq = event_seq + 1 + ($13::text IS NOT NULL)::int, status = $4::text, completed_at = now(),
        owner = NULL, errors = coalesce($7::int, errors), result = coalesce($8, result), error = coalesce($9, error),
        error_stage = coalesce($10::text, error_stage), progress = coalesce($11::float8, progress),
        crash_count = CASE WHEN $13::text IS NULL THEN crash_count ELSE 0 END
    WHERE id = $1 AND attempt = $2 AND status = 'processing'
        AND ($12::bool OR webhook_url IS NULL AND NOT {_INTERRUPTED.format(but=f" AND NOT coalesce({_OURS}, false)")})
        AND ($13::text IS NULL OR EXISTS (SELECT FROM run_attempts WHERE {_OURS}))
    RETURNING *
),
try AS (UPDATE run_attempts SET status = 'completed', ended_at = now() FROM run WHERE {_OURS}),
died AS (
    UPDATE run_attempts SET status = $3::text, ended_at = now(),
        error_code = CASE $3::text WHEN 'cancelled' THEN 'run.cancelled' ELSE 'stage.crashed' END,
        error = CASE $3::text WHEN 'cancelled' THEN 'The stage was stopped.'
            ELSE 'The process running the stage died.' END
    FROM run WHERE run_id = run.id AND run_attempts.status = 'processing' AND stage IS DISTINCT FROM $13::text
),
stage AS (
    UPDATE run_stages SET completed_at = now(), seconds = extract(epoch FROM now() - run_stages.started_at),
        status = CASE WHEN name = $13::text THEN 'completed' ELSE $3::text END,
        output = CASE WHEN name = $13::text THEN $14 ELSE output END,
        fingerprint = CASE WHEN name = $13::text THEN $15::text ELSE fingerprint END,
        progress = CASE WHEN name = $13::text THEN 1.0 ELSE run_stages.progress END
    FROM run WHERE run_id = run.id AND run_stages.status = 'processing'
    RETURNING run_stages.*
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data)
    SELECT id, event_seq - 1, 'stage.completed', $16::jsonb FROM run WHERE $13::text IS NOT NULL
    UNION ALL SELECT id, event_seq, $5::text, $6::jsonb FROM run
),
shown AS (
    SELECT * FROM stage
    UNION ALL SELECT * FROM run_stages WHERE run_id = $1 AND name NOT IN (SELECT name FROM stage)
)
SELECT *, id AS asked, {_SHOWN_STAGES.format(stages="shown")} FROM run"""  # noqa: S608

# $4 item, empty outside of fan-outs, $5 key, $6 value
NOTE = f"""{_HELD}
note AS (
    INSERT INTO run_notes (run_id, stage, item, key, value) SELECT id, $3, $4, $5, $6 FROM held
    ON CONFLICT (run_id, stage, item, key) DO UPDATE SET value = excluded.value, written_at = now()
)
SELECT (SELECT count(*) FROM held) AS held, 0 AS seq"""  # noqa: S608

# A run as those that execute it need it, with its stages by name. $1 the run's key.
LOAD = """
SELECT pipeline, subject, exclusive_key, video_id, tries,
    EXISTS (SELECT FROM run_notes WHERE run_id = runs.id) AS noted, config, event_seq, coalesce((
    SELECT jsonb_object_agg(name, jsonb_build_object('status', status, 'output', output, 'seconds', seconds))
    FROM run_stages WHERE run_id = runs.id), '{}') AS stages
FROM runs WHERE id = $1"""

# A run with its stages, as its live status shows them. $1 the run's identifier.
_STAGES = "(SELECT * FROM run_stages WHERE run_id = runs.id)"
SHOWN = f"SELECT *, {_SHOWN_STAGES.format(stages=_STAGES)} FROM runs WHERE identifier = $1"  # noqa: S608

# Whether such an event was written after another one. $1 the run's key, $2 that one's number, $3 the type, $4 the stage
# it is about, if any.
HAPPENED = """
SELECT seq FROM run_events WHERE run_id = $1 AND seq > $2 AND type = $3 AND data ->> 'stage' IS NOT DISTINCT FROM $4
ORDER BY seq DESC LIMIT 1"""

# What a try spent, in the transaction that ends it or one of its items; the run is locked first, as it is by those.
# $4 input tokens, $5 output tokens, $6 US dollars
SPEND = f"""{_HELD.rstrip().removesuffix(",")}
UPDATE run_attempts SET input_tokens = input_tokens + $4::bigint, output_tokens = output_tokens + $5::bigint,
    usd = usd + $6::numeric
FROM held WHERE run_id = held.id AND stage = $3 AND {_NEWEST} RETURNING number"""  # noqa: S608
