//! Checks DingTalk: whether it answers and gives a token, the scopes of the app, the configured users.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Findings, Verdict};
use crate::archive::Budget;
use crate::catalog::Catalog;
use crate::cli::wiring;
use crate::config::Config;
use crate::dingtalk::{Charge, Client, Error, Gate, Outcome, Refusal, Request};
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::failure::{Class, OwnCode};

/// The most metered calls that `doctor` makes, but for one that opens the connection for events.
const MOST_CALLS: usize = 5;

/// An id that no conference has. A request about it changes nothing, and its answer shows what the app may do.
const NO_CONFERENCE: &str = "recording-archiver-doctor";

/// A unionId that nobody has.
const NOBODY: &str = "recording-archiver-doctor";

/// Without a `catalog` that may be written to, no metered call is made: it could not be counted.
pub(super) async fn check(findings: &mut Findings, config: &Config, catalog: Option<&Catalog>) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let budget = match catalog {
        Some(catalog) => Some(wiring::command_budget(config, catalog, Arc::clone(&clock)).await?),
        None => None,
    };
    let gate = Arc::new(Counted { budget, calls: AtomicUsize::new(0) });
    let client = wiring::client(config, Arc::clone(&gate) as Arc<dyn Gate>, Arc::clone(&clock))?;
    let has_token = token(findings, config, &client).await;
    skew(findings, &client).await;
    if !has_token {
        findings.add("scopes", Verdict::Skipped, "they cannot be checked without a token");
    } else if catalog.is_none() {
        let what = "there is no catalog here to count calls in; start the daemon, then run `doctor` again as root";
        findings.add("scopes", Verdict::Skipped, what);
    } else {
        scopes_and_users(findings, config, &client).await;
    }
    if let (true, true, Some(catalog)) = (config.events.stream, has_token, catalog) {
        events(findings, catalog, &client, clock.now()).await?;
    }
    findings.metered_calls = gate.calls.load(Ordering::Relaxed);
    if let Some(budget) = &gate.budget {
        budget.end().await?;
    }
    Ok(())
}

/// Requests a token, which costs no call. Returns whether DingTalk gave one.
async fn token(findings: &mut Findings, config: &Config, client: &Client) -> bool {
    let host = config.dingtalk.base_url.host_str().unwrap_or_default();
    let token = client.authenticate().await;
    match &token {
        Err(error) if matches!(error.class, Class::Unreached | Class::TimedOut | Class::Foreign) => {
            findings.add("reachability", Verdict::Failed, error.to_string());
            findings.add("token", Verdict::Skipped, format!("{host} does not answer"));
            return false;
        }
        _ => findings.add("reachability", Verdict::Ok, format!("{host} answers")),
    }
    match &token {
        Ok(()) => findings.add("token", Verdict::Ok, "DingTalk accepts the credentials"),
        Err(error) => findings.add("token", Verdict::Failed, error.to_string()),
    }
    token.is_ok()
}

async fn skew(findings: &mut Findings, client: &Client) {
    let ours = SystemClock::new().now();
    let Some(theirs) = client.their_now().await else {
        return findings.add("clock", Verdict::Skipped, "no answer had a date");
    };
    let (skew, direction) =
        if ours > theirs { (ours.since(theirs), "ahead of") } else { (theirs.since(ours), "behind") };
    let skew_s = skew.as_secs();
    // With a larger difference, the times in the catalog are wrong.
    if skew > Duration::from_mins(1) {
        let what = format!(
            "this machine's clock is {skew_s} s {direction} DingTalk's: synchronize it by NTP (`timedatectl set-ntp true`)"
        );
        findings.add("clock", Verdict::Warning, what);
    } else {
        findings.add("clock", Verdict::Ok, format!("{skew_s} s from DingTalk's"));
    }
}

/// Checks the scopes of the app and the configured unionIds, with one call each, at most [`MOST_CALLS`].
async fn scopes_and_users(findings: &mut Findings, config: &Config, client: &Client) {
    let query = client.query(&[NO_CONFERENCE]).await.map(drop);
    let goes_on = scope(findings, "scope to read conferences", query, true);
    let mut calls = MOST_CALLS - 1;
    if goes_on && config.discover.organization {
        let list = client.org_conferences(1, None).await.map(drop);
        scope(findings, "scope to read the organisation's list", list, true);
        calls -= 1;
    }
    let union_ids = union_ids(config);
    let is_automatic = !config.record.automatic_for.is_empty();
    // One scope is for both, and to stop what nobody records does no harm.
    let as_whom = union_ids.first().copied().or(is_automatic.then_some(NOBODY));
    if let (true, Some(union_id)) = (goes_on, as_whom) {
        let stop = client.record_stop(NO_CONFERENCE, union_id).await;
        scope(findings, "scope to start and stop recordings", stop, is_automatic);
        calls -= 1;
    }
    let asked = if goes_on { calls.min(union_ids.len()) } else { 0 };
    for union_id in &union_ids[..asked] {
        match client.user_conferences(union_id).await {
            Ok(_) => findings.add("unionIds", Verdict::Ok, format!("DingTalk knows {union_id}")),
            Err(error) => findings.add("unionIds", Verdict::Failed, format!("{union_id}: {error}")),
        }
    }
    let left = union_ids.len() - asked;
    if left > 0 {
        let what = format!("{left} were not asked about: `doctor` makes at most {MOST_CALLS} calls");
        findings.add("unionIds", Verdict::Skipped, what);
    }
}

/// Checks that events can come, and that they do.
async fn events(findings: &mut Findings, catalog: &Catalog, client: &Client, now: Timestamp) -> anyhow::Result<()> {
    let stream = catalog.stream().await?.unwrap_or_default();
    if stream.connected_since.is_some() {
        // A second connection would swallow some of the daemon's events.
        findings.add("connection for events", Verdict::Ok, "the daemon holds it");
    } else {
        match client.open_stream().await {
            Ok(connection) => {
                connection.close().await;
                findings.add("connection for events", Verdict::Ok, "it opens");
            }
            Err(error) => findings.add("connection for events", Verdict::Failed, error.to_string()),
        }
    }
    let is_recent = |at: &i64| now.since(Timestamp::from_millis(*at)) < Duration::from_hours(24);
    if stream.last_push_at.as_ref().is_some_and(is_recent) {
        findings.add("events", Verdict::Ok, "some came within the last day");
    } else {
        let what = "none came within the last day: on DingTalk's open platform, open the app, then 开发配置, 事件订阅 \
                    (event subscription), choose Stream mode, and tick meeting_status_change and \
                    flash_minutes_open_event, and no others; with no meetings, none come";
        findings.add("events", Verdict::Warning, what);
    }
    Ok(())
}

/// Concludes from an answer about [`NO_CONFERENCE`] whether the app has a scope, which the daemon needs or only whoever
/// starts recordings by hand. Returns whether to go on.
fn scope(findings: &mut Findings, check: &'static str, answer: Result<(), Error>, is_needed: bool) -> bool {
    let granted = (Verdict::Ok, "granted".to_owned(), true);
    let (verdict, says, goes_on) = match answer {
        Ok(()) => granted,
        Err(error) => match error.class {
            // Refused because of the conference or the user, not because of the app.
            Class::ConferenceUnknown
            | Class::RequestWrong
            | Class::MeetingEnded
            | Class::RecordRefused
            | Class::RecordNotStarted
            | Class::UserUnknown
            | Class::PermissionDenied
            | Class::NothingRecorded => granted,
            Class::ScopeMissing if !is_needed => {
                (Verdict::Warning, format!("{error}; only `record start` and `record stop` need it"), true)
            }
            Class::Held => (Verdict::Skipped, error.to_string(), false),
            class => (Verdict::Failed, error.to_string(), class == Class::ScopeMissing),
        },
    };
    findings.add(check, verdict, says);
    goes_on
}

/// The unionIds in the configuration, each once.
fn union_ids(config: &Config) -> Vec<&str> {
    let fallback = config.dingtalk.fallback_union_id.as_deref();
    let hints = config.watch.conferences.iter().filter_map(|watched| watched.union_id.as_deref());
    let users = config.discover.users.iter().map(String::as_str);
    let creators = config.record.automatic_for.iter().map(String::as_str).filter(|creator| *creator != "*");
    let mut seen = HashSet::new();
    fallback.into_iter().chain(users).chain(hints).chain(creators).filter(|union_id| seen.insert(*union_id)).collect()
}

/// A gate that counts metered calls, and stops at [`MOST_CALLS`].
struct Counted {
    budget: Option<Budget>,
    calls: AtomicUsize,
}

impl Counted {
    /// Without a catalog no call can be counted. The request for a token passes no gate.
    fn budget(&self) -> Result<&Budget, Refusal> {
        self.budget.as_ref().ok_or_else(|| refusal("there is no catalog to count the call in"))
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal { code: OwnCode::Uncounted, message: message.to_owned() }
}

impl Gate for Counted {
    fn admit(&self, request: Request) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            // A call that is repeated with a new token is counted twice.
            if self.calls.load(Ordering::Relaxed) >= MOST_CALLS {
                return Err(refusal("`doctor` has made as many calls as it may"));
            }
            self.budget()?.admit(request).await
        })
    }

    fn charge(&self, request: Request, their_now: Option<Timestamp>) -> BoxFuture<'_, Result<Charge, Refusal>> {
        Box::pin(async move { self.budget()?.charge(request, their_now).await })
    }

    fn report<'a>(&'a self, request: Request, outcome: Outcome<'a>, charge: Option<Charge>) -> BoxFuture<'a, ()> {
        let is_unreached = matches!(outcome, Outcome::Failed(error) if error.class == Class::Unreached);
        self.calls.fetch_add(usize::from(charge.is_some() && !is_unreached), Ordering::Relaxed);
        Box::pin(async move {
            if let Some(budget) = &self.budget {
                budget.report(request, outcome, charge).await;
            }
        })
    }
}
