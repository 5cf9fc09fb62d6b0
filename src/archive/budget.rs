//! The gate before every metered call: the month's share, and the pauses.
//!
//! Calls are put aside in the ledger before they are sent, some at a time, so that a crash leaves the ledger a little
//! above the truth and never below it. An error that speaks about more than one conference becomes a pause: a timestamp
//! in the catalog, which outlives a restart. When a pause has lapsed, one call is let through as a probe.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::catalog::ledger::{Entry, Pause};
use crate::catalog::{self, Catalog};
use crate::dingtalk::{Class, Endpoint, Error, Gate, Outcome, Refusal};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::pace;

/// The scope of a pause that holds every call.
pub const EVERY_CALL: &str = "*";

/// The code of the pause for which this daemon's own share is spent.
pub const SHARE_SPENT: &str = "shareSpent";

/// The code of the refusal for which the ledger could not be written.
const UNCOUNTABLE: &str = "catalog";

/// Calls put aside at a time: one write for many calls, and few of them lost to a crash.
const RESERVE: u64 = 8;

/// This many failures in a row, with no answer between them, are an outage.
const OUTAGE_AFTER: u32 = 3;

/// Keeps the share and the pauses.
pub struct Budget {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    share: u64,
    keeps_pauses: bool,
    books: Mutex<Books>,
}

/// What is not yet in the ledger.
#[derive(Default)]
struct Books {
    /// The day on which calls were put aside.
    day: String,
    /// Put aside since the last settlement.
    reserved: u64,
    /// Of those, not used yet.
    unused: u64,
    /// Of those, sent and not answered yet.
    in_flight: u64,
    /// What became of the others.
    outcomes: BTreeMap<(&'static str, &'static str), u64>,
    pauses: Vec<Pause>,
    /// Scopes whose pause has lapsed and whose probe is under way.
    probing: HashSet<String>,
    /// Failures in a row.
    failures: u32,
    /// Why no call of this pass can be counted any more.
    uncountable: Option<Refusal>,
}

impl Budget {
    /// A gate for `share` calls a month; 0 is unmetered.
    #[must_use]
    pub fn new(catalog: Catalog, clock: Arc<dyn Clock>, share: u64) -> Self {
        Self { catalog, clock, share, keeps_pauses: true, books: Mutex::default() }
    }

    /// The same for a command that asks one thing beside the daemon: it counts its calls and keeps to the pauses, but what
    /// goes wrong for it, with settings that may not be the daemon's, pauses nobody.
    #[must_use]
    pub fn beside(self) -> Self {
        Self { keeps_pauses: false, ..self }
    }

    /// Begins a pass with the pauses that the catalog holds.
    pub async fn begin(&self, pauses: Vec<Pause>) {
        let mut books = self.books.lock().await;
        books.pauses = pauses;
        books.probing.clear();
        books.uncountable = None;
    }

    /// Ends a pass: enters what became of the calls, and gives back what was put aside and not used.
    pub async fn settle(&self) -> Result<(), catalog::Error> {
        self.settle_books(&mut *self.books.lock().await).await
    }

    /// Whether a pause holds the calls of `endpoint`: what it was begun for has been said.
    pub async fn is_paused(&self, endpoint: Endpoint) -> bool {
        let now = self.clock.now();
        self.books.lock().await.pauses.iter().any(|pause| pause.until > now && concerns(pause, endpoint))
    }

    /// This daemon's share of the month's calls; 0: unmetered.
    #[must_use]
    pub fn share(&self) -> u64 {
        self.share
    }

    async fn settle_books(&self, books: &mut Books) -> Result<(), catalog::Error> {
        if books.reserved == 0 {
            return Ok(());
        }
        let entries: Vec<Entry> = books
            .outcomes
            .iter()
            .map(|((endpoint, outcome), calls)| Entry { endpoint, outcome, calls: *calls })
            .collect();
        self.catalog.settle(&books.day, books.reserved - books.in_flight, &entries).await?;
        books.outcomes.clear();
        books.reserved = books.in_flight;
        books.unused = 0;
        Ok(())
    }

    async fn let_through(&self, endpoint: Endpoint) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut books = self.books.lock().await;
        let mut probes = Vec::new();
        for pause in books.pauses.iter().filter(|pause| concerns(pause, endpoint)) {
            let on_probation = books.probing.contains(&pause.scope);
            if pause.until > now || on_probation {
                return Err(Refusal {
                    code: pause.code.clone(),
                    message: format!("paused: {}", pause.message),
                    until: (!on_probation).then_some(pause.until),
                });
            }
            probes.push(pause.scope.clone());
        }
        self.put_aside(&mut books, now).await?;
        books.probing.extend(probes);
        books.unused -= 1;
        books.in_flight += 1;
        Ok(())
    }

    /// Makes sure that at least one call is put aside. Where the ledger could not be written, it is not tried again in
    /// this pass: hundreds of calls that each wait for another program's lock would make the pass last for hours.
    async fn put_aside(&self, books: &mut Books, now: Timestamp) -> Result<(), Refusal> {
        if let Some(refusal) = &books.uncountable {
            return Err(refusal.clone());
        }
        let put_aside = self.reserve(books, now).await;
        books.uncountable = put_aside.as_ref().err().filter(|refusal| refusal.code == UNCOUNTABLE).cloned();
        put_aside
    }

    async fn reserve(&self, books: &mut Books, now: Timestamp) -> Result<(), Refusal> {
        let unwritten = |error: catalog::Error| Refusal {
            code: UNCOUNTABLE.to_owned(),
            message: format!("no call is sent that cannot be counted: {error}"),
            until: None,
        };
        let day = pace::day(now);
        if books.day != day {
            self.settle_books(books).await.map_err(unwritten)?;
            books.day = day;
        }
        if books.unused == 0 {
            let granted = self.catalog.reserve(&books.day, RESERVE, self.share).await.map_err(unwritten)?;
            if granted == 0 {
                let pause = Pause {
                    scope: EVERY_CALL.to_owned(),
                    until: pace::month_end(now),
                    since: now,
                    strikes: 1,
                    code: SHARE_SPENT.to_owned(),
                    message: format!("the {} calls of quota.calls_per_month are spent", self.share),
                };
                tracing::warn!(until = %pause.until, "paused until {}: {}", pause.until, pause.message);
                if self.keeps_pauses {
                    self.write_pause(books, pause.clone()).await.map_err(unwritten)?;
                }
                return Err(Refusal { code: pause.code, message: pause.message, until: Some(pause.until) });
            }
            books.reserved += granted;
            books.unused += granted;
        }
        Ok(())
    }

    async fn enter(&self, endpoint: Endpoint, outcome: Outcome<'_>) {
        let mut books = self.books.lock().await;
        books.in_flight = books.in_flight.saturating_sub(1);
        match outcome {
            Outcome::Unsent(_) => books.unused += 1,
            Outcome::Answered => books.count(endpoint, "ok"),
            Outcome::Failed(error) => books.count(endpoint, ledger_outcome(error)),
        }
        if !self.keeps_pauses {
            return;
        }
        let written = match outcome {
            Outcome::Answered => self.relieve(&mut books, endpoint).await,
            Outcome::Failed(error) | Outcome::Unsent(error) => self.weigh(&mut books, error).await,
        };
        if let Err(error) = written {
            tracing::error!(%error, "a pause could not be written down: {error}");
        }
    }

    /// DingTalk answers: whatever was paused for this call is over.
    async fn relieve(&self, books: &mut Books, endpoint: Endpoint) -> Result<(), catalog::Error> {
        books.failures = 0;
        let over: Vec<Pause> = books
            .pauses
            .iter()
            .filter(|pause| concerns(pause, endpoint) && books.probing.contains(&pause.scope))
            .cloned()
            .collect();
        for pause in over {
            self.catalog.unpause(&pause, self.clock.now()).await?;
            books.pauses.retain(|other| other.scope != pause.scope);
            books.probing.remove(&pause.scope);
            tracing::info!(scope = pause.scope, "DingTalk answers again; the pause of `{}` is over", pause.scope);
        }
        Ok(())
    }

    /// Turns an error that concerns more than one conference into a pause.
    async fn weigh(&self, books: &mut Books, error: &Error) -> Result<(), catalog::Error> {
        let scope = match error.class {
            // The client fetches a new token and asks again; if that is refused too, it says CredentialsWrong. A probe
            // whose token was bad has found out nothing: the call that repeats it is the probe.
            Class::TokenInvalid => {
                books.probing.retain(|scope| scope != EVERY_CALL && scope != error.endpoint.as_str());
                return Ok(());
            }
            Class::AddressRefused | Class::QuotaSpent | Class::Banned => EVERY_CALL,
            // Without a token there is no call at all.
            Class::CredentialsWrong | Class::OrganizationForbidden | Class::ScopeMissing | Class::Throttled
                if error.endpoint == Endpoint::AccessToken =>
            {
                EVERY_CALL
            }
            // Where one endpoint refuses what others accept, the answers of the others must not end its pause: it would
            // be asked in vain, and all else held up, every few minutes for as long as it lasts.
            Class::CredentialsWrong | Class::OrganizationForbidden | Class::ScopeMissing | Class::Throttled => {
                error.endpoint.as_str()
            }
            Class::Unrecognized if error.retry_after.is_some() => error.endpoint.as_str(),
            Class::Unavailable | Class::Foreign | Class::TimedOut | Class::Unreached => {
                books.failures += 1;
                let probe_failed = books.probing.contains(EVERY_CALL);
                if books.failures < OUTAGE_AFTER && !probe_failed && error.retry_after.is_none() {
                    return Ok(());
                }
                EVERY_CALL
            }
            _ => return self.relieve(books, error.endpoint).await,
        };
        let now = self.clock.now();
        let last = books.pauses.iter().find(|pause| pause.scope == scope);
        if last.is_some_and(|last| last.until > now) {
            // Calls that were under way when the pause began come back with the same news.
            return Ok(());
        }
        let strikes = last.map_or(1, |last| last.strikes.saturating_add(1));
        let pause = Pause {
            scope: scope.to_owned(),
            until: paused_until(error, strikes, now),
            since: last.map_or(now, |last| last.since),
            strikes,
            code: error.code.to_string(),
            message: error.to_string(),
        };
        tracing::warn!(
            scope,
            code = %error.code,
            until = %pause.until,
            "paused `{scope}` until {}: {error}", pause.until
        );
        self.write_pause(books, pause).await
    }

    async fn write_pause(&self, books: &mut Books, pause: Pause) -> Result<(), catalog::Error> {
        // Kept here first: if it cannot be written, this pass at least keeps to it.
        books.probing.remove(&pause.scope);
        books.pauses.retain(|other| other.scope != pause.scope);
        books.pauses.push(pause.clone());
        self.catalog.pause(&pause).await
    }
}

impl Gate for Budget {
    fn admit(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Refusal>> {
        self.let_through(endpoint).boxed()
    }

    fn report<'a>(&'a self, endpoint: Endpoint, outcome: Outcome<'a>) -> BoxFuture<'a, ()> {
        self.enter(endpoint, outcome).boxed()
    }
}

impl Books {
    fn count(&mut self, endpoint: Endpoint, outcome: &'static str) {
        *self.outcomes.entry((endpoint.as_str(), outcome)).or_default() += 1;
    }
}

fn concerns(pause: &Pause, endpoint: Endpoint) -> bool {
    pause.scope == EVERY_CALL || pause.scope == endpoint.as_str()
}

/// The ledger's word for a failed call. Calls refused for their rate, and calls that reached nobody, are free.
///
/// Words that no page has are one word here: whoever answers must not be able to fill the ledger with ever new ones.
fn ledger_outcome(error: &Error) -> &'static str {
    match (error.class, &error.code) {
        (Class::Unreached, _) => "unreached",
        (Class::Throttled, code) if code.starts_with("Forbidden.AccessDenied.Q") => "throttled",
        (Class::Foreign, _) => "foreign",
        (_, Cow::Borrowed(code)) => code,
        (_, Cow::Owned(_)) => "unrecognized",
    }
}

/// When to try again. What lasts for a known time is left alone for that time; what a person must mend is tried ever
/// more rarely, for each try may be a metered call.
fn paused_until(error: &Error, strikes: u32, now: Timestamp) -> Timestamp {
    const MINUTE: Duration = Duration::from_mins(1);
    let doubled = |first: Duration, most: Duration| {
        first.saturating_mul(2_u32.saturating_pow(strikes.saturating_sub(1))).min(most)
    };
    // Whoever stands between may ask for years, or for nothing at all.
    let asked = error.retry_after.unwrap_or_default().min(Duration::from_hours(24));
    match error.class {
        // Until the month's end; a probe a day finds out whether somebody bought more.
        Class::QuotaSpent => pace::month_end(now).min(now + Duration::from_hours(24)),
        Class::Banned => now + if asked.is_zero() { 5 * MINUTE } else { asked },
        Class::Throttled => now + doubled(error.lasts().unwrap_or(MINUTE).min(15 * MINUTE), 15 * MINUTE).max(asked),
        // Fetching a token is free.
        Class::CredentialsWrong | Class::ScopeMissing if error.endpoint == Endpoint::AccessToken => {
            now + doubled(MINUTE, 5 * MINUTE).max(asked)
        }
        Class::CredentialsWrong | Class::ScopeMissing | Class::AddressRefused | Class::OrganizationForbidden => {
            now + doubled(5 * MINUTE, Duration::from_hours(3)).max(asked)
        }
        _ => now + doubled(MINUTE, 15 * MINUTE).max(asked),
    }
}
