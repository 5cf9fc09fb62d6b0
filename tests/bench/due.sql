-- `:due` conferences that ended an hour before `:now` and whose lists are due; those of the run before are taken away,
-- with everything else that it left behind. Whoever runs this puts numbers in the place of the two names.

DELETE FROM recording_revisions WHERE conference_id >= 'due' AND conference_id < 'duf';
DELETE FROM recordings WHERE conference_id >= 'due' AND conference_id < 'duf';
DELETE FROM conference_events WHERE conference_id >= 'due' AND conference_id < 'duf';
DELETE FROM conference_waits;
DELETE FROM conferences WHERE conference_id >= 'due' AND conference_id < 'duf';
DELETE FROM job_runs WHERE stage <> 'maintain';
DELETE FROM pauses;
DELETE FROM api_calls WHERE day >= date(:now / 1000 + 28800, 'unixepoch', 'start of month');

INSERT INTO conferences (conference_id, title, biz_type, creator_union_id, creator_nick, started_at, ended_at,
    duration_ms, state, record_status, record_owner_union_id, discovered_by, discovered_at, next_attempt_at)
WITH RECURSIVE n (n) AS (SELECT 1 WHERE :due > 0 UNION ALL SELECT n + 1 FROM n WHERE n < :due)
SELECT printf('due%021x', n), 'Weekly of team ' || n % 200, '3', printf('WFBkgJvtxxxxtSaA1jK4s%05d', n % 200),
       'Colleague ' || n % 200, :now - 5400000, :now - 3600000, 1800000, 'ended', 3,
       printf('WFBkgJvtxxxxtSaA1jK4s%05d', n % 200), 'organization', :now - 5100000, :now - n
FROM n;

INSERT INTO conference_waits (conference_id, counted_until, awaited_ms, list_changes)
SELECT conference_id, :now - 3600000, 0, 0 FROM conferences WHERE state = 'ended';
