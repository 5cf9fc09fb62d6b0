-- Why: a meeting that began and ended while nobody looked and no event could arrive is in no list of meetings in progress.
-- So the times in which that could happen are written down (watch_gaps), and searched as far as DingTalk allows. Where a
-- gap begins is known from watched_until; what a search has yet to ask outlives a restart (search_queue), and so does that
-- DingTalk does not let this app list past meetings (histories_refusal).

-- Times in which nobody looked and no event could arrive, and what was found of them afterwards.
CREATE TABLE watch_gaps (
    gap_id      INTEGER NOT NULL PRIMARY KEY,          -- in the order in which they were noticed
    began_at    INTEGER NOT NULL,                      -- until then somebody looked, or events could arrive
    ended_at    INTEGER NOT NULL,                      -- from then on again
    reason      TEXT    NOT NULL CHECK (reason IN ('down', 'paused', 'spent', 'failed', 'disconnected', 'asked')),
                                                       -- down: the daemon did not run, or its machine slept; paused: calls
                                                       -- were paused; spent: there were no calls left; failed: the lists
                                                       -- could not be read; disconnected: there was no connection for
                                                       -- events; asked: `backfill` asked for this time
    planned_at  INTEGER,                               -- since when it is being searched; NULL: it waits, or is searched
    searched_at INTEGER,                               -- when it had been searched; NULL: not yet
    found       INTEGER NOT NULL DEFAULT 0 CHECK (found >= 0),
                                                       -- conferences that came to be known by searching it
    is_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_complete IN (0, 1)),
                                                       -- 1: DingTalk listed every meeting of it; 0: at most those of known
                                                       -- room codes and bookings
    unanswered  INTEGER NOT NULL DEFAULT 0 CHECK (unanswered >= 0),
                                                       -- room codes and bookings about which nothing was found out
    CHECK (began_at < ended_at)
) STRICT;

CREATE INDEX watch_gaps_by_end ON watch_gaps (ended_at);
CREATE INDEX watch_gaps_unsearched ON watch_gaps (searched_at, began_at) WHERE searched_at IS NULL;

-- Until when it is known that somebody looked, or that events could arrive. One row, once there was a look.
CREATE TABLE watched_until (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- there is one row
    watched_at  INTEGER NOT NULL,                      -- the last such instant
    interval_ms INTEGER NOT NULL CHECK (interval_ms >= 0) -- how long after it the next look was to come
) STRICT;

-- What the search of gaps has yet to ask DingTalk about.
CREATE TABLE search_queue (
    source          TEXT    NOT NULL CHECK (source IN ('history', 'booking', 'instance', 'room')),
                                                       -- history: the past meetings of a gap; booking: the plan of a booking;
                                                       -- instance: its last meeting; room: the meetings of a room code
    key             TEXT    NOT NULL CHECK (key <> ''), -- the gap_id, the scheduleConferenceId or the roomCode
    union_id        TEXT,                              -- whom to ask as, where that matters
    attempts        INTEGER NOT NULL DEFAULT 0,        -- how often it brought nothing
    next_attempt_at INTEGER NOT NULL,                  -- not asked before this
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX search_queue_due ON search_queue (next_attempt_at);

-- That DingTalk does not let this app list past meetings, which is closed to new apps. One row, once it refused.
CREATE TABLE histories_refusal (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- there is one row
    app        INTEGER NOT NULL,                       -- stands for the app's key: another app is asked for anew
    code       TEXT    NOT NULL,                       -- what DingTalk said
    refused_at INTEGER NOT NULL                        -- and when
) STRICT;
