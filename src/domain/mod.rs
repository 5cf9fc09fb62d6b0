//! The core: what a conference, a recording and an instant are, and every decision that needs nothing else.
//!
//! No I/O. This room knows no other room.

pub mod automatic;
pub mod backoff;
pub mod calendar;
pub mod clock;
pub mod conference;
pub mod coverage;
pub mod endpoint;
pub mod event;
pub mod explanation;
pub mod failure;
pub mod forecast;
pub mod gap;
pub mod lease;
pub mod lifecycle;
pub mod notice;
pub mod outage;
pub mod pushes;
pub mod recording;
pub mod schedule;
pub mod wait;
