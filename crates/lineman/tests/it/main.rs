//! Tests of the program as a whole: the real binary, real sockets, real peers.
#![allow(
    unreachable_pub,
    reason = "a test binary: nothing outside can reach it, `pub` marks what modules offer each other"
)]

mod addresses;
mod capture_kit;
mod chat_end;
mod chat_peers;
mod chat_support;
mod chat_terminal;
mod doctor;
mod firmware_kit;
mod firmware_pxe;
mod firmware_uboot;
mod generate;
mod help;
mod lab_bench;
mod lab_play;
mod lab_replay;
mod lab_run;
mod lab_simulated;
mod lab_terminal;
mod outputs;
mod page;
mod page_browser;
mod read;
mod settings;
mod support;
mod tftp_bad_input;
mod tftp_bench;
mod tftp_busy_clients;
mod tftp_client;
mod tftp_client_faults;
mod tftp_client_peers;
mod tftp_confine;
mod tftp_conformance;
mod tftp_crowd;
mod tftp_files;
mod tftp_flood;
mod tftp_forged;
mod tftp_guard;
mod tftp_habits;
mod tftp_interrupted;
mod tftp_kit;
mod tftp_log;
mod tftp_names;
mod tftp_raw;
mod tftp_reports;
mod tftp_serve;
mod tftp_server_peers;
mod tftp_single_port;
mod tftp_terminal;
mod tftp_threads;
mod tftp_transfers;
mod tftp_uploads;
mod tour;
mod tour_simulated;
mod udp_boundaries;
mod udp_groups;
mod udp_listen;
mod udp_peers;
mod udp_rig;
mod udp_send;
mod udp_terminal;
mod visible_words;
