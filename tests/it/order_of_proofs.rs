//! Which proofs come first, by the paths that a change touched.

#[path = "../prove/order.rs"]
mod order;

use order::{Planned, explain, is_of, order};

fn planned() -> Vec<Planned> {
    let proof = |lab: &str, runtime: &str, shared: &[&str], cases| Planned {
        lab: lab.to_owned(),
        runtime: runtime.to_owned(),
        shared: shared.iter().map(|&pack| pack.to_owned()).collect(),
        cases,
    };
    vec![
        proof("serving", "local", &["server", "load"], 79),
        proof("serving", "compose", &["server", "load"], 78),
        proof("tracking", "local", &["python"], 74),
        proof("tracking", "compose", &["python"], 82),
        proof("tracking", "kubernetes", &["python"], 70),
    ]
}

fn ordered(changed: &[&str]) -> Vec<String> {
    let (planned, changed) = (planned(), changed.iter().map(|&path| path.to_owned()));
    order(&planned, &changed.collect::<Vec<_>>())
        .iter()
        .map(|(number, why)| {
            let proof = &planned[*number];
            format!("{}::{} {}", proof.lab, proof.runtime, why.join(" ")).trim().to_owned()
        })
        .collect()
}

#[test]
fn without_a_change_the_longest_comes_first_and_all_come() {
    let longest = [
        "tracking::compose",
        "serving::local",
        "serving::compose",
        "tracking::local",
        "tracking::kubernetes",
    ];
    assert_eq!(ordered(&[]), longest);
    // Nothing that a proof runs.
    assert_eq!(ordered(&["docs/testing.md", "labs/README.md", "tests/it/life.rs"]), longest);
}

#[test]
fn a_lab_comes_before_a_pack_and_a_pack_before_the_engine() {
    let step = "labs/tracking/steps/run.md";
    assert_eq!(
        ordered(&["src/main.rs", "templates/_shared/load/load.py", step]),
        [
            format!("tracking::compose {step}"),
            format!("tracking::local {step}"),
            format!("tracking::kubernetes {step}"),
            "serving::local templates/_shared/load/load.py".to_owned(),
            "serving::compose templates/_shared/load/load.py".to_owned(),
        ]
    );
}

#[test]
fn a_file_of_one_runtime_touches_that_runtime_alone() {
    for (path, first, untouched) in [
        ("templates/tracking/k8s/base/store.yaml", "tracking::kubernetes", 4),
        ("templates/serving/compose.yaml", "serving::compose", 4),
        ("templates/serving/Dockerfile", "serving::compose", 4),
        ("src/runtime/local/up.rs", "serving::local", 3),
        ("src/runtime/ready.rs", "tracking::compose", 0),
        ("tests/images/postgres.sh", "tracking::compose", 2),
        (".ci/cluster", "tracking::kubernetes", 4),
    ] {
        let order = ordered(&[path]);
        assert_eq!(order[0], format!("{first} {path}"));
        let rest = order.iter().filter(|line| !line.contains(path)).count();
        assert_eq!(rest, untouched, "{order:?}");
    }
}

#[test]
fn the_reason_stands_beside_each_proof() {
    let planned = planned();
    let changed = ["templates/serving/compose.yaml", "labs/serving/lab.toml"].map(str::to_owned);
    let text = explain(&planned, &order(&planned, &changed));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "  serving::local             79 cases  labs/serving/lab.toml");
    let both = "  serving::compose           78 cases  templates/serving/compose.yaml and 1 more";
    assert_eq!(lines[1], both);
    assert!(lines[2].ends_with("  not touched"), "{text}");
    assert_eq!(lines.len(), planned.len());
}

#[test]
fn a_file_is_of_the_labs_and_runtimes_that_it_can_matter_to() {
    let planned = planned();
    let of = |path: &str| -> Vec<String> {
        let of = planned.iter().filter(|proof| is_of(path, proof));
        of.map(|proof| format!("{}::{}", proof.lab, proof.runtime)).collect()
    };
    assert_eq!(of("labs/serving/lab.toml"), ["serving::local", "serving::compose"]);
    assert_eq!(of("templates/serving/compose.yaml"), ["serving::compose"]);
    assert_eq!(of("templates/tracking/k8s/base/pvc.yaml"), ["tracking::kubernetes"]);
    assert_eq!(of("templates/_shared/load/load.py"), ["serving::local", "serving::compose"]);
    assert!(of("src/check/mod.rs").is_empty(), "the engine is of no lab");
}
