//! `/metrics` for Prometheus, `/healthz` for whoever restarts the daemon or raises an alarm, and `/`, the report, for
//! people.
//!
//! Whoever reaches the port must not be able to slow the archiver: connections are few and short, each answer is worked
//! out for one of them at a time, and the catalog is read by a connection of this room's own.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};

use super::metrics::{self, Lags};
use super::page::{self, Asked};
use super::view::View;
use crate::archive::{Archive, health};
use crate::domain::calendar::Zone;
use crate::domain::clock::{Clock, Timestamp};

/// So many connections are open at once: enough for a Prometheus, a probe, and a person who looks.
const MOST_CONNECTIONS: usize = 16;

/// How long a client may take to send the head of its request.
const HEAD: Duration = Duration::from_secs(5);

/// An answer is given to all who ask within this time of it.
const FRESH: Duration = Duration::from_secs(1);

/// The same for the report, which reads every recording of its time.
const REPORT_FRESH: Duration = Duration::from_secs(15);

/// What a daemon says that works on nothing because another does.
const STANDBY: &str = "standby";

/// The server. It ends when it is dropped.
pub struct Http {
    shared: Arc<Shared>,
    _served: JoinSet<()>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    state: RwLock<Serving>,
}

/// What there is to show.
enum Serving {
    /// The catalog is not open.
    Nothing,
    /// Another daemon works on the catalog.
    Standby,
    Work(Arc<Shown>),
}

struct Shown {
    view: View,
    lags: Mutex<Lags>,
    metrics: Answers,
    health: Answers,
    report: Answers,
}

type Answer = (StatusCode, String);

/// The last answer to a question, and how long it is fresh.
struct Answers {
    fresh: Duration,
    last: Mutex<Option<(Timestamp, Answer)>>,
}

impl Answers {
    fn fresh_for(fresh: Duration) -> Self {
        Self { fresh, last: Mutex::default() }
    }

    /// That answer while it is fresh, else the one that is `worked_out`; nobody else works it out meanwhile.
    async fn at(&self, now: Timestamp, worked_out: impl Future<Output = Answer>) -> Answer {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && (*at..*at + self.fresh).contains(&now)
        {
            return answer.clone();
        }
        let answer = worked_out.await;
        *last = Some((now, answer.clone()));
        answer
    }
}

impl Http {
    /// Listens at `address`. Until there is something to [show](Self::show), `/healthz` is red.
    pub async fn listen(address: SocketAddr, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let shared = Arc::new(Shared { clock, state: RwLock::new(Serving::Nothing) });
        let router = Router::new()
            .route("/", get(show_report))
            .route("/metrics", get(show_metrics))
            .route("/healthz", get(show_health))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(address).await?;
        tracing::info!("the report, /metrics and /healthz are served at http://{}", listener.local_addr()?);
        let mut served = JoinSet::new();
        served.spawn(serve(listener, router));
        Ok(Self { shared, _served: served })
    }

    /// Shows the state of `archive` from here on.
    pub fn show(&self, archive: &Archive) {
        let (catalog, settings) = (archive.catalog().for_observers(), archive.settings().clone());
        let view = View { catalog, settings, share: archive.share() };
        let shown = Shown {
            view,
            lags: Mutex::default(),
            metrics: Answers::fresh_for(FRESH),
            health: Answers::fresh_for(FRESH),
            report: Answers::fresh_for(REPORT_FRESH),
        };
        self.serve(Serving::Work(Arc::new(shown)));
    }

    /// Shows that this daemon stands by, which is healthy.
    pub fn stand_by(&self) {
        self.serve(Serving::Standby);
    }

    fn serve(&self, serving: Serving) {
        *self.shared.state.write().unwrap_or_else(PoisonError::into_inner) = serving;
    }
}

/// One request a connection. Where there are too many, the oldest gives way: whoever connects and says nothing keeps
/// nobody out.
async fn serve(mut listener: TcpListener, router: Router) {
    let (mut connections, mut open) = (JoinSet::new(), VecDeque::<AbortHandle>::new());
    loop {
        let (stream, _) = Listener::accept(&mut listener).await;
        while connections.try_join_next().is_some() {}
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MOST_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        // How it ended concerns only the client.
        open.push_back(connections.spawn(async { drop(connection.await) }));
    }
}

impl Shown {
    async fn health(&self, now: Timestamp) -> Answer {
        self.health.at(now, self.complaints(now)).await
    }

    /// What is wrong, a line each.
    async fn complaints(&self, now: Timestamp) -> Answer {
        let View { catalog, settings, share } = &self.view;
        let complaints = match catalog.check_in_place() {
            Err(moved) => vec![moved.to_string()],
            Ok(()) => match health::stale(catalog, settings, *share, now).await {
                Ok(stale) => stale.iter().map(ToString::to_string).collect(),
                Err(error) => vec![error.to_string()],
            },
        };
        if complaints.is_empty() { (StatusCode::OK, "ok\n".to_owned()) } else { unavailable(&complaints.join("\n")) }
    }

    async fn metrics(&self, now: Timestamp) -> Answer {
        let is_healthy = self.health(now).await.0 == StatusCode::OK;
        match metrics::text(&self.view, &mut *self.lags.lock().await, is_healthy, now).await {
            Ok(text) => (StatusCode::OK, text),
            Err(error) => unavailable(&error.to_string()),
        }
    }

    async fn report(&self, now: Timestamp) -> Answer {
        match page::render(&self.view, Asked { now, zone: Zone::Local, since: None, until: None }).await {
            Ok(page) => (StatusCode::OK, page),
            Err(error) => unavailable(&error.to_string()),
        }
    }
}

impl Shared {
    fn shown(&self) -> Result<Arc<Shown>, Answer> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            Serving::Nothing => Err(unavailable("the catalog is not open")),
            Serving::Standby => Err(unavailable(STANDBY)),
            Serving::Work(shown) => Ok(Arc::clone(shown)),
        }
    }

    fn stands_by(&self) -> bool {
        matches!(*self.state.read().unwrap_or_else(PoisonError::into_inner), Serving::Standby)
    }
}

fn unavailable(why: &str) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"))
}

async fn show_health(State(shared): State<Arc<Shared>>) -> Result<Answer, Answer> {
    if shared.stands_by() {
        return Ok((StatusCode::OK, format!("{STANDBY}\n")));
    }
    Ok(shared.shown()?.health(shared.clock.now()).await)
}

async fn show_metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Answer> {
    let (shown, now) = (shared.shown()?, shared.clock.now());
    let answer = shown.metrics.at(now, Box::pin(shown.metrics(now))).await;
    if answer.0 != StatusCode::OK {
        return Err(answer);
    }
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], answer).into_response())
}

async fn show_report(State(shared): State<Arc<Shared>>) -> Result<Response, Answer> {
    let (shown, now) = (shared.shown()?, shared.clock.now());
    let (status, page) = shown.report.at(now, Box::pin(shown.report(now))).await;
    if status != StatusCode::OK {
        return Err((status, page));
    }
    let policy = format!("{}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", page::POLICY);
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Html(page)).into_response())
}
