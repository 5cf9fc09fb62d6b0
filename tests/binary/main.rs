//! The real binary, started as its users start it: what it prints, how it exits, and what it leaves behind.
//!
//! It runs on the wall clock, against a simulated DingTalk on loopback. What must come true is waited for with a
//! deadline, in one place: `harness::eventually`.

#![expect(clippy::unwrap_used, reason = "a harness that cannot go on stops its test")]

mod bad_catalogs;
mod commands;
mod completions;
mod configuration;
mod daemon;
mod demo;
mod harness;
mod house;
mod manual;
mod migrations;
mod package;
mod secrets;
mod tables;
