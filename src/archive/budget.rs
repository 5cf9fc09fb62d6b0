//! The gate before every metered call: the month's share, and the pauses.
//!
//! Each call is counted in the ledger before it is sent, so that a crash leaves the ledger a little above the truth and
//! never below it; what became of it is entered when the pass ends. An error that speaks about more than one conference
//! becomes a pause: a timestamp in the catalog, which outlives a restart. When a pause has lapsed, one call is let through as
//! a probe; whatever fails then is asked about later than others, so that the next probe is about something else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, oneshot};

use crate::catalog::pauses::Pause;
use crate::catalog::quota::Charged;
use crate::catalog::{self, Catalog};
use crate::dingtalk::{Charge, Error, Gate, Outcome, Refusal, Request};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{About, Class, OwnCode, Pauses, REPEATED, Scope, ledger_outcome, pause};
use crate::domain::forecast;
use crate::domain::outage::RecentCalls;

/// While the calls that are left are kept for looking, collecting tries again this often.
const COLLECTING_RESTS: Duration = Duration::from_hours(1);

/// Clocks that differ by less do not differ for the ledger: a `Date` is read seconds after it was written.
const CLOCKS_AGREE: Duration = Duration::from_hours(2);

/// With one call of three failing at random, so many tokens in a row are not fetched once in some two hundred times.
const TOKENS: u32 = 5;

/// Keeps the share and the pauses.
pub struct Budget {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    share: u64,
    keeps_pauses: bool,
    uncounted: Mutex<Uncounted>,
    pass: Mutex<Pass>,
}

/// Calls that wait to be counted, by day, endpoint, and the most that the month may have.
type Uncounted = HashMap<(String, Endpoint, Option<u64>), Vec<oneshot::Sender<bool>>>;

/// What is not in the catalog.
#[derive(Default)]
struct Pass {
    pauses: Vec<Pause>,
    /// What became of calls, and is not in the ledger yet.
    charged: HashMap<Charged, i64>,
    /// Scopes whose pause has lapsed, and of which a probe is under way.
    probing: HashSet<Scope>,
    /// Scopes whose pause began by an answer that explains it.
    explained: HashSet<Scope>,
    recent: RecentCalls,
    /// How often in a row an endpoint refused what it refuses by chance at times, or brought no token.
    refusals: HashMap<Endpoint, u32>,
    last_failed: Option<Endpoint>,
    /// Why no call of this pass can be counted any more.
    uncountable: Option<Refusal>,
}

impl Budget {
    /// A gate for `share` calls a month; 0 is unmetered.
    pub fn new(catalog: Catalog, clock: Arc<dyn Clock>, share: u64) -> Self {
        Self { catalog, clock, share, keeps_pauses: true, uncounted: Mutex::default(), pass: Mutex::default() }
    }

    /// The same for a command that asks one thing beside the daemon: it counts its calls and keeps to the pauses, but what
    /// goes wrong for it, with settings that may not be the daemon's, pauses nobody.
    pub fn for_command(self) -> Self {
        Self { keeps_pauses: false, ..self }
    }

    /// Begins a pass with the pauses that the catalog holds.
    pub async fn begin(&self, pauses: Vec<Pause>) {
        let mut pass = self.pass.lock().await;
        pass.pauses = pauses;
        pass.probing.clear();
        pass.uncountable = None;
    }

    /// The pauses that are in force, and those that have lapsed and whose end no answer has shown yet.
    pub async fn pauses(&self) -> Vec<Pause> {
        self.pass.lock().await.pauses.clone()
    }

    /// Ends a pass: enters what became of the calls.
    pub async fn end(&self) -> Result<(), catalog::Error> {
        let mut pass = self.pass.lock().await;
        self.catalog.enter_outcomes(&pass.charged).await?;
        pass.charged.clear();
        Ok(())
    }

    /// Whether a pause holds the calls of `endpoint`: what it was begun for has been said.
    pub async fn is_paused(&self, endpoint: Endpoint) -> bool {
        let now = self.clock.now();
        self.pass.lock().await.pauses.iter().any(|pause| pause.until > now && pause.scope.holds(endpoint))
    }

    /// Whether a pause holds the calls of `endpoint`, or has lapsed and no answer has ended it: the next call is a probe.
    pub async fn is_in_doubt(&self, endpoint: Endpoint) -> bool {
        self.pass.lock().await.pauses.iter().any(|pause| pause.scope.holds(endpoint))
    }

    /// The end of the pause that holds the calls of `endpoint`; of one that has lapsed too, until an answer ends it: what
    /// fails then is everybody's. `None` while only a few conferences are known to fail.
    pub async fn in_doubt_until(&self, endpoint: Endpoint) -> Option<Timestamp> {
        let pass = self.pass.lock().await;
        if !pass.recent.is_broad() {
            return None;
        }
        pass.pauses.iter().filter(|pause| pause.scope.holds(endpoint)).map(|pause| pause.until).max()
    }

    /// The endpoint of the call that failed last, if a lapsed pause holds it.
    pub async fn failed_last(&self) -> Option<Endpoint> {
        let pass = self.pass.lock().await;
        pass.last_failed.filter(|endpoint| pass.pauses.iter().any(|pause| pause.scope.holds(*endpoint)))
    }

    /// This daemon's share of the month's calls; 0: unmetered.
    pub fn share(&self) -> u64 {
        self.share
    }

    async fn let_through(&self, request: Request) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut pass = self.pass.lock().await;
        let mut probes = Vec::new();
        for pause in pass.pauses.iter().filter(|pause| pause.scope.holds(request.endpoint)) {
            let lasts = if pause.until > now { format!(", until {}", pause.until) } else { String::new() };
            if pause.until > now || pass.probing.contains(&pause.scope) {
                return Err(Refusal { code: OwnCode::Paused, message: format!("paused: {}{lasts}", pause.message) });
            }
            probes.push(pause.scope);
        }
        pass.probing.extend(probes);
        Ok(())
    }

    /// Counts a call. Whoever comes first counts those of all that wait. Where the ledger could not be written, it is not
    /// tried again in this pass: hundreds of calls that each wait for another program's lock would make the pass last for
    /// hours.
    async fn count(&self, request: Request, their_now: Option<Timestamp>) -> Result<Charge, Refusal> {
        let now = self.clock.now();
        // DingTalk's month is DingTalk's, whatever the clock on this wall shows.
        let ledger_now = their_now.filter(|theirs| theirs.since(now).max(now.since(*theirs)) >= CLOCKS_AGREE);
        let ledger_now = ledger_now.unwrap_or(now);
        let kept =
            if request.endpoint.may_spend_reserve() { 0 } else { forecast::looking_reserve(self.share, ledger_now) };
        let day = forecast::day(ledger_now);
        let most = (self.share > 0).then(|| self.share - kept);
        let (counted, mut is_counted) = oneshot::channel();
        let mut uncounted = self.uncounted.lock().await;
        uncounted.entry((day.clone(), request.endpoint, most)).or_default().push(counted);
        drop(uncounted);
        let mut pass = self.pass.lock().await;
        if let Some(refusal) = &pass.uncountable {
            return Err(refusal.clone());
        }
        if is_counted.is_empty()
            && let Err(error) = self.count_waiting().await
        {
            let message = format!("no call is sent that cannot be counted: {error}");
            let refusal = Refusal { code: OwnCode::Uncounted, message };
            pass.uncountable = Some(refusal.clone());
            return Err(refusal);
        }
        if is_counted.try_recv() == Ok(true) {
            Ok(Charge { day })
        } else {
            Err(self.spent(&mut pass, kept > 0, now).await)
        }
    }

    /// Counts the calls that wait: those that are alike in one statement.
    async fn count_waiting(&self) -> Result<(), catalog::Error> {
        let uncounted = std::mem::take(&mut *self.uncounted.lock().await);
        for ((day, endpoint, most), mut calls) in uncounted {
            calls.retain(|call| !call.is_closed());
            let are_counted = self.catalog.charge(&day, endpoint, calls.len(), most).await?;
            let is_alone = calls.len() == 1;
            for call in calls {
                // What is left of the share may be enough for some of them.
                let is_counted = are_counted || (!is_alone && self.catalog.charge(&day, endpoint, 1, most).await?);
                let _ = call.send(is_counted);
            }
        }
        Ok(())
    }

    /// The share is spent, or what is left of it `is_kept` for looking.
    async fn spent(&self, pass: &mut Pass, is_kept: bool, now: Timestamp) -> Refusal {
        let (scopes, until, message) = if is_kept {
            let scopes = vec![Scope::Endpoint(Endpoint::Conference), Scope::Endpoint(Endpoint::Videos)];
            let message = "what is left of quota.calls_per_month is kept for finding meetings".to_owned();
            (scopes, now + COLLECTING_RESTS, message)
        } else {
            let message = format!("the {} calls of quota.calls_per_month are spent", self.share);
            (vec![Scope::Everything], forecast::month_end(now), message)
        };
        if self.keeps_pauses {
            for scope in scopes {
                let since = pass.pauses.iter().find(|pause| pause.scope == scope).map_or(now, |pause| pause.since);
                pass.explained.insert(scope);
                let code = OwnCode::ShareSpent.to_string();
                let pause = Pause { scope, until, since, failures: 1, code, message: message.clone() };
                if let Err(error) = self.write_pause(pass, pause).await {
                    tracing::error!(%error, "a pause could not be written: {error}");
                }
            }
        }
        Refusal { code: OwnCode::ShareSpent, message }
    }

    async fn learn(&self, request: Request, outcome: Outcome<'_>, charge: Option<Charge>) {
        let mut pass = self.pass.lock().await;
        if let Some(Charge { day }) = charge {
            let outcome = match outcome {
                Outcome::Answered => "ok",
                Outcome::Failed(error) => ledger_outcome(error.class, &error.code),
            };
            *pass.charged.entry(Charged { day, endpoint: request.endpoint, outcome }).or_default() += 1;
        }
        if !self.keeps_pauses {
            return;
        }
        let written = match outcome {
            Outcome::Answered => self.on_success(&mut pass, request).await,
            Outcome::Failed(error) => self.on_failure(&mut pass, request, error).await,
        };
        if let Err(error) = written {
            tracing::error!(%error, "a pause could not be written: {error}");
        }
    }

    /// DingTalk answers: whatever was paused for this call is over.
    async fn on_success(&self, pass: &mut Pass, request: Request) -> Result<(), catalog::Error> {
        pass.refusals.remove(&request.endpoint);
        pass.refusals.remove(&Endpoint::AccessToken);
        let is_over = |pause: &&Pause| pause.scope.holds(request.endpoint) && pass.probing.contains(&pause.scope);
        let over: Vec<Pause> = pass.pauses.iter().filter(is_over).cloned().collect();
        let ended = !over.is_empty();
        for pause in over {
            let is_everybodys = pass.is_everybodys(pause.scope);
            self.catalog.unpause(&pause, is_everybodys, self.clock.now()).await?;
            pass.pauses.retain(|other| other.scope != pause.scope);
            pass.probing.remove(&pause.scope);
            tracing::info!(
                scope = pause.scope.as_str(),
                "DingTalk answers again; the pause of {} is over",
                pause.scope
            );
        }
        if ended {
            pass.recent = RecentCalls::default();
        }
        pass.recent.note(request.endpoint, request.subject, false);
        Ok(())
    }

    async fn on_failure(&self, pass: &mut Pass, request: Request, error: &Error) -> Result<(), catalog::Error> {
        let entails = error.class.entails();
        if entails.about == About::Conference {
            return self.on_success(pass, request).await;
        }
        let (probed, others) = pass.probing.iter().copied().partition(|scope| scope.holds(request.endpoint));
        pass.probing = others;
        for scope in pass.scopes_to_pause(request, error, probed) {
            let lasts = |pause: &Pause| pause.scope == scope && pause.until > self.clock.now();
            // Calls that were under way when the pause began come back with the same news.
            if !pass.pauses.iter().any(lasts) {
                let pause = self.next_pause(pass, scope, error);
                self.write_pause(pass, pause).await?;
            }
        }
        Ok(())
    }

    /// The pause that follows the one before, if there was one.
    fn next_pause(&self, pass: &Pass, scope: Scope, error: &Error) -> Pause {
        let now = self.clock.now();
        let last = pass.pauses.iter().find(|pause| pause.scope == scope);
        let failures = last.map_or(1, |last| last.failures.saturating_add(1));
        let until = now + pause(error.class, error.endpoint, failures, error.retry_after);
        Pause {
            scope,
            // The organisation's calls come back with its month.
            until: if error.class == Class::QuotaSpent { until.min(forecast::month_end(now)) } else { until },
            since: last.map_or(now, |last| last.since),
            failures,
            code: error.code.to_string(),
            message: error.to_string(),
        }
    }

    async fn write_pause(&self, pass: &mut Pass, pause: Pause) -> Result<(), catalog::Error> {
        let (scope, until) = (pause.scope, pause.until);
        tracing::warn!(
            scope = scope.as_str(),
            code = pause.code,
            %until,
            "{scope} paused until {until}: {}", pause.message
        );
        // Kept here first: if it cannot be written, this pass at least keeps to it.
        pass.probing.remove(&scope);
        pass.pauses.retain(|other| other.scope != scope);
        pass.pauses.push(pause.clone());
        self.catalog.pause(&pause, !pass.explained.contains(&scope) && pass.recent.is_broad()).await
    }
}

impl Pass {
    /// Whether what began the pause of `scope` is more than some conferences that always fail.
    fn is_everybodys(&self, scope: Scope) -> bool {
        self.explained.contains(&scope) || self.recent.is_broad()
    }

    /// What is to be left alone for an error that is not about a conference. `probed` are the pauses that the call tried.
    fn scopes_to_pause(&mut self, request: Request, error: &Error, probed: HashSet<Scope>) -> Vec<Scope> {
        let endpoint = Scope::Endpoint(request.endpoint);
        match error.class.entails().pauses {
            // A probe whose token was bad has found out nothing: the call that repeats it is the probe.
            Pauses::Nobody => Vec::new(),
            Pauses::List if error.endpoint.is_about_conferences() => Vec::new(),
            Pauses::Everything | Pauses::Endpoint | Pauses::List => {
                // Without a token there is no call at all. Where one endpoint refuses what others accept, the answers of
                // the others must not end its pause.
                let is_for_all =
                    error.class.entails().pauses == Pauses::Everything || error.endpoint == Endpoint::AccessToken;
                let scope = if is_for_all { Scope::Everything } else { endpoint };
                self.explained.insert(scope);
                vec![scope]
            }
            Pauses::IfRepeated => {
                let refusals = self.refusals.entry(request.endpoint).or_default();
                *refusals += 1;
                if *refusals < REPEATED { Vec::new() } else { vec![endpoint] }
            }
            Pauses::IfAllFail => {
                // Without a token there is no call at all, whatever was to be asked about.
                if error.endpoint == Endpoint::AccessToken {
                    let failures = self.refusals.entry(error.endpoint).or_default();
                    *failures += 1;
                    if *failures >= TOKENS {
                        self.explained.insert(Scope::Everything);
                        return vec![Scope::Everything];
                    }
                }
                self.last_failed = Some(request.endpoint);
                self.recent.note(request.endpoint, request.subject, true);
                // What begins by an answer (a refused rate, say) does not go on for want of one.
                let probed: Vec<Scope> = probed.into_iter().filter(|scope| !self.explained.contains(scope)).collect();
                if !probed.is_empty() {
                    return probed;
                }
                let asks_for_rest = error.retry_after.is_some() && !request.endpoint.is_about_conferences();
                let scope = self.recent.outage(request.endpoint).or(asks_for_rest.then_some(endpoint));
                if let Some(scope) = scope {
                    self.explained.remove(&scope);
                }
                scope.into_iter().collect()
            }
        }
    }
}

impl Gate for Budget {
    fn admit(&self, request: Request) -> BoxFuture<'_, Result<(), Refusal>> {
        self.let_through(request).boxed()
    }

    fn charge(&self, request: Request, their_now: Option<Timestamp>) -> BoxFuture<'_, Result<Charge, Refusal>> {
        self.count(request, their_now).boxed()
    }

    fn report<'a>(&'a self, request: Request, outcome: Outcome<'a>, charge: Option<Charge>) -> BoxFuture<'a, ()> {
        self.learn(request, outcome, charge).boxed()
    }
}
