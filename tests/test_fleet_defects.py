"""What is known to go wrong in fleets, and which test guards against each.

The list is of defects that a system like this one has had. Whoever renames a test renames it here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent

STATE = {
    "A5: an attempt that failed, or was interrupted, hides what is still desired": (
        "test_an_attempt_leaves_what_is_desired_as_it_is",
        "test_killed_at_each_step_a_publication_has_happened_or_has_not",
    ),
    "A5: an announcement that fails turns a release that was published into an error": (
        "test_an_attempt_leaves_what_is_desired_as_it_is",
        "test_who_listens_hears_what_another_server_rings_for",
    ),
    "A5: an announcement is lost between the row and the broadcast": (
        "test_an_event_is_told_if_and_only_if_it_is_so",
        "test_what_concurrent_writers_read_is_still_so_when_they_write",
    ),
    "A7: installing is said for ever after a crash": (
        "test_an_installing_that_a_dead_holder_left_is_cleared",
        "test_a_killed_holder_has_no_lock_and_the_next_clears_its_installing",
        "test_what_dies_in_an_install_leaves_no_installing_behind",
        "test_a_server_that_dies_in_an_install_says_so_when_it_is_back",
    ),
    "a paused holder of the lock overwrites what the next one has decided": (
        "test_a_paused_holder_cannot_overwrite_what_the_next_has_decided",
        "test_who_has_lost_the_lock_does_not_move_what_hosts_are_to_have",
        "test_who_has_lost_the_lock_moves_nothing_more",
        "test_who_has_lost_the_lock_deletes_nothing",
    ),
    "a lock is taken and given back on different connections of a pool, and leaks": (
        "test_a_lock_is_let_go_of_where_it_was_taken_and_never_leaks",
        "test_a_lock_that_a_pooler_has_given_to_another_session_is_no_lock",
        "test_a_lock_whose_connection_died_is_noticed",
    ),
    "a refusal blames an install for whatever holds the lock, and offers no wait": (
        "test_one_operation_at_a_time_and_the_other_is_named",
        "test_who_waits_gets_the_lock",
        "test_a_refusal_names_the_operation",
    ),
    "a crashed migration wedges installs": (
        "test_a_cancelled_migration_does_not_go_on",
        "test_one_that_died_can_be_cancelled_without_a_server",
        "test_one_that_died_is_resumed_by_the_next_server",
    ),
    "grace of an archive counts from when it was made": (
        "test_blob_grace_is_since_it_was_unreferenced_and_not_since_it_was_made",
        "test_the_grace_counts_from_when_nobody_needed_it_not_from_its_age",
    ),
    "a manifest of a hash that is not current is an empty one": (
        "test_the_manifest_of_a_stale_hash_is_never_an_empty_one",
        "test_an_unknown_release_is_never_one_of_nothing",
    ),
    "a partial write of the policy resets what it does not name": (
        "test_a_partial_policy_write_keeps_the_other_layers",
        "test_settings_that_are_not_said_stay_as_they_are",
    ),
    "enabling an unknown package crashes": (
        "test_enabling_an_unknown_pin_is_an_answer_and_no_crash",
    ),
    "a hash from outside is a part of a path": (
        "test_only_a_hash_may_name_a_folder",
        "test_a_set_has_a_name_that_a_folder_can_have",
        "test_a_hash_is_checked_before_it_is_used",
    ),
    "a registry's token is on disk, in answers, or sent to another host": (
        "test_nothing_on_disk_holds_a_token_or_its_key",
        "test_who_can_write_rows_cannot_send_a_token_elsewhere",
        "test_a_registry_token_is_written_and_never_read",
        "test_a_token_goes_to_its_own_host_and_to_no_disk",
    ),
    "credentials of a connection are echoed": (
        "test_no_password_is_ever_said",
        "test_what_names_no_database_is_said_without_its_password",
        "test_stores_that_refuse_are_said_without_credentials",
    ),
    "an internal error's text reaches the state": (
        "test_an_internal_error_is_recorded_without_its_text",
    ),
}

ARCHIVES = {
    "A1: archives that are packed again cannot be verified": (
        "test_every_archive_of_a_release_is_there_and_indexed_before_it_is_current",
        "test_other_bytes_are_never_handed_on",
    ),
    "A2: hosts resolve again, and two versions of a name collapse": (
        "test_a2_two_versions_of_a_package_are_both_there_and_neither_is_at_top_level",
        "test_a2_an_alias_and_the_package_itself_are_one_archive",
        "test_a2_tarballs_and_their_like_below_a_pin_are_archives_as_any",
        "test_peers_that_are_added_are_not_at_top_level",
    ),
    "A3: packages of other platforms fail the install": (
        "test_a3_every_platform_asked_for_has_its_optional_packages_and_no_other_has",
        "test_packages_of_other_platforms_are_neither_pulled_nor_linked",
    ),
    "A6: a second try at a migration takes a corrupt copy for a good one": (
        "test_a_corrupt_copy_is_removed_and_a_second_try_makes_a_good_one",
        "test_a_corrupt_copy_that_could_not_be_removed_is_not_taken_for_a_good_one",
        "test_one_whose_target_is_gone_ends_as_an_error",
    ),
    "archives that no index names are never collected": (
        "test_what_no_index_names_is_found_and_collected_after_as_long",
    ),
    "the size cap is checked after publishing, and of packed bytes only": (
        "test_size_cap_is_of_packed_and_unpacked_bytes_and_equal_is_not_over",
    ),
    "a store that fails is not passed over": (
        "test_a_store_that_fails_is_passed_over_like_one_that_lacks_it",
    ),
    "archives are moved whole, one at a time, from the start again": (
        "test_a_pull_that_was_cut_goes_on_where_it_ended",
        "test_ranges_of_an_archive",
    ),
}

HOSTS = {
    "A4: a folder node_modules means that a tree was built": (
        "test_a_tree_that_was_tampered_with_heals",
    ),
    "A5: what failed once waits for the next install": (
        "test_where_the_server_is_gone_the_host_stays_and_still_heals",
    ),
    "a host is at work twice on one root": ("test_two_at_once_on_one_root_do_the_work_once",),
    "trees are collected after flips only": ("test_trees_go_also_where_nothing_is_flipped",),
    "a tree that is current again is still marked as retired": (
        "test_a_tree_that_becomes_current_again_is_not_retired",
    ),
    "a run crosses a flip": (
        "test_a_run_stays_on_the_release_that_it_began_with",
        "test_a_lease_is_of_a_real_path_and_keeps_the_tree",
    ),
    "declarations of a tree that is not there yet are cached for a year": (
        "test_declarations_are_kept_for_ever_only_once_they_are_those_of_the_release",
    ),
    "programs inherit the whole environment": (
        "test_of_the_environment_a_script_gets_what_is_listed_and_what_is_asked_for",
    ),
}

DEFECTS = {**STATE, **ARCHIVES, **HOSTS}


@cache
def there() -> frozenset[str]:
    files = TESTS.glob("test_fleet_*.py")
    return frozenset(
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_known_defect_has_tests_that_guard_against_it(defect: str) -> None:
    assert DEFECTS[defect]
    assert [name for name in DEFECTS[defect] if name not in there()] == []
