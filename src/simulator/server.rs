//! The socket: HTTP in, HTTP out, and everything that can go wrong with a connection.
//!
//! What is answered is decided behind it, in one step under one lock; only the wire takes real time.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::domain::clock::{Clock, Timestamp};

use super::answer::Answer;
use super::ask::Ask;
use super::behaviour::Behaviour;
use super::endpoint::Endpoint;
use super::faults::Faults;
use super::gateway::{APP_KEY, APP_SECRET, Gateway};
use super::line::{Lines, Reset};
use super::meter::Call;
use super::observer::Observer;
use super::organisation::Organisation;
use super::reply::{deliver, silence, write_as_accepted};
use super::stream::{StreamGateway, connect};

/// How long a client that does not read may hold up the shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(1);

/// A simulated DingTalk, listening. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    gateway: Arc<Mutex<Gateway>>,
    local_addr: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<io::Result<()>>,
}

/// What every connection has at hand.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) gateway: Arc<Mutex<Gateway>>,
    pub(super) stop: CancellationToken,
}

impl Simulator {
    /// Listens at `listen` (port 0: any free one) and serves `organisation` by `clock`. Needs a tokio runtime.
    pub async fn start(
        listen: SocketAddr,
        organisation: Organisation,
        behaviour: Behaviour,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let local_addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let mut gateway = Gateway::new(organisation, behaviour, clock);
        gateway.stream.listens_at(local_addr);
        let gateway = Arc::new(Mutex::new(gateway));
        let router = router(Served { gateway: Arc::clone(&gateway), stop: stop.clone() });
        let service = router.into_make_service_with_connect_info::<Reset>();
        let stopped = stop.clone().cancelled_owned();
        let served = axum::serve(Lines(listener), service).with_graceful_shutdown(stopped);
        let served = tokio::spawn(async { served.await });
        Ok(Self { gateway, local_addr, stop, served })
    }

    /// What stands before the paths: `http://127.0.0.1:…`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The key of the app that it lets in.
    #[must_use]
    pub fn app_key(&self) -> &'static str {
        APP_KEY
    }

    /// That app's secret.
    #[must_use]
    pub fn app_secret(&self) -> &'static str {
        APP_SECRET
    }

    /// Reads or changes the truth. Calls wait meanwhile.
    pub fn with_organisation<R>(&self, act: impl FnOnce(&mut Organisation) -> R) -> R {
        let mut gateway = self.gateway();
        let now = gateway.clock.now();
        gateway.organisation.extend_to(now);
        act(&mut gateway.organisation)
    }

    /// Has it behave another way from here on.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.gateway().behaviour = behaviour;
    }

    /// What goes wrong: a handle to push faults to.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.gateway().faults.clone()
    }

    /// The log of calls, oldest first; of very many, the last hundred thousand.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.gateway().meter.calls()
    }

    /// How many metered calls there were in all.
    #[must_use]
    pub fn metered_calls(&self) -> u64 {
        self.gateway().meter.total()
    }

    /// How many metered calls there were in the calendar month (UTC+8) around `instant`.
    #[must_use]
    pub fn metered_calls_in_month(&self, instant: Timestamp) -> u64 {
        self.gateway().meter.in_month(instant)
    }

    /// The meetings that stood in any listing that was answered, whole and at once.
    #[must_use]
    pub fn seen_in_listing(&self) -> HashSet<String> {
        self.gateway().seen_in_listing.clone()
    }

    /// Has every call from here on shown to `observer`.
    pub fn set_observer(&self, observer: Observer) {
        self.gateway().observer = Some(observer);
    }

    /// How many metered calls a calendar month (UTC+8) has; none: without end, as at the start.
    pub fn set_quota(&self, calls_per_month: Option<u64>) {
        self.gateway().meter.quota = calls_per_month;
    }

    /// How many calls an API takes in a second; none: any number. At the start, 20.
    pub fn set_calls_per_second(&self, most: Option<usize>) {
        self.gateway().meter.calls_per_second = most;
    }

    /// Lets every token expire at once.
    pub fn expire_tokens(&self) {
        self.gateway().expire_tokens();
    }

    /// Its Stream mode: a handle to see to events and to have things go wrong with them.
    #[must_use]
    pub fn stream(&self) -> StreamGateway {
        StreamGateway::new(Arc::clone(&self.gateway))
    }

    /// When an event or its repetition is next to be delivered: see [`StreamGateway::next_push_at`].
    #[must_use]
    pub fn next_push_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.stream().next_push_at(now)
    }

    /// Delivers the events that are due: see [`StreamGateway::deliver`].
    pub async fn deliver(&self) {
        self.stream().deliver().await;
    }

    /// Has events delivered as time passes. For a clock that moves by itself only: a virtual one would be moved by it.
    pub fn deliver_as_time_passes(&self) {
        tokio::spawn(self.stream().deliver_until(self.stop.clone()));
    }

    /// Stops listening, lets the calls that are being answered finish, and ends.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if timeout(SHUTDOWN_PATIENCE, &mut self.served).await.is_err() {
            self.served.abort();
        }
    }

    fn gateway(&self) -> MutexGuard<'_, Gateway> {
        lock(&self.gateway)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn router(served: Served) -> Router {
    let mut router = Router::new();
    for endpoint in Endpoint::ALL {
        let method = if endpoint.method() == "GET" { MethodFilter::GET } else { MethodFilter::POST };
        let handler = move |State(served): State<Served>,
                            path: Option<Path<String>>,
                            Query(query): Query<HashMap<String, String>>,
                            headers: HeaderMap,
                            body: Bytes| async move {
            let token = headers.get("x-acs-dingtalk-access-token").and_then(|token| token.to_str().ok());
            let ask = Ask {
                endpoint,
                path: path.map(|Path(path)| path),
                query,
                token: token.map(str::to_owned),
                body: serde_json::from_slice(&body).ok(),
            };
            let mut reply = lock(&served.gateway).answer(&ask);
            if let Some(reply) = reply.as_mut().filter(|_| endpoint == Endpoint::OpenConnection) {
                write_as_accepted(reply, &headers);
            }
            match reply {
                Some(reply) => dated(deliver(reply, &served.stop).await, &served),
                None => silence(&served.stop).await,
            }
        };
        router = router.route(endpoint.path(), on(method, handler));
    }
    router = router.route("/connect", get(connect));
    router.fallback(no_such_api).method_not_allowed_fallback(no_such_api).with_state(served)
}

async fn no_such_api(State(served): State<Served>) -> Response {
    let reply = lock(&served.gateway).refuse(Answer::error("InvalidAction.NotFound"));
    dated(deliver(reply, &served.stop).await, &served)
}

/// An answer says what time it is at DingTalk, as every server's does.
fn dated(mut response: Response, served: &Served) -> Response {
    let now = lock(&served.gateway).clock.now().to_utc();
    let date = now.map(|now| now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(Ok(date)) = date.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

pub(super) fn lock(gateway: &Mutex<Gateway>) -> MutexGuard<'_, Gateway> {
    gateway.lock().unwrap_or_else(PoisonError::into_inner)
}
