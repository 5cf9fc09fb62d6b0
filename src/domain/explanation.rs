//! What an error code means, in words: for `explain-code` and the manual.
//!
//! What follows from an error stands in the table of [`super::failure`]; here it is only read.

use std::time::Duration;

use super::endpoint::Endpoint;
use super::failure::{self, Class, Pauses, REPEATED};

/// What some codes mean, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The codes. One of DingTalk's stands for every code that begins with it.
    pub codes: Vec<&'static str>,
    /// What they mean.
    pub means: &'static str,
    /// What the daemon does by itself.
    pub daemon: String,
    /// What a person can do.
    pub person: String,
}

/// What a person does where waiting is all.
const NOTHING: &str = "Nothing: the daemon goes on by itself.";

/// Codes of DingTalk's that mean `class`.
pub fn of_class(codes: Vec<&'static str>, class: Class) -> Explanation {
    let daemon = [about_conferences(class), &about_calls(class), counted(class)];
    let daemon = daemon.into_iter().filter(|sentence| !sentence.is_empty()).collect::<Vec<_>>().join(" ");
    Explanation { codes, means: means(class), daemon, person: person(class) }
}

/// The codes that this program gives, and what else stands as an outcome in the ledger.
pub fn own() -> Vec<Explanation> {
    let called = |code, means, class| Explanation { means, ..of_class(vec![code], class) };
    let not_called = |code, means, daemon: &str, person: &str| Explanation {
        codes: vec![code],
        means,
        daemon: daemon.to_owned(),
        person: person.to_owned(),
    };
    vec![
        called(
            "timeout",
            "No answer came within `dingtalk.request_timeout`. DingTalk may have done and counted what was asked all \
             the same.",
            Class::TimedOut,
        ),
        called("unreached", "The call reached nobody.", Class::Unreached),
        called("foreign", "The answer was not DingTalk's: a proxy, a portal, a cut connection.", Class::Foreign),
        called(
            "http_",
            "An HTTP status without a code, such as `http_502`. A 5xx is taken for DingTalk's own failure, any other \
             for an answer that is not DingTalk's.",
            Class::Unavailable,
        ),
        called(
            "unrecognized",
            "In the ledger: a code of DingTalk's that no page explains. Beside a conference and in the log stands \
             the code itself.",
            Class::Unrecognized,
        ),
        not_called(
            "shareSpent",
            "`quota.calls_per_month` is spent, or what is left of it is kept for finding meetings. No call was sent.",
            "Spent: pauses all calls until the month's end (UTC+8). Kept: pauses conference info and the lists of \
             recordings, an hour at a time.",
            "Raise `quota.calls_per_month` and reload, or wait.",
        ),
        not_called(
            "catalog",
            "The catalog could not be written, so the call could not be counted, and was not sent.",
            "Tries again.",
            "Free disk space, check the permissions, and look for a program that keeps the catalog locked.",
        ),
        not_called(
            "paused",
            "A pause stands, so the call was not sent.",
            "Waits until the pause is over.",
            "Look at what began the pause: `status` names it.",
        ),
        not_called(
            "address",
            "The id cannot stand in an address: the call would go elsewhere. It was not sent.",
            "As for `roomNotFound`.",
            "Check the conferenceId: `watch remove` the wrong one, and add the right one.",
        ),
        not_called(
            "noUnionId",
            "The list of recordings must be read as somebody, and nobody is known.",
            "The conference is `failed`.",
            "Use `watch add ID --union-id U` or `dingtalk.fallback_union_id`. Then `conferences retry ID`.",
        ),
        not_called(
            "mediaIdMissing",
            "DingTalk lists a video without a `mediaId`. It cannot be catalogued.",
            "Reads on. At the deadline, if nothing else was seen: `failed`.",
            "Look in DingTalk. Then `conferences retry ID`.",
        ),
        not_called(
            "statusUnknown",
            "Conference info gave a status that no page explains.",
            "Asks again later. After `collect.give_up_after`: `failed`.",
            "Report it.",
        ),
        not_called(
            "reserved",
            "In the ledger: the call was counted before it was sent, and its outcome is not known yet.",
            "Enters the outcome when the pass ends. A row that stays was under way in a crash.",
            NOTHING,
        ),
        not_called(
            "throttled",
            "In the ledger: the call was refused for its rate (`Qps`, `Qpm`).",
            "As for these codes. The call is not counted.",
            NOTHING,
        ),
    ]
}

const fn means(class: Class) -> &'static str {
    match class {
        Class::TokenInvalid => "The token is bad or expired.",
        Class::TokenRefused => "A token fresh from DingTalk is refused.",
        Class::CredentialsWrong => "The app's key or secret is wrong.",
        Class::ScopeMissing => "The app lacks a scope. The message names it after `requiredScopes`.",
        Class::AddressRefused => "This machine's address is not on the app's list.",
        Class::ThrottledQps => "Too many calls in a second.",
        Class::ThrottledQpm => "Too many calls in a minute.",
        Class::Busy => "Too many calls, or DingTalk has too much to do.",
        Class::QuotaSpent => "The organisation's calls of this month are spent.",
        Class::Banned => "This machine's address is banned for some minutes, on all endpoints.",
        Class::OrganizationForbidden => "The organisation is restricted, or the meeting is another organisation's.",
        Class::Unavailable => {
            "DingTalk's own failure. A code that no page explains is one too, if the HTTP status is 5xx."
        }
        Class::UserUnknown => "This unionId is not known.",
        Class::PermissionDenied => "This unionId, or this app, may not see it.",
        Class::MeetingEnded => "The meeting has ended. That says nothing about its recordings.",
        Class::NothingRecorded => "There is no recording: not yet, or never. DingTalk says the same of both.",
        Class::ConferenceUnknown => "There is no such meeting.",
        Class::RequestWrong => "The request is wrong.",
        Class::RecordRefused => "The recording could not be started or stopped.",
        Class::RecordNotStarted => {
            "The recording could not be started: the meeting's media is not up yet, or it is recorded already."
        }
        Class::Unrecognized => "No page of DingTalk's explains this code.",
        Class::Foreign => "The answer was not DingTalk's.",
        Class::TimedOut => "No answer came in time.",
        Class::Unreached => "The call reached nobody.",
        Class::Held => "The call was not sent.",
    }
}

/// What the daemon does about the conference that was asked about.
const fn about_conferences(class: Class) -> &'static str {
    match class {
        Class::TokenInvalid => "Fetches a new token and asks again.",
        Class::OrganizationForbidden => "On reading a list of recordings: asks as the next unionId, and again later.",
        Class::UserUnknown => {
            "On reading a list of recordings: asks as the next one: who was last accepted, the hint, the recording's \
             owner, the creator, `dingtalk.fallback_union_id`. All refused: `failed`."
        }
        Class::PermissionDenied => {
            "On reading a list of recordings: as for `unknownUserError`. On conference info: `failed`, and looked at \
             again for `collect.give_up_after`."
        }
        Class::MeetingEnded => {
            "On a batch query: halves the batch until the culprits stand alone, and confirms each. On reading a list \
             of recordings: reads on; at the deadline with nothing seen: `failed` with this code. `record` prints it \
             and exits with 1."
        }
        Class::NothingRecorded => "Reads on until the deadline, then `unrecorded`.",
        Class::ConferenceUnknown => {
            "The conference is `failed`, and looked at again for `collect.give_up_after`: an id may be given out before its meeting \
             exists."
        }
        Class::RequestWrong => {
            "On a batch query: halves the batch. On the organisation's list: asks for shorter pages. On a single \
             conference: as for `roomNotFound`."
        }
        Class::RecordRefused => {
            "`record` prints it and exits with 1. A recording of `record.automatic_for` is given up."
        }
        Class::RecordNotStarted => {
            "`record` prints it and exits with 1. A recording of `record.automatic_for` is tried again after seconds, a \
             few times."
        }
        Class::Unavailable | Class::Unrecognized | Class::Foreign | Class::TimedOut | Class::Unreached => {
            "Asks again later."
        }
        Class::TokenRefused
        | Class::CredentialsWrong
        | Class::ScopeMissing
        | Class::AddressRefused
        | Class::ThrottledQps
        | Class::ThrottledQpm
        | Class::Busy
        | Class::QuotaSpent
        | Class::Banned
        | Class::Held => "",
    }
}

/// Whom the daemon leaves alone, and for how long: the row of the table, read aloud.
fn about_calls(class: Class) -> String {
    let pause = lasts(class, Endpoint::Query);
    match (class, class.entails().pauses) {
        // The same code again, for a fresh token.
        (Class::TokenInvalid, _) => {
            let pause = lasts(Class::TokenRefused, Endpoint::Query);
            format!("Where fresh tokens are refused {REPEATED} times in a row: pauses this endpoint, {pause}.")
        }
        (Class::CredentialsWrong, _) => {
            let of_tokens = lasts(class, Endpoint::AccessToken);
            format!(
                "Where a token is fetched: pauses all calls, {of_tokens}. Elsewhere: pauses this endpoint, {pause}."
            )
        }
        (Class::Banned, _) => format!("Pauses all calls for as long as the answer says; else {pause}."),
        (Class::QuotaSpent, _) => {
            format!("Pauses all calls until the month's end (UTC+8), {pause}: then comes a probe.")
        }
        (_, Pauses::Nobody) => String::new(),
        (_, Pauses::Endpoint) => format!("Pauses this endpoint, {pause}."),
        (_, Pauses::List) => format!("On the organisation's or a user's list: pauses this endpoint, {pause}."),
        (_, Pauses::Everything) => format!("Pauses all calls, {pause}."),
        (_, Pauses::IfRepeated) => format!("{REPEATED} times in a row: pauses this endpoint, {pause}."),
        (_, Pauses::IfAllFail) => format!("In an outage: pauses the endpoint, or all calls, {pause}."),
    }
}

/// How long pauses last that begin with an error of `class` at `endpoint`.
fn lasts(class: Class, endpoint: Endpoint) -> String {
    let [first, longest] = [1, u32::MAX].map(|nth| failure::pause(class, endpoint, nth, None));
    if first == longest {
        format!("{} at a time", whole(first))
    } else {
        format!("{} at first, doubled up to {}", whole(first), whole(longest))
    }
}

const fn counted(class: Class) -> &'static str {
    if class.entails().is_metered { "" } else { "The call is not counted." }
}

/// What a person can do: in general, and where there is a better answer for some endpoints.
fn person(class: Class) -> String {
    let general = class.entails().remedy;
    let mut sentences = vec![sentence(general)];
    let mut special: Vec<(&str, Vec<&str>)> = Vec::new();
    for endpoint in Endpoint::ALL {
        let remedy = failure::remedy(class, endpoint);
        if remedy == general || remedy.is_empty() {
            continue;
        }
        match special.iter_mut().find(|(other, _)| *other == remedy) {
            Some((_, endpoints)) => endpoints.push(endpoint.as_str()),
            None => special.push((remedy, vec![endpoint.as_str()])),
        }
    }
    sentences.extend(special.iter().map(|(remedy, at)| format!("At `{}`: {remedy}.", at.join("`, `"))));
    sentences.push(
        match class {
            Class::UserUnknown | Class::PermissionDenied => "Then `conferences retry ID`.",
            Class::MeetingEnded => "If the conference is `failed`: look in DingTalk, then `conferences retry ID`.",
            Class::ConferenceUnknown => "`watch remove` the wrong one, and add the right one.",
            Class::CredentialsWrong => "Then reload; a systemd credential wants a restart.",
            _ => "",
        }
        .to_owned(),
    );
    sentences.retain(|sentence| !sentence.is_empty());
    if sentences.is_empty() { NOTHING.to_owned() } else { sentences.join(" ") }
}

/// A remedy as a sentence of its own.
fn sentence(remedy: &str) -> String {
    let mut letters = remedy.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn whole(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        _ => (seconds / 3_600, "hour"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::failure::OwnCode;
    use super::*;

    #[test]
    fn every_code_of_ours_is_explained() {
        use OwnCode::{
            Address, Foreign, Http, MediaIdMissing, NoUnionId, Paused, ShareSpent, StatusUnknown, Timeout, Uncounted,
            Unreached,
        };
        let codes = [
            Timeout,
            Unreached,
            Foreign,
            Http(502),
            Address,
            ShareSpent,
            Uncounted,
            Paused,
            NoUnionId,
            MediaIdMissing,
            StatusUnknown,
        ];
        let explained: Vec<_> = own().into_iter().flat_map(|explanation| explanation.codes).collect();
        for code in codes.map(|code| code.to_string()) {
            assert!(explained.iter().any(|known| code.starts_with(known)), "{code}");
        }
    }

    #[test]
    fn what_is_said_of_pauses_is_what_the_table_says() {
        let of = |class| of_class(Vec::new(), class);
        assert_eq!(
            of(Class::ThrottledQps).daemon,
            "Pauses this endpoint, 1 second at first, doubled up to 15 minutes. The call is not counted."
        );
        assert_eq!(
            of(Class::QuotaSpent).daemon,
            "Pauses all calls until the month's end (UTC+8), 24 hours at a time: then comes a probe."
        );
        let credentials = of(Class::CredentialsWrong).daemon;
        assert!(credentials.contains("all calls, 1 minute at first, doubled up to 5 minutes"), "{credentials}");
        assert!(of(Class::UserUnknown).person.contains("At `users/lists`: check the unionIds of discover.users."));
        assert_eq!(of(Class::NothingRecorded).person, NOTHING);
    }
}
