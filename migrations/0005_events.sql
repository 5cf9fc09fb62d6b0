-- Why: DingTalk can push what polling must guess. What is pushed has a monthly share of its own (pushes), and comes twice
-- at times (received_events). That events tell of every meeting stands nowhere, so it is measured (sightings). And an
-- event that tells of a finished recording is remembered until its list was read.

-- Events that arrived over the Stream-mode connection: pushes by day (UTC+8), type and outcome.
CREATE TABLE pushes (
    day        TEXT    NOT NULL,                       -- '2026-06-01', UTC+8
    event_type TEXT    NOT NULL,                       -- DingTalk's eventType; 'other' for those that no page of ours names
    outcome    TEXT    NOT NULL CHECK (outcome IN ('taken', 'repeated', 'outdated', 'ignored')),
                                                       -- taken: something followed, or was known already; repeated: it had
                                                       -- come before; outdated: a later event of its conference had come
                                                       -- before; ignored: nothing follows from such an event
    pushes     INTEGER NOT NULL CHECK (pushes >= 0),   -- how many
    PRIMARY KEY (day, event_type, outcome)
) STRICT, WITHOUT ROWID;

-- Events that were taken in lately: what comes twice is known by its eventId.
CREATE TABLE received_events (
    event_id    TEXT    NOT NULL PRIMARY KEY,          -- eventId
    received_at INTEGER NOT NULL                       -- when it first came
) STRICT, WITHOUT ROWID;

CREATE INDEX received_events_by_time ON received_events (received_at);

-- What events told of each conference, and what other sources showed: coverage is measured by it. Written while
-- events.stream is on.
CREATE TABLE sightings (
    conference_id TEXT    NOT NULL PRIMARY KEY REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the conference
    announced_at  INTEGER,                             -- when an event first told of it
    shown_at      INTEGER,                             -- when a list, a batch query or conference info first showed it
    generated_at  INTEGER,                             -- when an event first told of a finished recording of it
    listed_at     INTEGER,                             -- when its list first showed a recording
    last_sequence INTEGER                              -- the highest statusSeqNum of its events
) STRICT, WITHOUT ROWID;

CREATE INDEX sightings_by_shown ON sightings (shown_at) WHERE shown_at IS NOT NULL;
CREATE INDEX sightings_by_listed ON sightings (listed_at) WHERE listed_at IS NOT NULL;

-- The Stream-mode connection: one row, once there was one.
CREATE TABLE event_stream (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- there is one row
    connected_since INTEGER,                           -- since when it is open; NULL: it is not
    closed_at       INTEGER,                           -- when it was last lost
    last_push_at    INTEGER,                           -- when the last event came
    last_error      TEXT                               -- why it could not be opened, or was lost; NULL: it is open
) STRICT;

-- Made anew, not altered: SQLite would lose the comments that are the schema's manual.
CREATE TEMPORARY TABLE conference_waits_before AS SELECT * FROM conference_waits;
DROP TABLE conference_waits;

-- What is remembered of a conference while an answer about it is awaited.
CREATE TABLE conference_waits (
    conference_id     TEXT    NOT NULL PRIMARY KEY REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the conference that is asked about
    counted_until     INTEGER NOT NULL,                -- up to here the wait for its recordings is accounted for
    awaited_ms        INTEGER NOT NULL,                -- time waited for them so far in which DingTalk could be asked
    accepted_union_id TEXT,                            -- whom DingTalk last accepted as the one who asks
    list_changed_at   INTEGER,                         -- when its list of recordings last changed; NULL: nothing was listed
    list_changes      INTEGER NOT NULL,                -- how often it changed
    failing_since     INTEGER,                         -- since when DingTalk gives only errors; NULL: it answered last time
    generated_at      INTEGER                          -- when an event told of a finished recording; NULL: its list was read since
) STRICT;

INSERT INTO conference_waits
    (conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes, failing_since)
SELECT conference_id, counted_until, awaited_ms, accepted_union_id, list_changed_at, list_changes, failing_since
FROM conference_waits_before;

DROP TABLE conference_waits_before;

-- Conferences whose list an event says is worth reading.
CREATE INDEX conference_waits_generated ON conference_waits (conference_id) WHERE generated_at IS NOT NULL;

-- The active conferences that an event says are over: to be asked about at once.
CREATE INDEX conferences_told_over ON conferences (next_attempt_at)
WHERE state = 'active' AND attempts = 0 AND next_attempt_at IS NOT NULL;
