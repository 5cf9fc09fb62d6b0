//! When: the wake-ups, the worker, and what starts and stops both.
//!
//! This room knows the archive only as something that is given the time.

pub mod events;
pub mod heartbeat;
pub mod http;
pub mod lease;
pub mod lifecycle;
pub mod lock;
mod metrics;
pub mod notify;
mod outward;
pub mod page;
pub mod receiver;
pub mod report;
pub mod stepper;
pub mod view;
pub mod waker;
pub mod worker;
