//! DingTalk over HTTP.
//!
//! Each endpoint has its file, headed by its method and path: a call of [`client`], the only sender, and a pure `decode`
//! of its answer. This room knows no catalog: whoever answers for the calls is asked through [`Gate`].

mod body;
pub mod booked_conferences;
pub mod booking;
pub mod client;
pub mod conference;
mod decode;
pub mod error;
pub mod gate;
pub mod histories;
mod limits;
pub mod org_conferences;
mod page;
pub mod play_infos;
pub mod query;
pub mod record;
pub mod room_conferences;
pub mod stream;
pub mod token;
pub mod user_conferences;
pub mod videos;
mod wire;

pub use client::{Client, Settings};
pub use error::Error;
pub use gate::{Charge, Gate, Outcome, Refusal, Request};
pub use page::Page;
