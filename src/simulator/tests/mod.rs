//! The simulator as a client meets it: over HTTP, on a clock that is stepped by hand.

mod gateway;
mod generated;
mod meetings;
mod unusual;

use std::collections::HashSet;
use std::sync::{Arc, Once};
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::clock::{Clock, Timestamp, VirtualClock};

use super::{
    AcceptedUnionIds, Answer, Behaviour, EarlierVideos, EmptyField, EmptyList, Endpoint, Envelope, ErrorCodes, Fault,
    Host, KeyOrder, Meeting, Numbers, Organisation, OutsideBatch, PlannedStart, RecordStatus, SecondStart, Simulator,
    UnknownField,
};

/// Nine in the morning of 1 June 2026, UTC+8.
const NINE: Timestamp = Timestamp::from_millis(1_780_275_600_000);
const TEN: Timestamp = Timestamp::from_millis(1_780_279_200_000);
const HOST: &str = "WFBkgxxxhost";

struct World {
    simulator: Simulator,
    clock: Arc<VirtualClock>,
    client: reqwest::Client,
    token: String,
}

struct Got {
    status: u16,
    body: Value,
}

impl World {
    async fn new(meetings: Vec<Meeting>, behaviour: Behaviour) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let mut organisation = Organisation::empty();
        for meeting in meetings {
            organisation.add(meeting);
        }
        let clock = Arc::new(VirtualClock::new(NINE + Duration::from_mins(30)));
        let listen = ([127, 0, 0, 1], 0).into();
        let handed = Arc::clone(&clock) as Arc<dyn Clock>;
        let simulator = Simulator::start(listen, organisation, behaviour, handed).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut world = Self { simulator, clock, client, token: String::new() };
        world.log_in().await;
        world
    }

    async fn log_in(&mut self) {
        let body = json!({"appKey": self.simulator.app_key(), "appSecret": self.simulator.app_secret()});
        let got = self.post("/v1.0/oauth2/accessToken", body).await;
        self.token = got.body["accessToken"].as_str().unwrap().to_owned();
    }

    async fn get(&self, path: &str) -> Got {
        self.send(self.client.get(self.url(path))).await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Got {
        self.send(self.client.post(self.url(path)).body(body.to_string())).await.unwrap()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Got> {
        let response = request.header("x-acs-dingtalk-access-token", &self.token).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Got { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    fn url(&self, path: &str) -> String {
        self.simulator.base_url() + path
    }

    async fn query(&self, ids: &[&str]) -> Got {
        self.post("/v1.0/conference/videoConferences/query", json!({ "conferenceIdList": ids })).await
    }

    async fn info(&self, id: &str) -> Got {
        self.get(&format!("/v1.0/conference/videoConferences/{id}")).await
    }

    async fn videos(&self, id: &str, union_id: &str) -> Got {
        self.get(&format!("/v1.0/conference/videoConferences/{id}/cloudRecords/getVideos?unionId={union_id}")).await
    }

    async fn record(&self, verb: &str, id: &str, body: Value) -> Got {
        self.post(&format!("/v1.0/conference/videoConferences/{id}/cloudRecords/{verb}"), body).await
    }

    async fn ongoing(&self, parameters: &str) -> Got {
        self.get(&format!("/v1.0/conference/orgConferences{parameters}")).await
    }
}

impl Got {
    fn is_error(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(self.body["message"].is_string() && self.body["requestid"].is_string());
    }
}

/// From nine to ten, recorded, listed five minutes after.
fn meeting(id: &str) -> Meeting {
    Meeting::sample(id, NINE, TEN).creator(HOST).recorded(Duration::from_mins(5))
}

fn ended(id: &str) -> Meeting {
    Meeting::sample(id, NINE - Duration::from_hours(2), NINE - Duration::from_hours(1)).creator(HOST)
}
