-- Why: what was not recorded cannot be recorded afterwards. Whose meetings are to be recorded from their start the
-- configuration says (record.automatic_for), and when one begins an event does. That its recording is to be started is
-- written down with that event, so that a crash loses none; and what was answered, so that none is started twice.

-- Recordings that the daemon starts by itself: a row a conference, for its last session that an event told of. Written
-- while record.automatic_for names somebody.
CREATE TABLE automatic_starts (
    conference_id      TEXT    NOT NULL PRIMARY KEY REFERENCES conferences (conference_id) ON DELETE CASCADE,
                                                       -- the conference
    union_id           TEXT    NOT NULL,               -- its creator, as whom it is started
    session_started_at INTEGER,                        -- when that session began, as the event says; NULL: it does not say
    wanted_at          INTEGER NOT NULL,               -- when the event came
    attempts           INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
                                                       -- how often it failed so far, but for errors that concern everybody
    next_attempt_at    INTEGER,                        -- not tried before this; NULL: it is done with
    outcome            TEXT,                           -- 'ok': it was started; 'dropped': the meeting was over before, say;
                                                       -- else DingTalk's code, or ours; NULL: not done with
    finished_at        INTEGER,                        -- since when it is done with; NULL: not done with
    CHECK ((next_attempt_at IS NULL) = (outcome IS NOT NULL) AND (outcome IS NULL) = (finished_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX automatic_starts_due ON automatic_starts (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX automatic_starts_finished ON automatic_starts (finished_at) WHERE finished_at IS NOT NULL;
