//! The command line as text: each file of `tests/cmd` holds commands and what they print, word for
//! word.
#[test]
fn commands_print_what_the_files_say() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("tests/cmd/*.trycmd").case("README.md");
}
