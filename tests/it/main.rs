//! A real archiver against a simulated `DingTalk`, over real HTTP and real `SQLite`, by a clock stepped by hand.
//!
//! One file a subject. Tests assert on the catalog's rows and on what the simulator was asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod again;
mod askers;
mod automatic;
mod backlog;
mod batches;
mod bounded;
mod budget;
mod clock_leaps;
mod clocks;
mod decoding;
mod empty_answers;
mod events;
mod failures;
mod gaps;
mod gateway;
mod health;
mod hostile;
mod journal;
mod lasting_errors;
mod lists;
mod migrations;
mod month;
mod notices;
mod other_organisations;
mod outage;
mod pages;
mod pauses;
mod poison;
mod postgres;
mod postgres_plans;
mod query_plans;
mod recordings;
mod remote;
mod reserve;
mod same_list;
mod server;
mod soak;
mod states;
mod tokens;
mod traps;
mod verify;
mod world;
