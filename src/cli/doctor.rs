//! `doctor`: what keeps the daemon from doing its work, and what to do about it.
//!
//! Checks in the order in which one thing rests on another: what cannot be asked because of an earlier failure is said to be
//! skipped, never to be well.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::output::{self, Format};
use super::wiring;
use crate::archive::{Budget, health};
use crate::catalog::Catalog;
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::lock::Lock;
use crate::dingtalk::{Class, Client, Endpoint, Error, Gate, Outcome, Refusal};
use crate::domain::clock::{Clock, SystemClock};

/// The most metered calls that it may cost to ask.
const MOST_CALLS: u64 = 5;

/// An id that no conference has: what is asked about it changes nothing, and the answer tells what the app may do.
const NO_CONFERENCE: &str = "recording-archiver-doctor";

/// Clocks that differ by more than this make the times in the catalog hard to believe.
const SKEW: Duration = Duration::from_mins(1);

/// A catalog grows by some kilobytes a meeting; with less than this, the disk is what fills first.
const LEAST_FREE_MIB: u64 = 100;

#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// What a check found, and what to do about it.
#[derive(Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Default, Serialize)]
struct Findings {
    checks: Vec<Check>,
    /// Calls that DingTalk counts.
    metered_calls: u64,
}

impl Findings {
    fn say(&mut self, name: &'static str, verdict: Verdict, says: impl Into<String>) {
        self.checks.push(Check { name, verdict, says: says.into() });
    }

    fn has_failed(&self) -> bool {
        self.checks.iter().any(|check| check.verdict == Verdict::Failed)
    }

    fn print(&self, format: Format) -> anyhow::Result<()> {
        if format == Format::Json {
            return output::json(self);
        }
        let word = |verdict| match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "skipped",
        };
        let row = |check: &Check| vec![check.name.to_owned(), word(check.verdict).to_owned(), check.says.clone()];
        let table = output::table(&["check", "verdict", "what, and what to do"], self.checks.iter().map(row));
        output::print(&format!("{table}\nmetered calls used: {}\n", self.metered_calls))
    }
}

/// All that can be said of a configuration that cannot be taken.
pub(super) fn without_configuration(doctor: &Doctor, error: ConfigError) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    findings.say("configuration", Verdict::Failed, error.to_string());
    findings.say("everything else", Verdict::Skipped, "mend the configuration first");
    findings.print(doctor.format)?;
    Err(error.into())
}

pub(super) async fn run(doctor: &Doctor, loaded: &Loaded) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    configuration(&mut findings, loaded);
    let has_secret = secret(&mut findings, loaded);
    let catalog = catalog(&mut findings, &loaded.config).await;
    if has_secret {
        far_side(&mut findings, &loaded.config, catalog).await?;
    } else {
        if let Some(catalog) = catalog {
            catalog.close().await;
        }
        findings.say("DingTalk", Verdict::Skipped, "without credentials it cannot be asked");
    }
    findings.print(doctor.format)?;
    if findings.has_failed() {
        bail!("not everything is well: see FAILED above");
    }
    Ok(())
}

fn configuration(findings: &mut Findings, loaded: &Loaded) {
    let config = &loaded.config;
    let source = loaded
        .source
        .as_ref()
        .map_or_else(|| "the defaults and the environment".to_owned(), |path| path.display().to_string());
    let looks =
        config.discover.organization || !config.discover.users.is_empty() || !config.watch.conferences.is_empty();
    if looks {
        findings.say("configuration", Verdict::Ok, source);
    } else {
        let what = "no meeting is looked for: set discover.organization, discover.users or watch.conferences";
        findings.say("configuration", Verdict::Warning, format!("{source}; {what}"));
    }
}

/// Where the secret comes from, and who may read it there. Whether there is one.
fn secret(findings: &mut Findings, loaded: &Loaded) -> bool {
    let dingtalk = &loaded.config.dingtalk;
    let place = match dingtalk.secret_file() {
        Some(("dingtalk.app_secret", path)) => format!("the systemd credential {}", path.display()),
        Some((_, path)) => path.display().to_string(),
        None => "dingtalk.app_secret".to_owned(),
    };
    match dingtalk.credentials() {
        Ok(_) => findings.say("credentials", Verdict::Ok, format!("the secret is in {place}")),
        Err(problem) => {
            let systemd = "where systemd keeps it: `sudo env CREDENTIALS_DIRECTORY=/etc/recording-archiver recording-archiver doctor`";
            findings.say("credentials", Verdict::Failed, format!("{problem}; {systemd}"));
            return false;
        }
    }
    let exposed = loaded.exposed();
    for exposed in &exposed {
        findings.say("permissions", Verdict::Failed, exposed.to_string());
    }
    if exposed.is_empty() {
        findings.say("permissions", Verdict::Ok, "not everybody may read the secret");
    }
    true
}

/// Whether the catalog is there, is sound, and can grow; the catalog, if calls can be counted in it.
async fn catalog(findings: &mut Findings, config: &Config) -> Option<Catalog> {
    let path = &config.catalog.path;
    space(findings, path);
    if !path.exists() && !may_make(path) {
        let what = format!("{} is not there yet: the daemon makes it when it starts", path.display());
        findings.say("catalog", Verdict::Warning, what);
        return None;
    }
    let catalog = match Catalog::open(path).await {
        Ok(catalog) => catalog,
        Err(error) => {
            findings.say("catalog", Verdict::Failed, error.to_string());
            return None;
        }
    };
    match catalog.verify().await {
        Ok(broken) if broken.is_empty() => findings.say("catalog", Verdict::Ok, format!("{} is sound", path.display())),
        Ok(broken) => {
            let what = format!(
                "{} checks found something: `recording-archiver verify` says where; put a backup in its place",
                broken.len()
            );
            findings.say("catalog", Verdict::Failed, what);
        }
        Err(error) => findings.say("catalog", Verdict::Failed, error.to_string()),
    }
    daemon(findings, config, &catalog).await;
    Some(catalog)
}

/// A catalog that root makes in somebody else's folder could not be opened by the daemon.
fn may_make(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.metadata().is_ok_and(|folder| folder.uid() == rustix::process::geteuid().as_raw())
}

fn space(findings: &mut Findings, path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
            let verdict = if free_mib < LEAST_FREE_MIB { Verdict::Failed } else { Verdict::Ok };
            let what = if verdict == Verdict::Ok { "" } else { "; make room: a full disk stops the daemon" };
            findings.say("space", verdict, format!("{free_mib} MiB free in {}{what}", folder.display()));
        }
        Err(error) => {
            let what = "it must be there: systemd makes it when the service starts";
            findings.say("space", Verdict::Warning, format!("{}: {error}; {what}", folder.display()));
        }
    }
}

async fn daemon(findings: &mut Findings, config: &Config, catalog: &Catalog) {
    let Some(holder) = Lock::holder(&config.catalog.path) else {
        let what = "it does not run: `systemctl start recording-archiver`, or `recording-archiver run`";
        return findings.say("daemon", Verdict::Warning, what);
    };
    let pid = holder.pid;
    if let Some(trouble) = holder.told.waits_for.or(holder.told.refused) {
        return findings.say("daemon", Verdict::Failed, format!("it runs, pid {pid}, and says: {trouble}"));
    }
    let (settings, share) = (wiring::settings(config), config.quota.calls_per_month);
    match health::stale(catalog, &settings, share, SystemClock::new().now()).await {
        Ok(stale) if stale.is_empty() => findings.say("daemon", Verdict::Ok, format!("it runs, pid {pid}")),
        Ok(stale) => {
            let stale: Vec<String> = stale.iter().map(ToString::to_string).collect();
            findings.say("daemon", Verdict::Failed, format!("it runs, pid {pid}, but {}", stale.join("; ")));
        }
        Err(error) => findings.say("daemon", Verdict::Failed, error.to_string()),
    }
}

/// Whether DingTalk can be reached, takes the credentials, and lets the app do what it is for.
async fn far_side(findings: &mut Findings, config: &Config, catalog: Option<Catalog>) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let budget = match &catalog {
        Some(catalog) => {
            let budget = Budget::new(catalog.clone(), Arc::clone(&clock), config.quota.calls_per_month).beside();
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
        budget.settle().await?;
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
    let Some((theirs, ours)) = client.last_date().await else {
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
    fn admit(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Refusal>> {
        let refused = |message: &str| {
            let refusal = Refusal { code: "doctor".to_owned(), message: message.to_owned(), until: None };
            std::future::ready(Err(refusal)).boxed()
        };
        match &self.budget {
            // A call that is repeated with a new token is counted twice.
            _ if self.calls.load(Ordering::Relaxed) >= MOST_CALLS => refused("as many calls as it may cost"),
            Some(budget) => budget.admit(endpoint),
            // The token is free, and passes no gate.
            None => refused("there is no catalog in which it could be counted"),
        }
    }

    fn report<'a>(&'a self, endpoint: Endpoint, outcome: Outcome<'a>) -> BoxFuture<'a, ()> {
        let is_sent = match outcome {
            Outcome::Answered => true,
            Outcome::Failed(error) => error.class != Class::Unreached,
            Outcome::Unsent(_) => false,
        };
        self.calls.fetch_add(u64::from(is_sent), Ordering::Relaxed);
        match &self.budget {
            Some(budget) => budget.report(endpoint, outcome),
            None => std::future::ready(()).boxed(),
        }
    }
}
