//! What DingTalk has to bring: an answer, a token, the app's scopes, the users whom it is to ask as.

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

/// The most metered calls that it may cost to ask.
const MOST_CALLS: u64 = 5;

/// An id that no conference has: what is asked about it changes nothing, and the answer tells what the app may do.
const NO_CONFERENCE: &str = "recording-archiver-doctor";

/// Clocks that differ by more than this make the times in the catalog hard to believe.
const SKEW: Duration = Duration::from_mins(1);

/// Whether DingTalk can be reached, takes the credentials, and lets the app do what it is for.
pub(super) async fn far_side(findings: &mut Findings, config: &Config, catalog: Option<Catalog>) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let budget = match &catalog {
        Some(catalog) => {
            let budget = Budget::new(catalog.clone(), Arc::clone(&clock), config.quota.calls_per_month).for_command();
            budget.begin(catalog.pauses().await?).await;
            Some(budget)
        }
        None => None,
    };
    let gate = Arc::new(Counted { budget, calls: AtomicU64::new(0) });
    let client = wiring::client(config, Arc::clone(&gate) as Arc<dyn Gate>, Arc::clone(&clock))?;
    let is_let_in = token(findings, config, &client).await;
    skew(findings, &client).await;
    if !is_let_in {
        findings.say("scopes", Verdict::Skipped, "without a token they cannot be asked for");
    } else if catalog.is_none() {
        let what = "there is no catalog yet in which calls could be counted: start the daemon, then ask again";
        findings.say("scopes", Verdict::Skipped, what);
    } else {
        scopes_and_users(findings, config, &client).await;
    }
    findings.metered_calls = gate.calls.load(Ordering::Relaxed);
    if let Some(budget) = &gate.budget {
        budget.end().await?;
    }
    if let Some(catalog) = catalog {
        catalog.close().await;
    }
    Ok(())
}

/// A token costs nothing, and tells whether DingTalk is reached and takes the credentials.
async fn token(findings: &mut Findings, config: &Config, client: &Client) -> bool {
    let host = config.dingtalk.base_url.host_str().unwrap_or_default();
    match client.authenticate().await {
        Ok(()) => {
            findings.say("reachability", Verdict::Ok, format!("{host} answers"));
            findings.say("token", Verdict::Ok, "DingTalk takes the credentials");
            true
        }
        Err(error) if matches!(error.class, Class::Unreached | Class::TimedOut | Class::Foreign) => {
            findings.say("reachability", Verdict::Failed, error.to_string());
            findings.say("token", Verdict::Skipped, format!("{host} does not answer"));
            false
        }
        Err(error) => {
            findings.say("reachability", Verdict::Ok, format!("{host} answers"));
            findings.say("token", Verdict::Failed, error.to_string());
            false
        }
    }
}

async fn skew(findings: &mut Findings, client: &Client) {
    let ours = SystemClock::new().now();
    let Some(theirs) = client.their_now().await else {
        return findings.say("clock", Verdict::Skipped, "no answer said what time it is");
    };
    let (skew, word) = if ours > theirs { (ours.since(theirs), "ahead of") } else { (theirs.since(ours), "behind") };
    let skew_s = skew.as_secs();
    if skew > SKEW {
        let what =
            format!("this machine's clock is {skew_s} s {word} DingTalk's: set it by NTP (`timedatectl set-ntp true`)");
        findings.say("clock", Verdict::Warning, what);
    } else {
        findings.say("clock", Verdict::Ok, format!("{skew_s} s off DingTalk's"));
    }
}

/// What the app may do, and whether DingTalk knows those whom it is to ask as: a call each, as far as they may cost.
async fn scopes_and_users(findings: &mut Findings, config: &Config, client: &Client) {
    let mut calls = MOST_CALLS;
    let query = client.query(&[NO_CONFERENCE]).await.map(drop);
    let may_ask = scope(findings, "scope to read conferences", query);
    calls -= 1;
    if may_ask && config.discover.organization {
        let list = client.org_conferences(1, None).await.map(drop);
        scope(findings, "scope to read the organisation's list", list);
        calls -= 1;
    }
    let union_ids = union_ids(config);
    if let (true, Some(union_id)) = (may_ask, union_ids.first()) {
        let stop = client.record_stop(NO_CONFERENCE, union_id).await;
        scope(findings, "scope to start and stop recordings", stop);
        calls -= 1;
    }
    for (n, union_id) in union_ids.iter().enumerate() {
        if !may_ask || calls == 0 {
            let left = union_ids.len() - n;
            findings.say(
                "unionIds",
                Verdict::Skipped,
                format!("{left} were not asked about: {MOST_CALLS} calls are enough"),
            );
            break;
        }
        calls -= 1;
        match client.user_conferences(union_id).await {
            Ok(_) => findings.say("unionIds", Verdict::Ok, format!("DingTalk knows {union_id}")),
            Err(error) => findings.say("unionIds", Verdict::Failed, format!("{union_id}: {error}")),
        }
    }
}

/// What an answer about a conference that does not exist tells of a scope. Whether asking goes on.
fn scope(findings: &mut Findings, check: &'static str, answer: Result<(), Error>) -> bool {
    let Err(error) = answer else {
        findings.say(check, Verdict::Ok, "granted");
        return true;
    };
    match error.class {
        // Refused for what was asked about, and not for who asked.
        Class::ConferenceUnknown
        | Class::RequestWrong
        | Class::MeetingEnded
        | Class::RecordRefused
        | Class::UserUnknown
        | Class::PermissionDenied
        | Class::NothingRecorded => findings.say(check, Verdict::Ok, "granted"),
        // Whoever never starts a recording by hand does not need it.
        Class::ScopeMissing if error.endpoint == Endpoint::RecordStop => {
            findings.say(check, Verdict::Warning, format!("{error}; only `record start` and `record stop` need it"));
        }
        Class::Held => {
            findings.say(check, Verdict::Skipped, error.to_string());
            return false;
        }
        _ => {
            findings.say(check, Verdict::Failed, error.to_string());
            return error.class == Class::ScopeMissing;
        }
    }
    true
}

/// Whom the configuration names, each once.
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

/// A gate that also says how many calls DingTalk has counted.
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
            _ if self.calls.load(Ordering::Relaxed) >= MOST_CALLS => refused("as many calls as it may cost"),
            Some(budget) => budget.admit(request),
            // The token is free, and passes no gate.
            None => refused("there is no catalog in which it could be counted"),
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
