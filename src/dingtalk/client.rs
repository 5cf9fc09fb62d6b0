//! The only sender.
//!
//! Every call goes through `Client::call`: the gate, a place in flight, the rate, the token, one time limit, one size
//! limit, and one decoder that tells DingTalk's answer from its error and both from everybody else's. It retries
//! nothing but a call whose token turned out to be bad, and that once, with a new one: what failed is tried again when
//! its stage is due again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter::successors;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Response, Url, redirect};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use super::body;
use super::error::Error;
use super::gate::{self, Gate, Outcome};
use super::limits::Limits;
use super::token::{self, Credentials, Token};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::{Class, Code, OwnCode};

/// The most of a body that is read.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// A body of more than this is large: DingTalk's own answers are some hundred kilobytes at the most.
const LARGE_BODY_BYTES: usize = 1024 * 1024;

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

/// Where DingTalk is, who asks, and how fast.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.dingtalk.io` outside mainland China, `https://api.dingtalk.com` inside.
    pub base_url: Url,
    pub credentials: Credentials,
    /// From sending a request to the last byte of its answer.
    pub request_timeout: Duration,
    /// At most this many a second, evenly spaced.
    pub requests_per_second: NonZeroU32,
    /// At most this many at once.
    pub max_in_flight: NonZeroUsize,
}

/// DingTalk, as seen from here.
pub struct Client {
    http: reqwest::Client,
    settings: Settings,
    token: Mutex<Option<Token>>,
    /// The `Date` of DingTalk's last answer, and how much time had passed here when it came.
    last_date: Mutex<Option<(Timestamp, Duration)>>,
    limits: Limits,
    gate: Arc<dyn Gate>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client that asks `gate` before each metered call.
    ///
    /// Fails if the TLS library cannot be set up.
    pub fn new(settings: Settings, gate: Arc<dyn Gate>, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        // Whoever came first has installed it; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .timeout(settings.request_timeout)
            .user_agent(concat!("recording-archiver/", env!("CARGO_PKG_VERSION")))
            // DingTalk does not redirect. Whoever does must not be handed the token.
            .redirect(redirect::Policy::none());
        if settings.base_url.scheme() == "http" {
            // Plain HTTP is for this machine only: a proxy would carry the token elsewhere.
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            token: Mutex::default(),
            last_date: Mutex::default(),
            limits: Limits::new(settings.requests_per_second, settings.max_in_flight, Arc::clone(&clock)),
            settings,
            gate,
            clock,
        })
    }

    /// The key of the app that asks.
    pub fn app_key(&self) -> &str {
        &self.settings.credentials.app_key
    }

    /// How many calls are sent in `duration` at the most.
    pub fn calls_in(&self, duration: Duration) -> u32 {
        let per_second = u64::from(self.settings.requests_per_second.get());
        u32::try_from(duration.as_secs().saturating_mul(per_second)).unwrap_or(u32::MAX)
    }

    /// How many calls are worth starting side by side.
    pub fn max_in_flight(&self) -> usize {
        self.settings.max_in_flight.get()
    }

    /// What time it is for DingTalk: the `Date` of its last answer, and the time that has passed since. `None` before the
    /// first one.
    pub async fn their_now(&self) -> Option<Timestamp> {
        let (date, elapsed) = (*self.last_date.lock().await)?;
        Some(date + self.clock.elapsed().saturating_sub(elapsed))
    }

    /// Drops the token. To fetch one costs nothing, and tells what time it is for DingTalk.
    pub async fn forget_token(&self) {
        *self.token.lock().await = None;
    }

    /// Makes sure that there is a token: the free way to find out whether the credentials are right.
    pub async fn authenticate(&self) -> Result<(), Error> {
        self.token().await.map(drop)
    }

    /// Sends one metered call and decodes its answer.
    pub(super) async fn call<T>(&self, call: Call<'_>, decode: Decode<T>) -> Result<T, Error> {
        let (token, answer) = self.attempt(&call, decode, Class::TokenInvalid).await?;
        match answer {
            Err(error) if error.class == Class::TokenInvalid => {
                self.forget(&token).await;
                self.attempt(&call, decode, Class::TokenRefused).await?.1
            }
            answer => answer,
        }
    }

    /// One try: admitted, signed, counted, sent, reported. A bad token is an error of the class `bad_token`.
    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        decode: Decode<T>,
        bad_token: Class,
    ) -> Result<(Token, Result<T, Error>), Error> {
        let about = gate::Request { endpoint: call.endpoint, subject: call.subject() };
        let held = |refusal: gate::Refusal| Error::own(call.endpoint, Class::Held, refusal.code, refusal.message);
        self.gate.admit(about).await.map_err(held)?;
        let (token, request) = match self.sign(call).await {
            Ok(signed) => signed,
            Err(error) => {
                self.gate.report(about, Outcome::Failed(&error), None).await;
                return Err(error);
            }
        };
        let charge = self.gate.charge(about, self.their_now().await).await.map_err(held)?;
        let mut answer = self.send(call.endpoint, request, Some(&token), decode).await;
        if let Err(error) = &mut answer
            && error.class == Class::TokenInvalid
        {
            error.class = bad_token;
        }
        let outcome = answer.as_ref().map_or_else(Outcome::Failed, |_| Outcome::Answered);
        self.gate.report(about, outcome, Some(charge)).await;
        Ok((token, answer))
    }

    /// Sends one metered call that needs no token, for it holds the credentials itself.
    pub(super) async fn call_unsigned<T>(&self, call: &Call<'_>, decode: Decode<T>) -> Result<T, Error> {
        let about = gate::Request { endpoint: call.endpoint, subject: call.subject() };
        let held = |refusal: gate::Refusal| Error::own(call.endpoint, Class::Held, refusal.code, refusal.message);
        self.gate.admit(about).await.map_err(held)?;
        let charge = self.gate.charge(about, self.their_now().await).await.map_err(held)?;
        let answer = self.send(call.endpoint, self.request(call, None)?, None, decode).await;
        let outcome = answer.as_ref().map_or_else(Outcome::Failed, |_| Outcome::Answered);
        self.gate.report(about, outcome, Some(charge)).await;
        answer
    }

    pub(super) fn request_timeout(&self) -> Duration {
        self.settings.request_timeout
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.settings.credentials
    }

    async fn sign(&self, call: &Call<'_>) -> Result<(Token, Request), Error> {
        let token = self.token().await?;
        let request = self.request(call, Some(&token))?;
        Ok((token, request))
    }

    /// The token, fetched if there is none or its end is near. Whoever else wants it meanwhile waits for this one.
    async fn token(&self) -> Result<Token, Error> {
        let mut cached = self.token.lock().await;
        if let Some(token) = cached.as_ref().filter(|token| token.is_fresh(self.clock.elapsed())) {
            return Ok(token.clone());
        }
        let credentials = &self.settings.credentials;
        let call = Call::post(Endpoint::AccessToken, credentials.path(), credentials.body());
        let answer = self.send(call.endpoint, self.request(&call, None)?, None, token::decode).await;
        let (token, life) = answer.map_err(Error::of_token)?;
        Ok(cached.insert(Token::new(token, life, self.clock.elapsed())).clone())
    }

    /// Drops `token` unless another call has replaced it already.
    async fn forget(&self, token: &Token) {
        let mut cached = self.token.lock().await;
        if cached.as_ref().is_some_and(|cached| cached.secret.expose_secret() == token.secret.expose_secret()) {
            *cached = None;
        }
    }

    async fn send<T>(
        &self,
        endpoint: Endpoint,
        request: Request,
        token: Option<&Token>,
        decode: Decode<T>,
    ) -> Result<T, Error> {
        let _turn = self.limits.turn().await;
        let response = self.http.execute(request).await.map_err(|error| transport(endpoint, &error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), self.clock.now());
        let date = date(response.headers(), DATE);
        let (body, _large) = self.read(endpoint, response).await?;
        let mut secrets = vec![&self.settings.credentials.app_secret];
        secrets.extend(token.map(|token| &token.secret));
        let answer = decode(status, &body::text(body, &secrets));
        let is_theirs = answer.as_ref().err().is_none_or(|error: &Error| !matches!(error.code, Code::Own(_)));
        if let Some(date) = date.filter(|_| is_theirs) {
            *self.last_date.lock().await = Some((date, self.clock.elapsed()));
        }
        answer.map_err(|mut error| {
            error.retry_after = retry_after.max(error.retry_after);
            error
        })
    }

    /// Reads the body, as far as it may go. A large one has memory to itself, for as long as the guard is kept.
    async fn read(
        &self,
        endpoint: Endpoint,
        mut response: Response,
    ) -> Result<(Vec<u8>, Option<MutexGuard<'_, ()>>), Error> {
        let mut body = Vec::new();
        let mut large = None;
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(endpoint, &error))? {
            if body.len() + chunk.len() > BODY_LIMIT_BYTES {
                return Err(Error::foreign(endpoint, format!("a body of more than {BODY_LIMIT_BYTES} bytes")));
            }
            if body.len() + chunk.len() > LARGE_BODY_BYTES && large.is_none() {
                large = Some(self.limits.large_body.lock().await);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, large))
    }

    fn request(&self, call: &Call<'_>, token: Option<&Token>) -> Result<Request, Error> {
        if let Some(segment) = call.path.iter().find(|segment| !can_be_addressed(segment)) {
            let what = format!("{segment:?} cannot stand in an address: the call would go elsewhere");
            return Err(Error::own(call.endpoint, Class::RequestWrong, OwnCode::Address, what));
        }
        let mut url = self.settings.base_url.clone();
        // `extend` percent-encodes each segment, so that an id can hold any character and stay one segment.
        url.path_segments_mut().expect("an address of http or https carries a path").clear().extend(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        // Without it, some of DingTalk's answers are XML.
        let mut request = self.http.request(call.method.clone(), url).header(ACCEPT, "application/json");
        if let Some(token) = token {
            let value = HeaderValue::from_str(token.secret.expose_secret());
            let mut value = value.expect("a token that no header can carry is not accepted");
            value.set_sensitive(true);
            request = request.header(TOKEN_HEADER, value);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        request.build().map_err(|error| Error::foreign(call.endpoint, error.without_url()))
    }
}

/// Decodes an answer with this HTTP status and this body.
pub(super) type Decode<T> = fn(u16, &str) -> Result<T, Error>;

/// One request, before it is addressed and signed.
pub(super) struct Call<'a> {
    endpoint: Endpoint,
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    /// What it is about: its endpoint's path and body, whoever it is asked as.
    fn subject(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.path, self.body.as_ref().map(Value::to_string)).hash(&mut hasher);
        if self.endpoint == Endpoint::UserConferences {
            self.query.hash(&mut hasher);
        }
        hasher.finish()
    }

    pub(super) fn get(endpoint: Endpoint, path: Vec<&'a str>, query: Vec<(&'static str, String)>) -> Self {
        Self { endpoint, method: Method::GET, path, query, body: None }
    }

    pub(super) fn post(endpoint: Endpoint, path: Vec<&'a str>, body: Value) -> Self {
        Self { endpoint, method: Method::POST, path, query: Vec::new(), body: Some(body) }
    }
}

/// Whether a segment of a path arrives as it is: an address swallows some, however they are encoded.
fn can_be_addressed(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.contains(['\t', '\n', '\r'])
}

/// What went wrong on the way. The address stays out of it: an id may be in there.
fn transport(endpoint: Endpoint, error: &reqwest::Error) -> Error {
    let (class, code) = if error.is_timeout() && !error.is_connect() {
        (Class::TimedOut, OwnCode::Timeout)
    } else if error.is_connect() {
        (Class::Unreached, OwnCode::Unreached)
    } else {
        (Class::Foreign, OwnCode::Foreign)
    };
    let causes = successors(std::error::Error::source(error), |cause| cause.source());
    Error::own(endpoint, class, code, causes.last().map(ToString::to_string).unwrap_or_default())
}

/// `Retry-After`, in seconds or as a date. It is documented nowhere; honoured if it comes.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    value.parse().ok().map(Duration::from_secs).or_else(|| Some(date(headers, RETRY_AFTER)?.since(now)))
}

/// The instant that a header gives.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()?;
    Some(DateTime::<Utc>::from(date).into())
}
