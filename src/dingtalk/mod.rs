//! The far side: DingTalk over HTTP.
//!
//! One file an endpoint, headed by its method and path; [`client`] is the only sender. This room knows no catalog: whoever
//! answers for the calls is asked through [`Gate`].

pub mod client;
pub mod conference;
mod decode;
pub mod endpoint;
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

pub use client::{Client, Settings};
pub use decode::{Decoded, decode_as_each};
pub use endpoint::Endpoint;
pub use error::{Class, Error};
pub use gate::{Gate, Outcome, Refusal};
