//! What is planted, and what is said about it.

/// What is planted, by file, and what is said about it.
pub struct Plant {
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub said: &'static str,
}

pub const MANIFEST: &str = "labs/tiny/lab.toml";

/// The check of the pack's first step.
const GREETING: &str = "http = { endpoint = \"api\", path = \"/greeting.txt\" }\n\
    expect = { status = 200, \
    body = { matches = \"^hello\\\\s*$\" } }";

pub const fn plant(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    said: &'static str,
) -> Plant {
    Plant { file, from, to, said }
}

pub const PLANTS: &[Plant] = &[
    plant(
        MANIFEST,
        "id = \"tiny\"",
        "id = \"tinny\"",
        "lab.toml:2:6: the id is `tinny` and the folder is `tiny`",
    ),
    plant(
        MANIFEST,
        "endpoint = \"api\", path = \"/made.txt\"",
        "endpoint = \"app\", path = \"/made.txt\"",
        "there is no endpoint `app`",
    ),
    plant(
        MANIFEST,
        "keep = [\"greeting.txt\"",
        "keep = [\"../<[ project_name ]>\"",
        "`../<[ project_name ]>` is not a path inside the project",
    ),
    plant(
        MANIFEST,
        "expect = { body = { contains = \"hello\" } }",
        "expect = { json = { \"/<[ nobody ]>\" = 1 } }",
        "nobody",
    ),
    plant(
        MANIFEST,
        "schema = 2",
        "schema = 3",
        "lab.toml:1:10: this is schema 3, and this mlops-lab reads 1 to 2",
    ),
    plant(
        MANIFEST,
        "recovered = [{",
        "mended = [{",
        "`mended` is called `recovered` since schema 2",
    ),
    plant(
        MANIFEST,
        "[vars.port]",
        "[[hint]]\ntext = \"try again\"\n[vars.port]",
        "a hint for the whole lab needs `when`",
    ),
    plant(
        MANIFEST,
        "body = { contains = \"hello\" } }",
        "json = { \"/a\" = { ge = \"many\" } } }",
        "expected a number, or a variable such as",
    ),
    plant(
        MANIFEST,
        "within = \"10s\"\n",
        "within = \"10s\"\ndebrief = \"drills/after.md\"\n",
        "there is no file labs/tiny/drills/after.md",
    ),
    plant(MANIFEST, "minutes = 1", "minutes = \"one\"", "lab.toml:7:11: invalid type"),
    plant(MANIFEST, "level = \"beginner\"", "level = \"easy\"", "unknown variant `easy`"),
    plant(
        MANIFEST,
        "[vars.token]",
        "[vars.unused]\ntype = \"bool\"\ndefault = true\nhelp = \"x\"\n[vars.token]",
        "nothing uses the variable `unused`",
    ),
    plant(
        MANIFEST,
        "text = \"steps/one.md\"",
        "text = \"steps/two.md\"",
        "there is no file labs/tiny/steps/two.md",
    ),
    plant(
        MANIFEST,
        "files = \"solution/one\"",
        "files = \"solution/two\"",
        "there are no files in labs/tiny/solution/two",
    ),
    plant(
        MANIFEST,
        "expect = { status = 200, body",
        "expect = { exit = 0, body",
        "`expect.exit` means nothing for a http probe",
    ),
    plant(MANIFEST, "matches = \"^hello", "matches = \"(^hello", "lab.toml:66:33"),
    plant(MANIFEST, "within = \"20s\"", "within = \"20\"", "is not a duration"),
    plant(MANIFEST, "python = \">=3.9\"", "python = \"3.9\"", "is not a version requirement"),
    plant(MANIFEST, "needs = [{ python", "needs = [{ pyhton", "unknown variant `pyhton`"),
    plant(
        MANIFEST,
        "help = \"A secret\"",
        "help = \"A secret\"\nlength = 8",
        "a secret has at least 16 characters",
    ),
    plant(
        MANIFEST,
        "default = 8123",
        "default = 8123\nalphabet = \"hex\"",
        "only a secret has an alphabet",
    ),
    plant(
        MANIFEST,
        "user = \"API_USER\"",
        "user = \"API_USR\"",
        "the lab's dot-env sets no `API_USR`",
    ),
    plant(MANIFEST, "requires = [\"more.txt\"]", "requires = [\"../more.txt\"]", "lab.toml:"),
    plant(
        MANIFEST,
        "[endpoint.api]",
        "[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = { argv = \
         [\"true\"] } }\n[endpoint.api]",
        "asked by http, tcp or metric",
    ),
    plant(
        "templates/tiny/dot-gitignore",
        ".env",
        "env",
        "the lab's dot-gitignore does not list `.env`",
    ),
    plant("labs/tiny/wrong/one/typo/wrong.toml", "", "", "has 1 wrong solutions"),
    plant("templates/tiny/about.txt", "<[ port ]>", "<[ prot ]>", "templates/tiny/about.txt:1:"),
    plant(
        "templates/tiny/about.txt",
        "<[ port ]>",
        "http://127.0.0.1:8123/",
        "`127.0.0.1:8123` is written out where a variable is meant",
    ),
    plant(
        "templates/tiny/Dockerfile",
        "",
        "FROM python:latest\n",
        "the image `python:latest` is not pinned",
    ),
    plant(
        MANIFEST,
        "was = [\"uno\"]",
        "was = [\"gone\"]",
        "`gone` is the name of another step or drill",
    ),
    plant(
        MANIFEST,
        "was = [\"uno\"]",
        "holds_until = \"one\"",
        "there is no step `one` after `one`",
    ),
    plant(
        MANIFEST,
        "was = [\"lost-greeting\"]",
        "keep = [\".mlops-lab/lab.toml\"]",
        "is not a file of the project",
    ),
    plant(MANIFEST, "inject = [[", "background = [[]]\ninject = [[", "an empty command"),
    plant("templates/tiny/requirements.txt", "", "six==1.17.0\n", "`six==1.17.0` has no hash"),
    // Undefined in a value of the manifest: the place is that in the file.
    plant(
        MANIFEST,
        "title = \"Publish a greeting\"",
        "title = \"Publish <[ nope ]>\"",
        "lab.toml:57:21: ",
    ),
    plant(
        MANIFEST,
        "title = \"Publish a greeting\"",
        "title = \"\\\"Publish\\\" <[ nope ]>\"",
        "lab.toml:57:25: ",
    ),
    plant(
        MANIFEST,
        "run = [\"sh\", \"-c\", \"echo made >made.txt; echo making\"]",
        "run = []",
        "an empty command",
    ),
    plant(
        MANIFEST,
        "run = [\"sh\", \"service.sh\", \"waiting\"]",
        "run = [\" \"]",
        "a command without a program",
    ),
    plant(MANIFEST, "inject = [[\"rm\", \"greeting.txt\"]]", "inject = [[]]", "an empty command"),
    plant(
        MANIFEST,
        "solution = { run = [[\"sh\", \"-c\", \"echo hello >greeting.txt\"]]",
        "solution = { run = [[]]",
        "an empty command",
    ),
    plant(
        MANIFEST,
        "\"service.sh\", \"waiting\"",
        "\"servise.sh\", \"waiting\"",
        "has the file servise.sh",
    ),
    plant(
        MANIFEST,
        "inject = [[\"rm\", \"greeting.txt\"]]",
        "inject = [[\"sh\", \".mlops-lab/lab/drills/gone.sh\"]]",
        "there is no file labs/tiny/drills/gone.sh",
    ),
    plant(
        MANIFEST,
        "local = \"http://127.0.0.1",
        "local = \"127.0.0.1",
        "an endpoint begins with http:// or tcp://",
    ),
    plant(MANIFEST, "name = \"second\"", "name = \"files\"", "the name `files` is used twice"),
    plant(MANIFEST, "name = \"second\"", "name = \"make\"", "the name `make` is used twice"),
    plant(MANIFEST, "name = \"second\"", "name = \"a/b\"", "other characters than letters"),
    plant(
        MANIFEST,
        "needs = [{ python",
        "python = { requirements = [\"reqs.txt\"], uv = \"requirements-uv.txt\" }\nneeds = [{ \
         python",
        "the template has no reqs.txt",
    ),
    plant(
        MANIFEST,
        "[endpoint.api]",
        "[runtime.compose]\n[endpoint.api]\ncompose = \"http://127.0.0.1:1\"",
        "the template has no compose.yaml",
    ),
    plant(
        MANIFEST,
        "path = \"/greeting.txt\" }\nexpect = { status = 200, body",
        "path = \"/greeting.txt\", body = \"requests/one.json\" }\nexpect = { status = 200, body",
        "has the file requests/one.json",
    ),
    plant(
        MANIFEST,
        "expect = { status = 200, body = { matches = \"^hello\\\\s*$\" } }",
        "expect = { json = { \"outputs/0\" = 1 } }",
        "write \"/outputs/0\"",
    ),
    plant(
        MANIFEST,
        "body = { matches = \"^hello\\\\s*$\" }",
        "body = 5",
        "`body` is text: it never equals 5",
    ),
    plant(
        MANIFEST,
        "body = { matches = \"^hello\\\\s*$\" }",
        "body = { ge = 5 }",
        "no size to compare",
    ),
    plant(
        MANIFEST,
        GREETING,
        "metric = { endpoint = \"api\", name = \"asked\" }\nexpect = { value = \"x\" }",
        "a metric's value is a number: \"x\" is none",
    ),
    plant(
        MANIFEST,
        GREETING,
        "metric = { endpoint = \"api\", name = \"requests total\" }\nexpect = { value = 1 }",
        "`requests total` is no name of a metric",
    ),
    plant(
        MANIFEST,
        GREETING,
        "file = { path = \"a\" }\nexpect = { sha256 = \"abc\" }",
        "a SHA-256 has 64 hexadecimal digits",
    ),
    plant(MANIFEST, "path = \"/made.txt\"", "path = \"made.txt\"", "a path begins with `/`"),
    plant(
        MANIFEST,
        "path = \"/made.txt\"",
        "path = \"/made.txt\", repeat = 0",
        "repeat: expected at least 1, got 0",
    ),
    plant(
        MANIFEST,
        "when = { status = 404 }",
        "when = { check = 9 }",
        "there is 1 check, and no check 9",
    ),
    plant(
        MANIFEST,
        "text = \"A file server serves files.\"",
        "text = \"\"",
        "a hint that says nothing",
    ),
    plant(
        MANIFEST,
        "minutes = 1",
        "minutes = 1\nafter = [\"nolab\"]",
        "lab.toml:8:10: there is no lab `nolab`",
    ),
    plant(
        MANIFEST,
        "minutes = 1",
        "minutes = 1\nafter = [\"trackng\"]",
        "did you mean `tracking`?",
    ),
    plant(
        MANIFEST,
        "summary = \"The smallest lab that has everything: for the tool's own tests.\"",
        "summary = \" \"",
        "`summary` says nothing",
    ),
    plant(
        MANIFEST,
        "[vars.token]",
        "[vars.lab]\ntype = \"bool\"\ndefault = true\nhelp = \"x\"\n[vars.token]",
        "templates have a `lab` already",
    ),
    plant(MANIFEST, "choices = [\"good\", \"dies\", \"deaf\"]", "", "a choice has `choices`"),
];
