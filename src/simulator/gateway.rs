//! What every call passes before an API sees it: faults, rate, token, quota; and the log behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::clock::{Clock, Timestamp};

use super::answer::Answer;
use super::ask::Ask;
use super::behaviour::{Behaviour, KeyOrder, Numbers, UnknownField};
use super::endpoint::Endpoint;
use super::endpoints;
use super::faults::Faults;
use super::meter::{Call, Meter};
use super::observer::{CallEvent, Observer};
use super::organisation::Organisation;
use super::random::Random;
use super::stream::{SocketSide, Stream};
use super::wire;

/// The key of the one app there is.
pub(super) const APP_KEY: &str = "dingxxxsimulated";
/// Its secret.
pub(super) const APP_SECRET: &str = "simulated-app-secret";

const TOKEN_LIFE: Duration = Duration::from_hours(2);
/// The stream of random numbers that shuffle the keys of an answer.
const STREAM: u64 = 21;
/// Past this many, the ids of meetings that an endless organisation has forgotten are dropped.
const SEEN_KEPT: usize = 10_000;

/// Everything behind the socket.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) organisation: Organisation,
    pub(super) behaviour: Behaviour,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) meter: Meter,
    pub(super) seen_in_listing: HashSet<String>,
    pub(super) observer: Option<Observer>,
    pub(super) stream: Stream,
    tokens: HashMap<String, Token>,
    issued: u64,
    requests: u64,
}

/// What goes back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) retry_after: Option<u32>,
    /// What the wire does to it.
    pub(super) spoilt_by: Option<Answer>,
}

#[derive(Debug)]
struct Token {
    value: String,
    /// By the clock that never steps back, as the rates are: setting a machine's clock ages no token.
    expires_at: Duration,
}

impl Gateway {
    pub(super) fn new(organisation: Organisation, behaviour: Behaviour, clock: Arc<dyn Clock>) -> Self {
        Self {
            organisation,
            behaviour,
            clock,
            faults: Faults::default(),
            meter: Meter::default(),
            seen_in_listing: HashSet::new(),
            observer: None,
            stream: Stream::new(),
            tokens: HashMap::new(),
            issued: 0,
            requests: 0,
        }
    }

    /// Answers one call and notes it; `None` where the observer drops the connection.
    pub(super) fn answer(&mut self, ask: &Ask) -> Option<Reply> {
        if !self.shows(CallEvent::Arrived(ask.endpoint)) {
            return None;
        }
        let now = self.clock.now();
        self.organisation.extend_to(now);
        self.requests += 1;

        let conference_ids = ask.conference_ids();
        let fault = self.faults.take(ask, &conference_ids, now);
        let outcome = match &fault {
            Some(fault) if !fault.answer.is_carried_out() => Err(fault.answer.clone()),
            _ => self.carry_out(ask, now),
        };
        let metered = match &fault {
            Some(fault) if !fault.answer.is_carried_out() => fault.metered,
            carried => {
                carried.as_ref().is_none_or(|fault| fault.metered)
                    && outcome.as_ref().err().is_none_or(Answer::is_metered)
            }
        };
        let call = Call {
            at: now,
            endpoint: ask.endpoint,
            conference_ids,
            union_id: ask.union_id().map(str::to_owned),
            code: outcome.as_ref().err().and_then(Answer::code).map(str::to_owned),
            metered: metered && self.may_be_metered(ask.endpoint),
        };
        self.meter.note(call.clone());
        let fault = fault.map(|fault| fault.answer);
        let answer = outcome.as_ref().ok().filter(|_| fault.is_none());
        if !self.shows(CallEvent::Answered { call: &call, answer, fault: fault.as_ref() }) {
            return None;
        }
        if let Some(body) = answer {
            self.note_listed(ask.endpoint, body);
        }
        Some(self.reply(outcome, fault))
    }

    fn may_be_metered(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::OpenConnection => self.behaviour.stream.open_is_metered,
            endpoint => !endpoint.is_token(),
        }
    }

    fn shows(&self, event: CallEvent<'_>) -> bool {
        self.observer.as_ref().is_none_or(|observer| observer.observe(event))
    }

    /// From here on, no token that was issued is good.
    pub(super) fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// An error's reply, outside any API.
    pub(super) fn refuse(&mut self, answer: Answer) -> Reply {
        self.requests += 1;
        self.reply(Err(answer), None)
    }

    fn carry_out(&mut self, ask: &Ask, now: Timestamp) -> Result<Value, Answer> {
        let elapsed = self.clock.elapsed();
        if self.meter.is_too_fast(ask.endpoint, elapsed) {
            return Err(Answer::too_fast());
        }
        match ask.endpoint {
            Endpoint::AccessToken => return self.access_token(ask, elapsed),
            Endpoint::CorpToken => return self.corp_token(ask, elapsed),
            Endpoint::OpenConnection => return self.open_connection(ask, now, elapsed),
            _ => {}
        }
        let good = |token: &Token| ask.token.as_ref() == Some(&token.value) && elapsed < token.expires_at;
        if !self.tokens.values().any(good) {
            return Err(Answer::error("InvalidAuthentication"));
        }
        if self.meter.is_spent(now) {
            return Err(Answer::quota_spent());
        }
        let mut body = endpoints::answer(ask, &mut self.organisation, &self.behaviour, now).map_err(Answer::error)?;
        if self.behaviour.unknown_field == UnknownField::Changing {
            wire::mark_videos(&mut body, self.requests);
        }
        wire::write_empty_lists(&mut body, self.behaviour.empty_field);
        if self.behaviour.numbers == Numbers::Strings {
            wire::numbers_as_strings(&mut body);
        }
        Ok(body)
    }

    fn access_token(&mut self, ask: &Ask, elapsed: Duration) -> Result<Value, Answer> {
        check_credentials(ask, "appKey", "appSecret")?;
        let token = self.issue("", elapsed);
        Ok(json!({ "accessToken": token, "expireIn": TOKEN_LIFE.as_secs() }))
    }

    fn corp_token(&mut self, ask: &Ask, elapsed: Duration) -> Result<Value, Answer> {
        check_credentials(ask, "client_id", "client_secret")?;
        if ask.text("grant_type") != Some("client_credentials") {
            return Err(Answer::error("paramError"));
        }
        let token = self.issue(ask.path.as_deref().unwrap_or_default(), elapsed);
        Ok(json!({ "access_token": token, "expires_in": TOKEN_LIFE.as_secs() }))
    }

    /// It needs no token. All events come by one subscription: which ones is ticked in the console.
    fn open_connection(&mut self, ask: &Ask, now: Timestamp, elapsed: Duration) -> Result<Value, Answer> {
        check_credentials(ask, "clientId", "clientSecret").map_err(|_| Answer::error("authFailed"))?;
        let subscriptions = ask.subscriptions().ok_or_else(|| Answer::error("paramError"))?;
        let is_known = |(kind, topic): &(&str, &str)| match *kind {
            "EVENT" => *topic == "*",
            "SYSTEM" | "CALLBACK" => true,
            _ => false,
        };
        if !subscriptions.iter().all(is_known) {
            return Err(Answer::error("paramError"));
        }
        if self.behaviour.stream.open_is_metered && self.meter.is_spent(now) {
            return Err(Answer::quota_spent());
        }
        let takes_events = subscriptions.iter().any(|(kind, _)| *kind == "EVENT");
        Ok(self.stream.open(takes_events, &self.behaviour.stream, elapsed))
    }

    /// Uses up a ticket, and says whether its connection takes events; none if the ticket is not good.
    pub(super) fn redeem_ticket(&mut self, ticket: &str) -> Option<bool> {
        self.stream.redeem(ticket, self.clock.elapsed())
    }

    pub(super) fn connection_opened(&mut self, takes_events: bool) -> SocketSide {
        let now = self.clock.now();
        self.organisation.extend_to(now);
        self.stream.opened(takes_events, &self.organisation, &self.behaviour.stream, now)
    }

    pub(super) fn connection_closed(&mut self, number: u64) {
        self.stream.closed(number, self.clock.now());
    }

    pub(super) fn frame_received(&mut self, number: u64, text: &str) {
        self.stream.received(number, text, &self.behaviour.stream, self.clock.now());
    }

    /// The token of an organisation: the same one inside its life, which begins anew.
    fn issue(&mut self, corp_id: &str, elapsed: Duration) -> String {
        self.tokens.retain(|_, token| elapsed < token.expires_at);
        let issued = &mut self.issued;
        let token = self.tokens.entry(corp_id.to_owned()).or_insert_with(|| {
            *issued += 1;
            Token { value: format!("simulated{issued:023}"), expires_at: elapsed }
        });
        token.expires_at = elapsed + TOKEN_LIFE;
        token.value.clone()
    }

    fn note_listed(&mut self, endpoint: Endpoint, body: &Value) {
        let listed = match endpoint {
            Endpoint::OrgConferences => &body["onGoingConfList"],
            Endpoint::UsersLists => &body["onGoingConfIdList"],
            _ => return,
        };
        for entry in listed.as_array().into_iter().flatten() {
            let id = entry.as_str().or_else(|| entry["conferenceId"].as_str());
            self.seen_in_listing.extend(id.map(str::to_owned));
        }
        if self.seen_in_listing.len() > SEEN_KEPT {
            self.seen_in_listing.retain(|id| self.organisation.meeting(id).is_some());
        }
    }

    fn reply(&self, outcome: Result<Value, Answer>, spoilt_by: Option<Answer>) -> Reply {
        let mut reply = match outcome {
            Ok(body) => {
                let body = match self.behaviour.key_order {
                    KeyOrder::Fixed => body.to_string(),
                    KeyOrder::Shuffled => wire::shuffled(&body, &mut Random::new(self.requests, STREAM)),
                };
                Reply { status: 200, body, retry_after: None, spoilt_by: None }
            }
            Err(answer) => self.render(answer),
        };
        match spoilt_by {
            Some(Answer::RetryAfter(seconds, answer)) => {
                reply.retry_after = Some(seconds);
                reply.spoilt_by = Some(*answer);
            }
            other => reply.spoilt_by = other,
        }
        reply
    }

    fn render(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Error { status, code, message, required_scopes } => {
                let body = wire::error(&self.behaviour, &code, &message, &required_scopes, self.requests);
                (status, body.to_string())
            }
            Answer::Raw { status, body } => (status, body),
            Answer::Html => {
                (200, "<!DOCTYPE html>\n<html><body>Please sign in to the network.</body></html>".to_owned())
            }
            Answer::RetryAfter(_, answer) => return self.render(*answer),
            Answer::Truncated | Answer::Cut | Answer::Reset | Answer::Hang(_) | Answer::Endless => (200, String::new()),
        };
        Reply { status, body, retry_after: None, spoilt_by: None }
    }
}

fn check_credentials(ask: &Ask, key: &str, secret: &str) -> Result<(), Answer> {
    if ask.body.is_none() {
        return Err(Answer::error("Missingbody"));
    }
    if ask.text(key) == Some(APP_KEY) && ask.text(secret) == Some(APP_SECRET) {
        Ok(())
    } else {
        Err(Answer::error("invalidClientIdOrSecret"))
    }
}
