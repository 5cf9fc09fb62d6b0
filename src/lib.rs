//! A daemon that lets no DingTalk cloud recording go uncatalogued, on the API quota of a free organisation.
//!
//! The house, from the ground up; import arrows point down only:
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | one file a command; `wiring` is the only room that knows all others |
//! | [`daemon`] | when: the wake-ups, the worker, the signals |
//! | [`archive`] | where DingTalk and the catalog meet: discover, poll, collect, maintain; when each is due; the budget |
//! | [`dingtalk`] · [`catalog`] | the only sender of calls · everything that is SQL; they never see each other |
//! | [`simulator`] | a DingTalk in memory, served over HTTP |
//! | [`config`] | the operator's words |
//! | [`domain`] | the core, without I/O: the life of a conference, what an error entails, outages, the forecast, time |

pub mod archive;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod dingtalk;
pub mod domain;
pub mod simulator;
