//! A walk through every cell of the table, and the rules behind the cells.

mod lists;

use std::time::Duration;

use super::progress::NOT_STARTED_ANSWERS;
use super::*;
use crate::domain::conference::DiscoveredBy;
use crate::domain::recording::Recording;

const HOUR: Duration = Duration::from_hours(1);

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(minutes * 60_000)
}

fn rules() -> Rules {
    Rules { is_metered: false, ..Rules::default() }
}

/// A conference in `state`, found an hour before `at(0)`.
fn conference(state: Option<State>) -> Conference {
    let mut conference = Conference::unknown("607452e0xxx", DiscoveredBy::Cli, at(-60));
    conference.state = state;
    conference.ended_at = matches!(state, Some(State::Ended | State::Archived | State::Unrecorded)).then_some(at(-10));
    if state == Some(State::Ended) {
        conference.next_attempt_at = Some(at(0));
        conference.wait = Wait::new(at(-2));
    }
    conference
}

fn info(status: Status) -> ConferenceInfo {
    ConferenceInfo { status, ..ConferenceInfo::default() }
}

fn error() -> LastError {
    LastError { code: "somethingNew".to_owned(), message: "that no page explains".to_owned() }
}

fn recording(media_id: &str) -> Recording {
    Recording {
        media_id: media_id.to_owned(),
        record_id: None,
        recorder_union_id: None,
        record_type: None,
        started_at: None,
        ended_at: None,
        duration_ms: None,
        file_size: None,
        region_id: None,
        raw: "{}".to_owned(),
    }
}

fn list(media_ids: &[&str]) -> RecordingList {
    RecordingList { recordings: media_ids.iter().map(|id| recording(id)).collect(), without_media_id: 0 }
}

fn known(media_id: &str, changed: Timestamp) -> Known {
    Known { recording: recording(media_id), last_changed_at: changed, missing_since: None }
}

/// What a cell says: the state, and when the conference is asked about next.
#[derive(Debug, PartialEq)]
enum Cell {
    /// Nothing follows.
    Nothing,
    /// Conference info is asked in the same pass, and nothing is written.
    AskedAtOnce,
    /// It is asked about with its kind, or never.
    To(State),
    /// It is asked about later.
    Later(State),
}

fn cell(transition: &Transition) -> Cell {
    match (transition.is_news, transition.next_attempt_at) {
        (false, Some(next)) if next == at(0) && !transition.explanation.is_empty() => Cell::AskedAtOnce,
        (false, _) => Cell::Nothing,
        (true, None) => Cell::To(transition.state),
        (true, Some(next)) => {
            assert!(next >= at(0));
            Cell::Later(transition.state)
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the table, on one page")]
fn every_cell_of_the_table_holds() {
    use Cell::{AskedAtOnce, Later, Nothing, To};
    use State::{Active, Archived, Ended, Failed, Unrecorded, Waiting};
    let states = [None, Some(Waiting), Some(Active), Some(Ended), Some(Archived), Some(Unrecorded), Some(Failed)];
    let (in_progress, not_started, ended) = (info(Status::InProgress), info(Status::NotStarted), info(Status::Ended));
    let unknown = info(Status::Unknown(Some(7)));
    let (empty, error) = (list(&[]), error());
    let began_anew = ConferenceInfo { started_at: Some(at(-1)), ..info(Status::Ended) };
    let columns: [(&str, Observation<'_>, [Cell; 7]); 18] = [
        (
            "shown",
            Observation::Shown(&in_progress),
            [To(Active), To(Active), Nothing, To(Active), To(Active), To(Active), To(Active)],
        ),
        (
            "not shown",
            Observation::NotShown(Hint::NotInBatch, &not_started),
            [To(Waiting), AskedAtOnce, AskedAtOnce, Nothing, Nothing, Nothing, AskedAtOnce],
        ),
        (
            "info: not started",
            Observation::Info(&not_started),
            [Nothing, Later(Waiting), Later(Active), Nothing, Nothing, Nothing, Later(Waiting)],
        ),
        (
            "info: in progress",
            Observation::Info(&in_progress),
            [Nothing, To(Active), Later(Active), To(Active), To(Active), To(Active), To(Active)],
        ),
        (
            "info: ended",
            Observation::Info(&ended),
            [Nothing, Later(Ended), Later(Ended), Nothing, Nothing, Nothing, Later(Ended)],
        ),
        (
            "info: unknown",
            Observation::Info(&unknown),
            [Nothing, Later(Waiting), Later(Active), Nothing, Nothing, Nothing, Later(Failed)],
        ),
        (
            "list",
            Observation::List { list: &empty, known: &[], union_id: "u" },
            [Nothing, Nothing, Nothing, Later(Ended), Later(Archived), Nothing, Nothing],
        ),
        (
            "meeting closed",
            Observation::MeetingClosed { known: &[], union_id: "u" },
            [Nothing, Nothing, Nothing, Later(Ended), Later(Archived), Nothing, Nothing],
        ),
        (
            "refused",
            Observation::Refused(&error),
            [Nothing, Later(Failed), Later(Failed), To(Failed), To(Archived), Nothing, Later(Failed)],
        ),
        (
            "unanswered",
            Observation::Unanswered { error: &error, others: Others::Answered },
            [Nothing, Later(Waiting), Later(Active), Later(Ended), Later(Archived), Nothing, Later(Failed)],
        ),
        (
            "watched",
            Observation::Watched { union_id: None },
            [To(Waiting), Nothing, Nothing, Nothing, Nothing, Nothing, Nothing],
        ),
        (
            "retried",
            Observation::Retried,
            [Nothing, Nothing, Nothing, Nothing, Later(Ended), Later(Ended), Later(Ended)],
        ),
        (
            "past",
            Observation::Past(&ended),
            [Later(Waiting), Later(Waiting), Nothing, Nothing, Nothing, Nothing, Nothing],
        ),
        (
            "past, a later session",
            Observation::Past(&began_anew),
            [Later(Waiting), Later(Waiting), Nothing, Later(Waiting), Later(Waiting), Later(Waiting), Nothing],
        ),
        (
            "event: began",
            Observation::Pushed(Happened::Began, &ended),
            [To(Active), To(Active), Nothing, Nothing, Nothing, Nothing, To(Active)],
        ),
        (
            "event: closed",
            Observation::Pushed(Happened::Closed, &ended),
            [Later(Active), Later(Active), Later(Active), Nothing, Nothing, Nothing, Later(Active)],
        ),
        (
            "event: closed, of a later session",
            Observation::Pushed(Happened::Closed, &began_anew),
            [Later(Active), Later(Active), Later(Active), Later(Active), Later(Active), Later(Active), Later(Active)],
        ),
        (
            "event: video generated",
            Observation::Pushed(Happened::VideoGenerated, &ended),
            [Later(Active), Later(Active), Later(Active), Later(Ended), Later(Archived), Later(Ended), Later(Active)],
        ),
    ];
    for (column, observation, cells) in columns {
        for (state, expected) in states.into_iter().zip(cells) {
            let transition = observe(&conference(state), observation, at(0), &rules());
            assert_eq!(cell(&transition), expected, "{column} in {state:?}");
        }
    }
}

/// Every transition leaves a conference that the invariants allow.
#[test]
fn no_transition_breaks_an_invariant() {
    let (in_progress, ended, error) = (info(Status::InProgress), info(Status::Ended), error());
    let lists = [list(&[]), list(&["a"]), RecordingList { recordings: vec![], without_media_id: 1 }];
    let seen = [known("a", at(-1))];
    for state in [None].into_iter().chain(State::ALL.map(Some)) {
        for awaited in [Duration::ZERO, rules().collect.give_up_after] {
            let mut conference = conference(state);
            conference.wait.awaited = awaited;
            conference.wait.failing_since = (!awaited.is_zero()).then_some(at(-100 * 60));
            conference.last_active_at = (state == Some(State::Active)).then_some(at(-30));
            let known: &[Known] = if state == Some(State::Archived) { &seen } else { &[] };
            let mut observations = vec![
                Observation::Shown(&in_progress),
                Observation::Info(&in_progress),
                Observation::Info(&ended),
                Observation::Refused(&error),
                Observation::Unanswered { error: &error, others: Others::Answered },
                Observation::Watched { union_id: Some("u") },
                Observation::Retried,
                Observation::Pushed(Happened::Began, &in_progress),
                Observation::Pushed(Happened::Closed, &ended),
                Observation::Pushed(Happened::VideoGenerated, &ended),
                Observation::MeetingClosed { known, union_id: "u" },
            ];
            observations.extend(lists.iter().map(|list| Observation::List { list, known, union_id: "u" }));
            for observation in observations {
                let after = observe(&conference, observation, at(0), &rules());
                if !after.is_news {
                    continue;
                }
                let standing = Standing {
                    state: after.state,
                    is_closed: after.state.is_closed(),
                    is_planned: after.next_attempt_at.is_some(),
                    was_active: conference.last_active_at.is_some() || after.last_active_at.is_some(),
                    has_error: state == Some(State::Failed) && after.last_error == ErrorNote::Keep
                        || matches!(after.last_error, ErrorNote::Set(_)),
                    is_remembered: after.wait.is_some(),
                    was_listed: after.wait.as_ref().is_some_and(|wait| wait.list_changes > 0),
                    has_recording: !known.is_empty() || !after.recordings.upsert.is_empty(),
                };
                for (invariant, holds) in invariants() {
                    // A conference that was not as it should be before is not what is tested.
                    let is_kept = matches!(observation, Observation::Watched { .. });
                    assert!(is_kept || holds(&standing), "{invariant}: {observation:?} in {state:?}: {after:?}");
                }
            }
        }
    }
}

#[test]
fn a_meeting_in_progress_again_unmarks_what_went_missing_while_it_went_on() {
    let again = ConferenceInfo { started_at: Some(at(-5)), ..info(Status::InProgress) };
    let transition = observe(&conference(Some(State::Archived)), Observation::Shown(&again), at(0), &rules());
    assert_eq!(transition.not_missing_since, Some(at(-5)));
    let first = observe(&conference(Some(State::Waiting)), Observation::Shown(&again), at(0), &rules());
    assert_eq!(first.not_missing_since, None);
}

#[test]
fn a_list_that_shows_a_meeting_for_a_day_is_confirmed() {
    let mut conference = conference(Some(State::Active));
    conference.last_active_at = Some(at(-24 * 60));
    let shown = info(Status::InProgress);
    let transition = observe(&conference, Observation::Shown(&shown), at(0), &rules());
    assert_eq!(cell(&transition), Cell::AskedAtOnce);
    let confirmed = observe(&conference, Observation::Info(&shown), at(0), &rules());
    assert_eq!(confirmed.last_active_at, Some(at(0)), "and so it is not asked about again for a day");
}

#[test]
fn a_meeting_that_was_in_progress_and_has_not_started_ends_when_it_is_said_often_enough() {
    let not_started = info(Status::NotStarted);
    let mut conference = conference(Some(State::Active));
    for attempts in 0..NOT_STARTED_ANSWERS {
        conference.attempts = attempts;
        let transition = observe(&conference, Observation::Info(&not_started), at(0), &rules());
        assert_eq!(transition.state, State::Active);
    }
    conference.attempts = NOT_STARTED_ANSWERS;
    assert_eq!(observe(&conference, Observation::Info(&not_started), at(0), &rules()).state, State::Ended);
}

#[test]
fn one_that_has_not_started_and_has_no_plan_is_asked_about_before_its_meeting_is_long_over() {
    let not_started = info(Status::NotStarted);
    let rules = Rules { is_listed: true, ..rules() };
    let mut conference = conference(Some(State::Waiting));
    for (attempts, hours) in [(0, 1.5), (1, 3.0), (2, 6.0), (9, 6.0)] {
        conference.attempts = attempts;
        let transition = observe(&conference, Observation::Info(&not_started), at(0), &rules);
        let waits = transition.next_attempt_at.unwrap().since(at(0)).as_secs_f64() / 3_600.0;
        assert!(waits >= hours && waits <= hours * 1.2, "{attempts}: {waits} h");
    }
}

#[test]
fn only_errors_end_when_others_were_answered_all_the_while() {
    let error = error();
    for (state, list_changes, end) in [
        (State::Waiting, 0, State::Failed),
        (State::Active, 0, State::Failed),
        (State::Ended, 0, State::Failed),
        (State::Ended, 1, State::Archived),
        (State::Archived, 1, State::Archived),
    ] {
        let mut conference = conference(Some(state));
        conference.wait.list_changes = list_changes;
        conference.wait.failing_since = Some(at(-72 * 60));
        let after = |others| {
            let unanswered = Observation::Unanswered { error: &error, others };
            observe(&conference, unanswered, at(0), &rules())
        };
        assert_eq!((after(Others::Answered).state, after(Others::Answered).next_attempt_at), (end, None));
        assert_eq!(after(Others::Unknown).state, state, "DingTalk may be out");
        let next = after(Others::Unknown).next_attempt_at.unwrap();
        assert!(next > at(0) && next <= at(24 * 60));
        assert_eq!(after(Others::Answered).last_error, ErrorNote::Set(error.clone()));
    }
}

#[test]
fn an_error_puts_a_conference_off_by_as_long_as_it_has_brought_errors_and_not_by_what_it_answered_before() {
    let error = error();
    for (failing_minutes, least, most) in [(0, 5, 6), (20, 20, 24), (600, 360, 360)] {
        let mut conference = conference(Some(State::Ended));
        conference.attempts = 9;
        conference.wait.failing_since = (failing_minutes > 0).then(|| at(-failing_minutes));
        let unanswered = Observation::Unanswered { error: &error, others: Others::Answered };
        let next = observe(&conference, unanswered, at(0), &rules()).next_attempt_at.unwrap();
        assert!(next >= at(least) && next <= at(most), "{failing_minutes}: {next}");
    }
}

#[test]
fn a_refusal_is_looked_at_again_ever_more_rarely_and_not_for_ever() {
    let error = error();
    let mut conference = conference(Some(State::Waiting));
    let (mut now, mut looks) = (at(0), Vec::new());
    loop {
        let transition = observe(&conference, Observation::Refused(&error), now, &rules());
        assert_eq!(transition.state, State::Failed);
        let Some(next) = transition.next_attempt_at else { break };
        looks.push(next.since(now));
        conference.state = Some(State::Failed);
        conference.attempts = transition.attempts;
        conference.wait = transition.wait.unwrap();
        now = next;
    }
    assert!((5..=9).contains(&looks.len()) && looks[..3].is_sorted(), "{looks:?}");
}
