-- Why: whoever must prove what was recorded is asked how it came to be known, and why nothing more is there. Each
-- conference gets its story (conference_events), written in the transactions that it tells of. And of each stage it is
-- kept when it last came to its end untroubled (job_runs), so that a daemon that runs and achieves nothing is
-- told from one that is well.

-- What happened to a conference, and why: a row a call that was made about it, and a row a decision. Rows older than
-- catalog.keep_events are dropped.
CREATE TABLE conference_events (
    event_id        INTEGER NOT NULL PRIMARY KEY,      -- in the order in which things happened
    conference_id   TEXT    NOT NULL REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the conference it happened to
    at              INTEGER NOT NULL,                  -- when
    event           TEXT    NOT NULL CHECK (event IN ('found', 'call', 'decided', 'operator')),
                                                       -- found: it came to be known; call: DingTalk was asked about it;
                                                       -- decided: what followed; operator: a person's word
    endpoint        TEXT,                              -- of a call: the page that was called
    outcome         TEXT,                              -- of a call: 'ok', DingTalk's code, or ours
    reason          TEXT    NOT NULL,                  -- in words: what was answered, why it was decided
    state           TEXT    NOT NULL,                  -- the conference's state from then on
    next_attempt_at INTEGER                            -- when it was then to be asked about next; NULL: with its kind, or never
) STRICT;

CREATE INDEX conference_events_by_conference ON conference_events (conference_id, event_id);
CREATE INDEX conference_events_by_time ON conference_events (at);

INSERT INTO conference_events (conference_id, at, event, reason, state, next_attempt_at)
SELECT conference_id, discovered_at, 'found',
       CASE discovered_by
           WHEN 'config' THEN 'watch.conferences names it'
           WHEN 'cli' THEN 'put on watch from the command line'
           WHEN 'organization' THEN 'the organisation''s list showed it'
           WHEN 'user' THEN 'a user''s list showed it'
           ELSE 'found by ' || discovered_by END || '; what happened before this journal began is not in it',
       state, next_attempt_at
FROM conferences
ORDER BY discovered_at, conference_id;

-- Made anew, not altered: SQLite would lose the comments that are the schema's manual.
CREATE TEMPORARY TABLE job_runs_before AS SELECT * FROM job_runs;
DROP TABLE job_runs;

-- When each stage last ran: a row a stage.
CREATE TABLE job_runs (
    stage            TEXT    NOT NULL PRIMARY KEY,     -- discover, poll, collect, maintain
    last_started_at  INTEGER NOT NULL,                 -- when its last run began
    last_finished_at INTEGER NOT NULL,                 -- and when that was done
    outcome          TEXT    NOT NULL,                 -- 'ok', or what stopped it
    next_due_at      INTEGER,                          -- when it is due again, as far as could be told then
    last_ok_at       INTEGER NOT NULL,                 -- when its last untroubled run began; until there is one, its first
    failures         INTEGER NOT NULL                  -- how many runs in a row something stopped since then
) STRICT;

INSERT INTO job_runs (stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures)
SELECT stage, last_started_at, last_finished_at, outcome, next_due_at, last_started_at, outcome <> 'ok' FROM job_runs_before;
DROP TABLE job_runs_before;
