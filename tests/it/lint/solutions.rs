//! What is planted in solutions, wrong and right, and beside them.

use super::plants::{Plant, plant};

pub const IN_SOLUTIONS: &[Plant] = &[
    plant(
        "labs/tiny/wrong/oen.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "there is no step or drill `oen`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\n",
        "does nothing: no edit, no files, no run",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"typo\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "there are two wrong solutions `typo`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nnmae = \"a\"\n",
        "one.toml:2:1: unknown field `nmae`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "belongs into right/one.toml",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "has no `name`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nrun = [[]]\n",
        "one.toml:4:8: an empty command",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nruntimes = [\"compose\"]\nrun = [[\"true\"]]\n",
        "`one` does not exist in the runtime compose",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\nverdict = \"cannot-tell\"\n",
        "a right solution passes",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nfrom = \"solution/two\"\n",
        "there are no files in labs/tiny/solution/two",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nfrom = \"solution/one\"\nedit = [{ file = \
         \"greeting.txt\", find = \"l\", put = \"L\" }]\n",
        "one.toml:5:41: `find` occurs 2 times in greeting.txt",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nedit = [{ file = \"about.txt\", find = \"no such \
         words\", put = \"L\" }]\n",
        "`find` does not occur in about.txt",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"echo\", \"<[ nope ]>\"]]\n",
        "one.toml:4:21: ",
    ),
    plant("labs/tiny/right/one/a/files/x", "", "x", "has no right.toml that says why it is right"),
    plant("labs/tiny/wrong/one/typo/greeting.txt", "", "x", "stands in wrong/one/typo/files/"),
    plant(
        "labs/tiny/solutoin/one/x",
        "",
        "x",
        "labs/tiny/solutoin: nothing reads it (did you mean `solution`?)",
    ),
    plant("labs/tiny/steps/two.md", "", "x", "no step or drill has this text"),
    plant(
        "templates/tiny/run.sh",
        "",
        "#!/bin/sh\r\ntrue\r\n",
        "run.sh:1:10: it has Windows line ends",
    ),
    plant("templates/tiny/Makefile", "", "all:\r\n\ttrue\r\n", "it has Windows line ends"),
    plant(
        "templates/tiny/compose.yaml",
        "",
        "services:\n  a: { image: b, environment: { T: \"${TOKEN}\", P: \"${API_USER:-me}\" } }\n",
        "compose.yaml:2:39: without .env `TOKEN` would be empty",
    ),
    plant("templates/tiny/about.txt~", "", "x", "a copy that an editor or a tool left"),
    plant("labs/tiny/steps/.one.md.swp", "", "x", "a copy that an editor or a tool left"),
    plant(
        "templates/tiny/__pycache__/a.cpython-313.pyc",
        "",
        "x",
        "a cache or a tool's own folder",
    ),
];
