//! The lab's page in Debian's Chromium. What is done and looked at is in `tests/page/flows.mjs`.

use std::path::Path;

use crate::support::peer;
use crate::support::registry;

/// Runs one flow, whose failure is told by its own words.
fn flow(name: &str) {
    let _ = peer("chromium"); // fails where there is none
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut node = peer("node");
    node.arg(here.join("tests/page/flows.mjs")).arg(name);
    node.env("LINEMAN", env!("CARGO_BIN_EXE_lineman"));
    node.env("NODE_MODULES", registry("node/node_modules"));
    let output = node.output().expect("node");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
}

/// One test for each flow.
macro_rules! flows {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { flow(stringify!($name)); })*
    };
}

flows![
    handshake,
    a_dropped_syn_comes_again_with_the_same_number,
    a_close_leads_to_time_wait,
    a_reload_goes_on_without_a_gap,
    two_tabs_agree,
    chinese,
    predict_scores,
    an_exercise_is_solved_and_a_wrong_solution_is_not_accepted,
    predict_scores_on_a_recorded_log,
    an_exercise_file_is_opened_solved_and_a_wrong_solution_is_not_accepted,
    cards_say_how_things_stood,
    time_stands_still_for_the_reader,
    holding_is_a_key,
    a_walk_is_predicted,
    the_chapter_is_a_path_through_scenarios,
    each_step_of_the_chapter_leads_to_its_packet,
    steps_of_the_chapter_wait_for_their_packet,
    a_step_stays_at_its_packet_though_more_comes,
    what_was_found_stays_though_more_comes,
    a_clicked_row_stays_though_more_comes,
    a_step_waits_no_more_for_what_does_not_come,
    everything_by_keyboard,
    what_is_asked_for_is_done_in_order,
    wrong_rules_are_told,
    a_stopped_program_leaves_a_readable_page,
    what_nobody_answers_is_told_in_the_words_of_the_page,
    arrows_are_between_the_states,
    words_at_arrows_are_whole,
    calls_stand_at_arrows_in_every_width,
    keys_are_heard_after_escape,
    the_focus_stays_where_somebody_works,
    predict_goes_on_by_keyboard,
    what_came_of_an_answer_is_seen_with_the_next_question,
    a_capture_denies_no_socket,
    the_chosen_row_stays_in_sight,
    the_head_of_the_ladder_is_legible,
    a_long_exercise_is_checked_without_scrolling,
    rows_are_found_by_their_words,
    what_is_counted_agrees_with_its_number,
    time_is_measured,
    the_kernels_figures_are_shown,
    little_motion_where_that_is_wanted,
    a_call_is_placed_by_a_button,
    datagrams_of_any_size_and_to_anybody,
    a_file_comes_though_a_block_is_lost,
    calls_are_typed_on_either_host,
    a_scenario_is_chosen_by_arrow_keys,
    another_scenario_begins_anew,
    cards_tell_of_the_socket_that_is_there,
    the_next_syn_is_lost,
    the_same_again_has_the_same_rules,
    exports_are_files_that_others_read,
    a_lab_that_dies_can_be_begun_again,
    a_long_log_keeps_few_elements,
    nothing_from_a_log_becomes_markup,
    nothing_serious_for_those_who_see_badly,
];

/// The page's script has the types that its comments say.
#[test]
fn the_script_is_sound() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tsc = peer("node");
    tsc.arg(registry("node/node_modules/typescript").join("bin/tsc"));
    tsc.arg("-p").arg(here.join("page/tsconfig.json"));
    let output = tsc.output().expect("node");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
