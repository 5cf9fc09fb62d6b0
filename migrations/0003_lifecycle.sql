-- Why: an error about one conference must come to an end, and a list that keeps changing is read ever more rarely. So a
-- wait also says since when DingTalk gives only errors, and how often the list changed. What was learned about
-- DingTalk's limits outlives a restart. A pause counts failures. And what is asked again and again is answered without
-- reading every row: lists have an index in their order, and what is counted is kept.

-- What is remembered of a conference while an answer about it is awaited.
CREATE TABLE conference_waits (
    conference_id     TEXT    NOT NULL PRIMARY KEY REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the conference that is asked about
    counted_until     INTEGER NOT NULL,                -- up to here the wait for its recordings is accounted for
    awaited_ms        INTEGER NOT NULL,                -- time waited for them so far in which DingTalk could be asked
    accepted_union_id TEXT,                            -- whom DingTalk last accepted as the one who asks
    list_changed_at   INTEGER,                         -- when its list of recordings last changed; NULL: nothing was listed
    list_changes      INTEGER NOT NULL,                -- how often it changed
    failing_since     INTEGER                          -- since when DingTalk gives only errors; NULL: it answered last time
) STRICT;

-- How often a list changed was not counted: one that shows something changed once at least.
INSERT INTO conference_waits (conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes)
SELECT w.conference_id, w.counted_until, w.awaited_ms, w.accepted_union_id, max(r.last_changed_at), count(r.media_id) > 0
FROM recording_waits w LEFT JOIN recordings r ON r.conference_id = w.conference_id
GROUP BY w.conference_id;

DROP TABLE recording_waits;

-- What was learned about DingTalk's limits, which no page gives.
CREATE TABLE learned_limits (
    name       TEXT    NOT NULL PRIMARY KEY,           -- 'query.accepted': the most ids that a batch took;
                                                       -- 'query.refused': the fewest that were too many;
                                                       -- 'orgConferences.maxResults': the longest page that it takes;
                                                       -- 'orgConferences.pages': the pages that the list had
    value      INTEGER NOT NULL,                       -- how many
    learned_at INTEGER NOT NULL                        -- when
) STRICT;

-- Made anew, not altered: SQLite would lose the comments that are the schema's manual.
CREATE TEMPORARY TABLE pauses_before AS SELECT * FROM pauses;
DROP TABLE pauses;

-- Until when DingTalk is left alone, and why. A row outlives its end until a call succeeds again.
CREATE TABLE pauses (
    scope        TEXT    NOT NULL PRIMARY KEY,         -- '*' for every call, or one endpoint
    paused_until INTEGER NOT NULL,                     -- no call before this
    since        INTEGER NOT NULL,                     -- when it began to fail
    failures     INTEGER NOT NULL,                     -- how many pauses in a row this is, counted from 1
    code         TEXT    NOT NULL,                     -- DingTalk's code, or ours
    message      TEXT    NOT NULL                      -- and what it says to people
) STRICT;

INSERT INTO pauses (scope, paused_until, since, failures, code, message)
SELECT scope, paused_until, since, strikes, code, message FROM pauses_before;
DROP TABLE pauses_before;

CREATE TEMPORARY TABLE api_calls_before AS SELECT * FROM api_calls;
DROP TABLE api_calls;

-- What was spent: metered calls by day (UTC+8, as DingTalk's month runs), endpoint and outcome.
CREATE TABLE api_calls (
    day      TEXT    NOT NULL,                         -- '2026-06-01', UTC+8, by DingTalk's clock
    endpoint TEXT    NOT NULL,                         -- the page that was called; '*' in rows of version 0.1.0
    outcome  TEXT    NOT NULL,                         -- 'ok', DingTalk's code, or: 'reserved' (counted before it was sent, and
                                                       -- nothing is known of it), 'timeout', 'foreign', 'unrecognized',
                                                       -- 'unreached' and 'throttled' (these two are free)
    calls    INTEGER NOT NULL CHECK (calls >= 0),      -- how many
    PRIMARY KEY (day, endpoint, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO api_calls (day, endpoint, outcome, calls) SELECT day, endpoint, outcome, calls FROM api_calls_before;
DROP TABLE api_calls_before;

-- No query used these two.
DROP INDEX conferences_due;
DROP INDEX recordings_by_start;

-- Whose list is due, in the order in which the lists are read.
CREATE INDEX conferences_due ON conferences (next_attempt_at, conference_id, ended_at)
WHERE state IN ('ended', 'archived') AND next_attempt_at IS NOT NULL;

-- The order in which lists are shown.
CREATE INDEX conferences_by_start ON conferences (coalesce(started_at, discovered_at) DESC);
CREATE INDEX recordings_by_start ON recordings (coalesce(started_at, first_seen_at) DESC);

-- How many conferences stand in each state, and how many recordings there are. Written by the triggers below, and by
-- nothing else.
CREATE TABLE row_counts (
    counted TEXT    NOT NULL PRIMARY KEY,              -- a state of conferences, or 'recordings'
    number  INTEGER NOT NULL                           -- how many
) STRICT, WITHOUT ROWID;

INSERT INTO row_counts (counted, number)
SELECT s.value, (SELECT count(*) FROM conferences c WHERE c.state = s.value)
FROM json_each('["waiting", "active", "ended", "archived", "unrecorded", "failed"]') s
UNION ALL SELECT 'recordings', count(*) FROM recordings;

-- How many conferences were found, and how many began, in each hour: what the forecast learns from. Written by the
-- triggers below, and by nothing else.
CREATE TABLE conferences_by_hour (
    hour  INTEGER NOT NULL PRIMARY KEY,                -- hours since the epoch
    found INTEGER NOT NULL DEFAULT 0,                  -- conferences that came to be known in it
    begun INTEGER NOT NULL DEFAULT 0                   -- conferences that began in it, or were found in it with no start known
) STRICT;

INSERT INTO conferences_by_hour (hour, found, begun)
SELECT hour, sum(found), sum(begun)
FROM (SELECT discovered_at / 3600000 AS hour, 1 AS found, 0 AS begun FROM conferences
      UNION ALL SELECT coalesce(started_at, discovered_at) / 3600000, 0, 1 FROM conferences)
GROUP BY hour;

CREATE TRIGGER conferences_count_insert AFTER INSERT ON conferences
BEGIN
    UPDATE row_counts SET number = number + 1 WHERE counted = NEW.state;
    INSERT INTO conferences_by_hour (hour, found) VALUES (NEW.discovered_at / 3600000, 1)
    ON CONFLICT (hour) DO UPDATE SET found = found + 1;
    INSERT INTO conferences_by_hour (hour, begun) VALUES (coalesce(NEW.started_at, NEW.discovered_at) / 3600000, 1)
    ON CONFLICT (hour) DO UPDATE SET begun = begun + 1;
END;

CREATE TRIGGER conferences_count_delete AFTER DELETE ON conferences
BEGIN
    UPDATE row_counts SET number = number - 1 WHERE counted = OLD.state;
    UPDATE conferences_by_hour SET found = found - 1 WHERE hour = OLD.discovered_at / 3600000;
    UPDATE conferences_by_hour SET begun = begun - 1 WHERE hour = coalesce(OLD.started_at, OLD.discovered_at) / 3600000;
END;

CREATE TRIGGER conferences_count_state AFTER UPDATE OF state ON conferences WHEN OLD.state <> NEW.state
BEGIN
    UPDATE row_counts SET number = number - 1 WHERE counted = OLD.state;
    UPDATE row_counts SET number = number + 1 WHERE counted = NEW.state;
END;

CREATE TRIGGER conferences_count_start AFTER UPDATE OF started_at ON conferences WHEN OLD.started_at IS NOT NEW.started_at
BEGIN
    UPDATE conferences_by_hour SET begun = begun - 1 WHERE hour = coalesce(OLD.started_at, OLD.discovered_at) / 3600000;
    INSERT INTO conferences_by_hour (hour, begun) VALUES (coalesce(NEW.started_at, NEW.discovered_at) / 3600000, 1)
    ON CONFLICT (hour) DO UPDATE SET begun = begun + 1;
END;

CREATE TRIGGER recordings_count_insert AFTER INSERT ON recordings
BEGIN
    UPDATE row_counts SET number = number + 1 WHERE counted = 'recordings';
END;

CREATE TRIGGER recordings_count_delete AFTER DELETE ON recordings
BEGIN
    UPDATE row_counts SET number = number - 1 WHERE counted = 'recordings';
END;
