-- Makes an empty catalog one that is years old: `:closed` conferences, all archived, one a minute, the last of them
-- four days before `:now`; a recording each; the journal of the last ninety days, and the ledger of the months before
-- this one, as the daemon would have kept them. Whoever runs this puts numbers in the place of the two names.

INSERT INTO conferences (conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id,
    creator_nick, started_at, ended_at, duration_ms, state, record_status, record_owner_union_id, discovered_by,
    discovered_at, attempts, closed_at)
WITH RECURSIVE n (n) AS (SELECT :closed UNION ALL SELECT n - 1 FROM n WHERE n > 1),
    ends (n, ended_at) AS (SELECT n, :now - 345600000 - n * 60000 FROM n)
-- Ids are as random as DingTalk's: an index has them in another order than the table.
SELECT printf('%08x%016x', (n * 2654435761) & 4294967295, n), 'Weekly of team ' || n % 200, printf('%09d', n),
       printf('%012d', n), '3', printf('WFBkgJvtxxxxtSaA1jK4s%05d', n % 200), 'Colleague ' || n % 200,
       ended_at - 1800000, ended_at, 1800000, 'archived', 3, printf('WFBkgJvtxxxxtSaA1jK4s%05d', n % 200),
       'organization', ended_at - 1500000, 1, ended_at + 1920000
FROM ends;

INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at,
    duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
SELECT conference_id, '00000000' || conference_id, room_code, creator_union_id, 0, started_at, ended_at, duration_ms,
       duration_ms * 19, 'cn-shenzhen',
       json_object('recordId', room_code, 'unionId', creator_union_id, 'startTime', started_at, 'recordType', 0,
           'duration', duration_ms, 'fileSize', duration_ms * 19, 'endTime', ended_at,
           'mediaId', '00000000' || conference_id, 'regionId', 'cn-shenzhen'),
       ended_at + 120000, ended_at + 120000
FROM conferences ORDER BY rowid;

INSERT INTO conference_events (conference_id, at, event, endpoint, outcome, reason, state)
SELECT c.conference_id, c.discovered_at + e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4,
       e.value ->> 5
FROM conferences c, json_each('[
    [0, "found", null, null, "the organisation''s list showed it", "active"],
    [1500000, "call", "get", "ok", "ended", "ended"],
    [1500000, "decided", null, null, "it has ended; its recordings are read next", "ended"],
    [1620000, "call", "getVideos", "ok", "1 recordings, asked as its owner", "archived"],
    [3420000, "decided", null, null, "its list has settled: 1 recordings", "archived"]]') e
WHERE c.discovered_at > :now - 7776000000
ORDER BY c.rowid, e.key;

INSERT INTO api_calls (day, endpoint, outcome, calls)
SELECT date((c.ended_at + 28800000) / 1000, 'unixepoch'), e.value, 'ok', count(*)
FROM conferences c, json_each('["query", "get", "getVideos"]') e
WHERE c.ended_at < unixepoch(:now / 1000 + 28800, 'unixepoch', 'start of month') * 1000 - 28800000
GROUP BY 1, 2;

ANALYZE;
