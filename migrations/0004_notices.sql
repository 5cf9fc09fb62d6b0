-- Why: what needs a person is told to one, once, and told again when it is over; a restart must neither tell it twice nor
-- forget it. So what was noticed is kept (notices), and who has yet to hear of it (notices_untold).

-- What was noticed and is told to people: a row each time that it begins. Rows that are over and told are dropped after
-- catalog.keep_events.
CREATE TABLE notices (
    notice_id  INTEGER NOT NULL PRIMARY KEY,           -- in the order in which they were noticed
    kind       TEXT    NOT NULL CHECK (kind <> ''),    -- what it is, such as 'failed'; recording-archiver-operations(7) has the kinds
    subject    TEXT    NOT NULL CHECK (subject <> ''), -- what it is about: a conference, a stage, what a pause holds, a month
    began_at   INTEGER NOT NULL,                       -- since when it is so
    noticed_at INTEGER NOT NULL,                       -- when that was noticed
    over_at    INTEGER CHECK (kind <> 'archived' OR over_at IS NOT NULL)
                                                       -- when it was noticed to be over; NULL: it is not. What happens and does
                                                       -- not last ('archived') is over at once
) STRICT;

-- The same is noticed once, until it is over; that a conference is archived, once.
CREATE UNIQUE INDEX notices_open ON notices (kind, subject) WHERE over_at IS NULL;
CREATE UNIQUE INDEX notices_archived ON notices (subject) WHERE kind = 'archived';
CREATE INDEX notices_by_time ON notices (noticed_at);

-- Who is told: a row for each address that is configured.
CREATE TABLE notice_receivers (
    receiver        TEXT    NOT NULL PRIMARY KEY CHECK (receiver IN ('url', 'dingtalk_robot')), -- the key's name under [notify]
    wants_archived  INTEGER NOT NULL CHECK (wants_archived IN (0, 1)), -- 1: notify.archived is set
    next_attempt_at INTEGER NOT NULL,                  -- no message before this
    failing_since   INTEGER,                           -- since when it takes no message; NULL: it took the last one
    attempts        INTEGER NOT NULL CHECK (attempts >= 0), -- how many messages in a row it did not take
    last_error      TEXT                               -- why it did not take the last one; NULL: it did
) STRICT;

-- What a receiver has not been told yet: that a notice began or, if it is over by now, that it was and is over.
CREATE TABLE notices_untold (
    receiver  TEXT    NOT NULL REFERENCES notice_receivers (receiver) ON DELETE CASCADE, -- whom to tell
    notice_id INTEGER NOT NULL REFERENCES notices (notice_id) ON DELETE CASCADE,         -- of what
    since     INTEGER NOT NULL,                        -- since when it is to be told; given up a day later
    PRIMARY KEY (receiver, notice_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notices_untold_by_notice ON notices_untold (notice_id);

CREATE TRIGGER notices_tell_begun AFTER INSERT ON notices
BEGIN
    INSERT INTO notices_untold (receiver, notice_id, since)
    SELECT receiver, NEW.notice_id, NEW.noticed_at FROM notice_receivers WHERE NEW.kind <> 'archived' OR wants_archived;
END;

CREATE TRIGGER notices_tell_over AFTER UPDATE OF over_at ON notices WHEN OLD.over_at IS NULL AND NEW.over_at IS NOT NULL
BEGIN
    INSERT INTO notices_untold (receiver, notice_id, since)
    SELECT receiver, NEW.notice_id, NEW.over_at FROM notice_receivers WHERE true
    ON CONFLICT (receiver, notice_id) DO UPDATE SET since = excluded.since;
END;

-- That a conference is archived is noticed in the transaction that archives it, and only where somebody wants to hear it.
CREATE TRIGGER conferences_notice_archived AFTER UPDATE OF state ON conferences
WHEN NEW.state = 'archived' AND OLD.state <> 'archived' AND EXISTS (SELECT 1 FROM notice_receivers WHERE wants_archived)
BEGIN
    INSERT INTO notices (kind, subject, began_at, noticed_at, over_at)
    VALUES ('archived', NEW.conference_id, NEW.closed_at, NEW.closed_at, NEW.closed_at)
    ON CONFLICT DO NOTHING;
END;
