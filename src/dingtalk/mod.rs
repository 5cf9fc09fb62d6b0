//! The far side: DingTalk over HTTP.
//!
//! One file an endpoint, headed by its method and path; [`client`] is the only sender. This room knows no catalog: whoever
//! answers for the calls is asked through [`Gate`].

pub mod client;
pub mod conference;
mod decode;
pub mod error;
pub mod gate;
mod limits;
pub mod org_conferences;
pub mod query;
pub mod record;
mod secrets;
pub mod token;
pub mod user_conferences;
pub mod videos;
mod wire;

use crate::domain::endpoint;

pub use client::{Client, Settings};
pub use decode::{Decoded, decode_as_each};
pub use error::Error;
pub use gate::{Charge, Gate, Outcome, Refusal, Request};
