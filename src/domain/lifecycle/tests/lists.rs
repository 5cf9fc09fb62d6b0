//! What follows from reading the list of recordings.

use super::*;

/// Reads the same conference's list at each of these minutes after its end; answers the last transition.
fn read(rules: &Rules, readings: &[(i64, RecordingList)]) -> Transition {
    let mut conference = conference(Some(State::Ended));
    conference.next_attempt_at = Some(at(readings[0].0));
    conference.wait = Wait::new(at(0));
    let mut catalog: Vec<Known> = Vec::new();
    let mut last = None;
    for (minute, list) in readings {
        let list_read = Observation::List { list, known: &catalog, union_id: "u" };
        let transition = observe(&conference, list_read, at(*minute), rules);
        conference.attempts = transition.attempts;
        conference.next_attempt_at = transition.next_attempt_at;
        conference.wait = transition.wait.clone().unwrap_or(conference.wait);
        for recording in &transition.recordings.upsert {
            catalog.retain(|known| known.recording.media_id != recording.media_id);
            catalog.push(Known { recording: recording.clone(), last_changed_at: at(*minute), missing_since: None });
        }
        last = Some(transition);
    }
    last.unwrap()
}

#[test]
fn a_list_settles_when_two_readings_half_an_hour_apart_agree() {
    let first = read(&rules(), &[(2, list(&["a"]))]);
    assert_eq!((first.state, first.next_attempt_at), (State::Ended, Some(at(32))));
    let early = read(&rules(), &[(2, list(&["a"])), (31, list(&["a"]))]);
    assert_eq!((early.state, early.next_attempt_at), (State::Ended, Some(at(32))));
    let settled = read(&rules(), &[(2, list(&["a"])), (32, list(&["a"]))]);
    assert_eq!(settled.state, State::Archived);
    assert_eq!(settled.next_attempt_at, Some(at(72 * 60)), "it is looked at once more when the wait is over");
}

#[test]
fn without_a_settling_time_the_first_list_is_enough() {
    let mut rules = rules();
    rules.collect.settle = Duration::ZERO;
    assert_eq!(read(&rules, &[(2, list(&["a"]))]).state, State::Archived);
}

#[test]
fn the_wait_for_a_list_that_keeps_changing_doubles() {
    let changes =
        [(2, list(&["a"])), (32, list(&["a", "b"])), (62, list(&["a", "b", "c"])), (122, list(&["a", "b", "c", "d"]))];
    let waits: Vec<_> = (1..=4).map(|n| read(&rules(), &changes[..n])).collect();
    let waits: Vec<_> = waits
        .iter()
        .zip(&changes)
        .map(|(after, (minute, _))| after.next_attempt_at.unwrap().since(at(*minute)))
        .collect();
    assert_eq!(waits, [HOUR / 2, HOUR / 2, HOUR, HOUR * 2]);
}

#[test]
fn a_list_that_still_grows_is_archived_at_the_deadline() {
    let mut conference = conference(Some(State::Ended));
    conference.wait.awaited = rules().collect.give_up_after;
    let (list, known) = (list(&["a", "b"]), [known("a", at(-1))]);
    let after = observe(&conference, Observation::List { list: &list, known: &known, union_id: "u" }, at(0), &rules());
    assert_eq!((after.state, after.next_attempt_at, after.recordings.new), (State::Archived, None, 1));
}

#[test]
fn nothing_listed_is_unrecorded_only_when_the_wait_is_over() {
    let nothing = list(&[]);
    let after = |awaited: Duration| {
        let mut conference = conference(Some(State::Ended));
        conference.wait = Wait { awaited, ..Wait::new(at(0)) };
        observe(&conference, Observation::List { list: &nothing, known: &[], union_id: "u" }, at(0), &rules())
    };
    assert_eq!(after(rules().collect.give_up_after).state, State::Unrecorded);
    let almost = after(Duration::from_mins(72 * 60 - 1));
    assert_eq!(
        (almost.state, almost.next_attempt_at),
        (State::Ended, Some(at(1))),
        "never read after its deadline, nor given up before it"
    );
}

#[test]
fn a_conference_of_which_nothing_is_expected_is_read_early_and_at_the_deadline() {
    let nothing = list(&[]);
    let mut conference = conference(Some(State::Ended));
    conference.record_status = Some(0);
    conference.wait = Wait::new(at(0));
    let metered = Rules { is_metered: true, ..rules() };
    let list_read = Observation::List { list: &nothing, known: &[], union_id: "u" };
    assert_eq!(observe(&conference, list_read, at(0), &metered).next_attempt_at, Some(at(72 * 60)));
    assert!(observe(&conference, list_read, at(0), &rules()).next_attempt_at < Some(at(60)));
}

#[test]
fn an_answer_about_the_meeting_never_closes_it_as_unrecorded() {
    let mut conference = conference(Some(State::Ended));
    conference.wait.awaited = rules().collect.give_up_after;
    let closed = observe(&conference, Observation::MeetingClosed { known: &[], union_id: "u" }, at(0), &rules());
    assert_eq!(closed.state, State::Failed);
    let nameless = RecordingList { recordings: vec![], without_media_id: 1 };
    let nameless = Observation::List { list: &nameless, known: &[], union_id: "u" };
    assert_eq!(observe(&conference, nameless, at(0), &rules()).state, State::Failed);
}

#[test]
fn a_meeting_that_went_on_again_is_not_settled_by_what_it_had_before() {
    // It ended anew, and lists what it listed after its first end: the new recording is still to come.
    let (list, known) = (list(&["a"]), [known("a", at(-24 * 60))]);
    let after = observe(
        &conference(Some(State::Ended)),
        Observation::List { list: &list, known: &known, union_id: "u" },
        at(0),
        &rules(),
    );
    assert_eq!(after.state, State::Ended);
}

#[test]
fn an_event_settles_a_list_at_once_and_where_others_may_be_lost_it_is_looked_at_hours_later() {
    for (recordings_told, hours) in [(Told::Nearly, 72), (Told::Unknown, 3), (Told::Many, 3), (Told::Few, 3)] {
        let rules = Rules { recordings_told, ..rules() };
        let mut conference = conference(Some(State::Ended));
        conference.wait = Wait { generated_at: Some(at(0)), ..Wait::new(at(0)) };
        let read = Observation::List { list: &list(&["a"]), known: &[], union_id: "u" };
        let transition = observe(&conference, read, at(0), &rules);
        assert_eq!((transition.state, transition.next_attempt_at), (State::Archived, Some(at(hours * 60))));
    }
}

#[test]
fn where_events_tell_of_many_recordings_an_end_that_one_told_of_is_read_when_its_list_may_have_settled() {
    let first_reading = |recordings_told, told_over_at| {
        let rules = Rules { recordings_told, ..rules() };
        let conference = Conference { next_attempt_at: told_over_at, ..conference(Some(State::Active)) };
        observe(&conference, Observation::Info(&info(Status::Ended)), at(0), &rules).next_attempt_at
    };
    let told_over_at = Some(at(0));
    assert_eq!(first_reading(Told::Many, told_over_at), Some(at(30)));
    assert_eq!([first_reading(Told::Many, None), first_reading(Told::Few, told_over_at)], [Some(at(2)); 2]);
}
