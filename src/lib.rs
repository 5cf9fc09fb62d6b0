#![doc = include_str!("README.md")]

pub mod archive;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod dingtalk;
pub mod domain;
pub mod simulator;
