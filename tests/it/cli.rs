//! The command line as text: each file of `tests/cmd` holds commands and what they print, word for
//! word, on a terminal of 100 columns.
#[test]
fn commands_print_what_the_files_say() {
    let state = tempfile::tempdir().unwrap();
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("XDG_STATE_HOME", state.path().to_str().unwrap())
        .case("tests/cmd/*.trycmd")
        .case("README.md");
}
