//! How long the archiver takes for what it does most.
//!
//!     cargo bench --bench archiver [-- NAME]
//!
//! What grows with the catalog is measured on a small one and on a large one, of a million closed conferences unless
//! `BENCH_LARGE` says how many.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says so by panicking")]

mod commands;
mod conference;
mod decode;
#[path = "peers/dingtalk.rs"]
mod dingtalk;
mod forecast;
mod old;
mod ticks;

fn main() {
    divan::main();
}
