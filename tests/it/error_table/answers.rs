//! The words of the table's first two columns, as answers of the simulator.

use std::time::Duration;

use recording_archiver::simulator::Answer;

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Wrong {
    /// It is answered like this.
    Answered(Answer),
    /// Nobody listens.
    Unplugged,
}

/// The scope that the app lacks where it lacks one.
const SCOPE: &str = "VideoConference.Conference.Read";

const BAN: &str = r#"{"status":1111,"wait":7,"source":"x5","punish":"deny","uuid":"0a1b2c3d4e5f"}"#;

/// What is answered for `words` with the status `http`, and the code that we give it.
pub(crate) fn answer(words: &str, http: &str) -> (Wrong, String) {
    let status = || http.parse().unwrap_or_else(|_| panic!("`{http}` is no HTTP status"));
    let raw = |body: &str| Answer::Raw { status: status(), body: body.to_owned() };
    // Without a code the status stands for it, unless it is a success.
    let no_code = if http == "200" { "foreign".to_owned() } else { format!("http_{http}") };
    let (answer, code) = match words {
        "nobody listens" => return (Wrong::Unplugged, "unreached".to_owned()),
        "a ban of 7 minutes" => (raw(BAN), "1111"),
        "the same in a page" => (raw(&format!("<html><body><script>var x5 = {BAN};</script></body></html>")), "1111"),
        "a page of HTML" => (raw("<html><body>Please sign in to the network.</body></html>"), "foreign"),
        "JSON without a code" => (raw("{}"), no_code.as_str()),
        "JSON of another shape" => (raw(r#"{"error":"login_required"}"#), "foreign"),
        "JSON that is no object" => (raw("null"), "foreign"),
        "half a body" => (Answer::Truncated, "foreign"),
        "half a body, then a cut" => (Answer::Cut, "foreign"),
        "a reset" => (Answer::Reset, "foreign"),
        "a body without end" => (Answer::Endless, "foreign"),
        "silence" => (Answer::Hang(Duration::from_mins(1)), "timeout"),
        words => match words.split_once(" + Retry-After ") {
            Some((code, seconds)) => (error(code, status()).with_retry_after(seconds.parse().unwrap()), code),
            None => (error(words, status()), words),
        },
    };
    (Wrong::Answered(answer), code.trim_matches('`').to_owned())
}

fn error(code: &str, http: u16) -> Answer {
    let code = code.strip_prefix('`').and_then(|code| code.strip_suffix('`'));
    let code = code.unwrap_or_else(|| panic!("{code:?} is neither a code nor one of the words"));
    let is_scope = code.contains("AccessTokenPermissionDenied");
    let mut answer = if is_scope { Answer::scope_missing(&[SCOPE]) } else { Answer::error(code) };
    if let Answer::Error { status, .. } = &mut answer {
        *status = http;
    }
    answer
}
