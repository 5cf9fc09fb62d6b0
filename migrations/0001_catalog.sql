-- Why: the catalog as it first stands. What was recorded (recordings), in which meeting (conferences), what was said
-- before a change (recording_revisions), what it cost (api_calls), and what the daemon must remember over a restart.
--
-- Instants are milliseconds since the epoch, UTC; durations are milliseconds; sizes are bytes.

PRAGMA application_id = 0x52654172; -- "ReAr": tells this catalog from any other SQLite file

-- A meeting that is, or was, watched for recordings.
CREATE TABLE conferences (
    conference_id          TEXT    NOT NULL PRIMARY KEY CHECK (conference_id <> ''), -- DingTalk's conferenceId
    title                  TEXT,                            -- as its creator named it
    room_code              TEXT,                            -- the number people join with
    schedule_conference_id TEXT,                            -- the booking it came from, if it was booked
    biz_type               TEXT,                            -- '0' instant, '3' booked, 'audio_conf' audio
    creator_union_id       TEXT,                            -- who created it
    creator_nick           TEXT,                            -- that person's name
    started_at             INTEGER,                         -- when it began
    ended_at               INTEGER,                         -- when it ended, by DingTalk's word
    duration_ms            INTEGER,                         -- how long it lasted, by DingTalk's word
    state                  TEXT    NOT NULL CHECK (state IN ('waiting', 'active', 'ended', 'archived', 'unrecorded', 'failed')),
                                                            -- waiting: known, not started; active: in progress;
                                                            -- ended: its recordings are awaited; archived: they are here;
                                                            -- unrecorded: there were none; failed: needs a person
    record_status          INTEGER,                         -- cloudRecordStatus: 0 none, 1 recording, 2 paused, 3 ended
    record_owner_union_id  TEXT,                            -- who owns its cloud recording
    union_id_hint          TEXT,                            -- whom the operator said to ask as
    discovered_by          TEXT    NOT NULL CHECK (discovered_by IN ('config', 'cli', 'organization', 'user', 'event', 'history')),
                                                            -- how it came to be known
    discovered_at          INTEGER NOT NULL,                -- when it came to be known
    last_active_at         INTEGER,                         -- when it was last written down as in progress
    attempts               INTEGER NOT NULL DEFAULT 0,      -- how often DingTalk was asked about it in this state
    next_attempt_at        INTEGER,                         -- not asked about again before this; NULL: with its kind, or never
    last_error_code        TEXT,                            -- what went wrong last: DingTalk's code, or ours
    last_error_message     TEXT,                            -- and its words
    last_error_at          INTEGER,                         -- and when
    closed_at              INTEGER,                         -- when it became archived, unrecorded or failed
    CHECK ((state IN ('archived', 'unrecorded', 'failed')) = (closed_at IS NOT NULL))
) STRICT;

CREATE INDEX conferences_by_state ON conferences (state, next_attempt_at);

-- What is due, however many thousands are closed.
CREATE INDEX conferences_due ON conferences (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- A video in DingTalk's cloud: a row a mediaId. A row is never deleted.
CREATE TABLE recordings (
    conference_id     TEXT    NOT NULL REFERENCES conferences (conference_id), -- the meeting it was made in
    media_id          TEXT    NOT NULL CHECK (media_id <> ''), -- mediaId: what tells one video from another
    record_id         TEXT,                            -- recordId: shared by all videos of a meeting
    recorder_union_id TEXT,                            -- unionId: who recorded
    record_type       INTEGER,                         -- recordType: 0 standard recording, 1 composed file
    started_at        INTEGER,                         -- startTime
    ended_at          INTEGER,                         -- endTime; may equal started_at: duration_ms is its own fact
    duration_ms       INTEGER,                         -- duration
    file_size         INTEGER,                         -- fileSize, in bytes
    region_id         TEXT,                            -- regionId: where the file lies
    raw               TEXT    NOT NULL,                -- the video's JSON as DingTalk sent it
    first_seen_at     INTEGER NOT NULL,                -- when DingTalk first listed it to us
    last_changed_at   INTEGER NOT NULL,                -- when anything in this row last changed
    missing_since     INTEGER,                         -- set while DingTalk no longer lists it
    PRIMARY KEY (conference_id, media_id)
) STRICT;

CREATE INDEX recordings_by_media_id ON recordings (media_id);
CREATE INDEX recordings_by_start ON recordings (started_at);

-- What a recording said before it changed. Written by the trigger below, and by nothing else.
CREATE TABLE recording_revisions (
    revision_id       INTEGER NOT NULL PRIMARY KEY,    -- in the order of the changes
    conference_id     TEXT    NOT NULL,                -- with media_id: the recording that changed
    media_id          TEXT    NOT NULL,                -- its mediaId
    replaced_at       INTEGER NOT NULL,                -- when these values gave way to newer ones
    record_id         TEXT,                            -- from here on, what the columns of recordings said until then
    recorder_union_id TEXT,                            -- who recorded
    record_type       INTEGER,                         -- 0 standard recording, 1 composed file
    started_at        INTEGER,                         -- startTime
    ended_at          INTEGER,                         -- endTime
    duration_ms       INTEGER,                         -- duration
    file_size         INTEGER,                         -- in bytes
    region_id         TEXT,                            -- where the file lay
    raw               TEXT    NOT NULL,                -- the video's JSON
    missing_since     INTEGER,                         -- set while DingTalk did not list it
    FOREIGN KEY (conference_id, media_id) REFERENCES recordings (conference_id, media_id)
) STRICT;

CREATE INDEX recording_revisions_by_recording ON recording_revisions (conference_id, media_id);

CREATE TRIGGER recordings_keep_revision AFTER UPDATE ON recordings
WHEN (OLD.record_id, OLD.recorder_union_id, OLD.record_type, OLD.started_at, OLD.ended_at, OLD.duration_ms,
      OLD.file_size, OLD.region_id, OLD.raw, OLD.missing_since)
  IS NOT (NEW.record_id, NEW.recorder_union_id, NEW.record_type, NEW.started_at, NEW.ended_at, NEW.duration_ms,
      NEW.file_size, NEW.region_id, NEW.raw, NEW.missing_since)
BEGIN
    INSERT INTO recording_revisions (conference_id, media_id, replaced_at, record_id, recorder_union_id, record_type,
        started_at, ended_at, duration_ms, file_size, region_id, raw, missing_since)
    VALUES (OLD.conference_id, OLD.media_id, NEW.last_changed_at, OLD.record_id, OLD.recorder_union_id, OLD.record_type,
        OLD.started_at, OLD.ended_at, OLD.duration_ms, OLD.file_size, OLD.region_id, OLD.raw, OLD.missing_since);
END;

-- How far the wait for a meeting's recordings has come: a row from its end until its last look.
CREATE TABLE recording_waits (
    conference_id     TEXT    NOT NULL PRIMARY KEY REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the meeting that is over
    counted_until     INTEGER NOT NULL,                -- up to here the wait is accounted for
    awaited_ms        INTEGER NOT NULL,                -- time waited so far in which DingTalk could be asked
    accepted_union_id TEXT                             -- whom DingTalk last accepted as the one who asks
) STRICT;

-- What was spent: metered calls by day (UTC+8, as DingTalk's month runs), endpoint and outcome.
CREATE TABLE api_calls (
    day      TEXT    NOT NULL,                         -- '2026-06-01', UTC+8
    endpoint TEXT    NOT NULL,                         -- the page that was called; '*' for calls not told apart yet
    outcome  TEXT    NOT NULL,                         -- 'ok', DingTalk's code, or: 'reserved' (put aside before sending),
                                                       -- 'timeout', 'foreign', 'unreached' and 'throttled' (these two are free)
    calls    INTEGER NOT NULL CHECK (calls >= 0),      -- how many
    PRIMARY KEY (day, endpoint, outcome)
) STRICT, WITHOUT ROWID;

-- This daemon's share of the organisation's monthly calls, as last configured. One row.
CREATE TABLE quota (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- always 1
    calls_per_month INTEGER NOT NULL                   -- 0: unmetered
) STRICT;

-- Until when DingTalk is left alone, and why. A row outlives its end until a call succeeds again.
CREATE TABLE pauses (
    scope        TEXT    NOT NULL PRIMARY KEY,         -- '*' for every call, or one endpoint
    paused_until INTEGER NOT NULL,                     -- no call before this
    since        INTEGER NOT NULL,                     -- when the trouble began
    strikes      INTEGER NOT NULL,                     -- how often in a row
    code         TEXT    NOT NULL,                     -- what DingTalk said, or what happened
    message      TEXT    NOT NULL                      -- and its words
) STRICT;

-- When each stage last ran: a row a stage.
CREATE TABLE job_runs (
    stage            TEXT    NOT NULL PRIMARY KEY,     -- discover, poll, collect, maintain
    last_started_at  INTEGER NOT NULL,                 -- when its last run began
    last_finished_at INTEGER NOT NULL,                 -- and when that was done
    outcome          TEXT    NOT NULL,                 -- 'ok', or what stopped it
    next_due_at      INTEGER                           -- when it is due again, as far as could be told then
) STRICT;

-- For people: every recording, in words.
CREATE VIEW recording_catalog AS
SELECT c.title                                                                AS title,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at / 1000, 'unixepoch')       AS started,
       printf('%02d:%02d:%02d', r.duration_ms / 3600000, r.duration_ms / 60000 % 60, r.duration_ms / 1000 % 60) AS duration,
       round(r.file_size / 1048576.0, 1)                                      AS size_mib,
       r.region_id                                                            AS region,
       CASE r.record_type WHEN 0 THEN 'standard' WHEN 1 THEN 'composed' ELSE 'type ' || r.record_type END AS type,
       c.creator_nick                                                         AS creator,
       r.recorder_union_id                                                    AS recorder_union_id,
       r.conference_id                                                        AS conference_id,
       r.media_id                                                             AS media_id,
       r.record_id                                                            AS record_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.first_seen_at / 1000, 'unixepoch')    AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.missing_since / 1000, 'unixepoch')    AS missing_since
FROM recordings r
JOIN conferences c ON c.conference_id = r.conference_id;

-- For people: what is still open, since when, why, and when it is asked about next.
CREATE VIEW conference_backlog AS
SELECT c.conference_id                                                        AS conference_id,
       c.title                                                                AS title,
       c.state                                                                AS state,
       strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(c.ended_at, c.last_active_at, c.discovered_at) / 1000, 'unixepoch') AS since,
       CASE c.state
           WHEN 'waiting' THEN 'has not started, as far as is known'
           WHEN 'active'  THEN 'in progress, as far as is known'
           ELSE CASE WHEN EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = c.conference_id)
                     THEN 'recordings were seen; the list must settle'
                     ELSE 'no recording is listed yet' END
       END                                                                    AS why,
       c.attempts                                                             AS attempts,
       CASE WHEN c.last_error_code IS NULL THEN NULL
            ELSE c.last_error_code || coalesce(': ' || c.last_error_message, '') END AS last_error,
       coalesce(strftime('%Y-%m-%dT%H:%M:%SZ', c.next_attempt_at / 1000, 'unixepoch'), 'with the next poll') AS next_attempt
FROM conferences c
WHERE c.state IN ('waiting', 'active', 'ended');

-- For people: metered calls by month, newest first, against the share.
CREATE VIEW api_usage AS
WITH months AS (
    SELECT substr(day, 1, 7) AS month,
           sum(CASE WHEN outcome IN ('unreached', 'throttled') THEN 0 ELSE calls END) AS calls
    FROM api_calls
    GROUP BY 1
    UNION ALL
    SELECT strftime('%Y-%m', 'now', '+8 hours'), 0
)
SELECT month,
       sum(calls)                                                             AS calls,
       q.calls_per_month                                                      AS calls_per_month,
       CASE WHEN q.calls_per_month > 0 THEN max(q.calls_per_month - sum(calls), 0) END AS calls_left,
       CASE WHEN q.calls_per_month > 0 THEN round(100.0 * sum(calls) / q.calls_per_month, 1) END AS percent_used
FROM months
LEFT JOIN quota q ON q.id = 1
GROUP BY month
ORDER BY month DESC;
