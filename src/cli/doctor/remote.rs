//! Checks DingTalk: whether it answers and gives a token, the scopes of the app, the configured users.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Findings, Verdict};
use crate::archive::Budget;
use crate::catalog::Catalog;
use crate::cli::wiring;
use crate::config::Config;
use crate::dingtalk::{Charge, Client, Error, Gate, Outcome, Refusal, Request};
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{Class, OwnCode};

/// The most metered calls that `doctor` makes.
const MOST_CALLS: u64 = 5;

/// An id that no conference has. A request about it changes nothing, and its answer shows what the app may do.
const NO_CONFERENCE: &str = "recording-archiver-doctor";

/// With a larger difference between the clocks, the times in the catalog are wrong.
const SKEW: Duration = Duration::from_mins(1);

/// Without a `catalog` no metered call is made: it could not be counted.
pub(super) async fn check(findings: &mut Findings, config: &Config, catalog: Option<&Catalog>) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let budget = match catalog {
        Some(catalog) => {
            let budget = Budget::new(catalog.clone(), Arc::clone(&clock), config.quota.calls_per_month).for_command();
            budget.begin(catalog.pauses().await?).await;
            Some(budget)
        }
        None => None,
    };
    let gate = Arc::new(Counted { budget, calls: AtomicU64::new(0) });
    let client = wiring::client(config, Arc::clone(&gate) as Arc<dyn Gate>, Arc::clone(&clock))?;
    let has_token = token(findings, config, &client).await;
    skew(findings, &client).await;
    if !has_token {
        findings.add("scopes", Verdict::Skipped, "they cannot be checked without a token");
    } else if catalog.is_none() {
        let what = "there is no catalog yet to count calls in; start the daemon, then run `doctor` again";
        findings.add("scopes", Verdict::Skipped, what);
    } else {
        scopes_and_users(findings, config, &client).await;
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
    match client.authenticate().await {
        Ok(()) => {
            findings.add("reachability", Verdict::Ok, format!("{host} answers"));
            findings.add("token", Verdict::Ok, "DingTalk accepts the credentials");
            true
        }
        Err(error) if matches!(error.class, Class::Unreached | Class::TimedOut | Class::Foreign) => {
            findings.add("reachability", Verdict::Failed, error.to_string());
            findings.add("token", Verdict::Skipped, format!("{host} does not answer"));
            false
        }
        Err(error) => {
            findings.add("reachability", Verdict::Ok, format!("{host} answers"));
            findings.add("token", Verdict::Failed, error.to_string());
            false
        }
    }
}

async fn skew(findings: &mut Findings, client: &Client) {
    let ours = SystemClock::new().now();
    let Some(theirs) = client.their_now().await else {
        return findings.add("clock", Verdict::Skipped, "no answer had a date");
    };
    let (skew, direction) =
        if ours > theirs { (ours.since(theirs), "ahead of") } else { (theirs.since(ours), "behind") };
    let skew_s = skew.as_secs();
    if skew > SKEW {
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
    let mut calls = MOST_CALLS;
    let query = client.query(&[NO_CONFERENCE]).await.map(drop);
    let goes_on = scope(findings, "scope to read conferences", query);
    calls -= 1;
    if goes_on && config.discover.organization {
        let list = client.org_conferences(1, None).await.map(drop);
        scope(findings, "scope to read the organisation's list", list);
        calls -= 1;
    }
    let union_ids = union_ids(config);
    if let (true, Some(union_id)) = (goes_on, union_ids.first()) {
        let stop = client.record_stop(NO_CONFERENCE, union_id).await;
        scope(findings, "scope to start and stop recordings", stop);
        calls -= 1;
    }
    for (n, union_id) in union_ids.iter().enumerate() {
        if !goes_on || calls == 0 {
            let left = union_ids.len() - n;
            findings.add(
                "unionIds",
                Verdict::Skipped,
                format!("{left} were not asked about: `doctor` makes at most {MOST_CALLS} calls"),
            );
            break;
        }
        calls -= 1;
        match client.user_conferences(union_id).await {
            Ok(_) => findings.add("unionIds", Verdict::Ok, format!("DingTalk knows {union_id}")),
            Err(error) => findings.add("unionIds", Verdict::Failed, format!("{union_id}: {error}")),
        }
    }
}

/// Concludes from an answer about [`NO_CONFERENCE`] whether the app has a scope. Returns whether to go on.
fn scope(findings: &mut Findings, check: &'static str, answer: Result<(), Error>) -> bool {
    let Err(error) = answer else {
        findings.add(check, Verdict::Ok, "granted");
        return true;
    };
    match error.class {
        // Refused because of the conference or the user, not because of the app.
        Class::ConferenceUnknown
        | Class::RequestWrong
        | Class::MeetingEnded
        | Class::RecordRefused
        | Class::UserUnknown
        | Class::PermissionDenied
        | Class::NothingRecorded => findings.add(check, Verdict::Ok, "granted"),
        // Only needed by those who start recordings by hand.
        Class::ScopeMissing if error.endpoint == Endpoint::RecordStop => {
            findings.add(check, Verdict::Warning, format!("{error}; only `record start` and `record stop` need it"));
        }
        Class::Held => {
            findings.add(check, Verdict::Skipped, error.to_string());
            return false;
        }
        _ => {
            findings.add(check, Verdict::Failed, error.to_string());
            return error.class == Class::ScopeMissing;
        }
    }
    true
}

/// The unionIds in the configuration, each once.
fn union_ids(config: &Config) -> Vec<&str> {
    let fallback = config.dingtalk.fallback_union_id.as_deref();
    let hints = config.watch.conferences.iter().filter_map(|watched| watched.union_id.as_deref());
    let mut union_ids: Vec<&str> = Vec::new();
    for union_id in fallback.into_iter().chain(config.discover.users.iter().map(String::as_str)).chain(hints) {
        if !union_ids.contains(&union_id) {
            union_ids.push(union_id);
        }
    }
    union_ids
}

/// A gate that counts metered calls, and stops at [`MOST_CALLS`].
struct Counted {
    budget: Option<Budget>,
    calls: AtomicU64,
}

impl Gate for Counted {
    fn admit(&self, request: Request) -> BoxFuture<'_, Result<(), Refusal>> {
        let refused = |message: &str| {
            let refusal = Refusal { code: OwnCode::Uncounted, message: message.to_owned() };
            std::future::ready(Err(refusal)).boxed()
        };
        match &self.budget {
            // A call that is repeated with a new token is counted twice.
            _ if self.calls.load(Ordering::Relaxed) >= MOST_CALLS => {
                refused("`doctor` has made as many calls as it may")
            }
            Some(budget) => budget.admit(request),
            // The request for a token passes no gate.
            None => refused("there is no catalog to count the call in"),
        }
    }

    fn charge(&self, request: Request, their_now: Option<Timestamp>) -> BoxFuture<'_, Result<Charge, Refusal>> {
        match &self.budget {
            Some(budget) => budget.charge(request, their_now),
            None => std::future::ready(Ok(Charge { day: String::new() })).boxed(),
        }
    }

    fn report<'a>(&'a self, request: Request, outcome: Outcome<'a>, charge: Option<Charge>) -> BoxFuture<'a, ()> {
        let is_unreached = matches!(outcome, Outcome::Failed(error) if error.class == Class::Unreached);
        self.calls.fetch_add(u64::from(charge.is_some() && !is_unreached), Ordering::Relaxed);
        match &self.budget {
            Some(budget) => budget.report(request, outcome, charge),
            None => std::future::ready(()).boxed(),
        }
    }
}
