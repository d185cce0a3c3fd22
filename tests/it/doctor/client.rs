//! Docker's client and what hangs on it: plugins, podman under its name, credential helpers.

use crate::doctor::bench::Bench;
use crate::doctor::engine::{DOCKER, SECOND, engine, info, version};
use serde_json::json;

const PLUGINS: &str = r#"{ compose = ">=2.20" }, { buildx = ">=0.10" }"#;

#[test]
fn podman_under_the_name_of_docker_is_no_failure_and_its_compose_is_judged_apart() {
    let mut bench = Bench::new(r#"{ docker = ">=20.10" }, { compose = ">=2.20" }"#);
    // As podman 4.3 of Debian answers behind `docker`.
    bench.script(
        "docker",
        "case \"$*\" in --version) echo 'podman version 4.3.1';; *) echo 'Error: unrecognized \
         command `podman compose`' >&2; exit 125;; esac",
    );
    bench.unset("DOCKER_HOST");
    bench.env("DOCKER_CONTEXT", "default");
    let seen = bench.doctor(&[]);
    seen.is("docker.client", "pass", "podman");
    seen.is("docker.compose", "fail", "podman");
    if !std::path::Path::new("/var/run/docker.sock").exists() {
        seen.is("docker.engine", "pass", "podman");
    }
    // Its service on the socket says who it is.
    let answers = json!({"Version": "4.3.1", "ApiVersion": "1.41",
        "Components": [{"Name": "Podman Engine"}]});
    let bench = {
        drop(bench);
        engine(DOCKER, answers, info())
    };
    bench.doctor(&[]).is("docker.engine", "pass", "podman");
}

#[test]
fn the_plugins_are_there_missing_old_or_hanging() {
    let bench = Bench::new(PLUGINS);
    // The client says 0 to `compose --version` without the plugin: only `compose version` tells.
    let client =
        "case \"$*\" in --version) echo 'Docker version 28.2.2, build e6534b4'; exit 0;; esac\n";
    bench.script(
        "docker",
        &format!("{client}echo \"docker: '$1' is not a docker command.\" >&2; exit 1"),
    );
    let seen = bench.doctor(&[]);
    seen.is("docker.client", "pass", "ok");
    seen.is("docker.compose", "fail", "no-plugin");
    seen.is("docker.buildx", "fail", "no-plugin");
    bench.script("docker-compose", "echo 1.29.2");
    let seen = bench.doctor(&[]);
    assert!(seen.is("docker.compose", "fail", "v1-only").contains("1.29.2"));
    bench.script("docker-compose", "echo 2.39.1");
    let seen = bench.doctor(&[]);
    seen.is("docker.compose", "fail", "no-plugin");
    assert!(seen.hints("docker.compose").contains("ln -s"));
    bench.script(
        "docker",
        &format!(
            "{client}case $1 in compose) echo 2.26.1-4;; buildx) echo \
        'github.com/docker/buildx v0.13.1 x';; esac"
        ),
    );
    let seen = bench.doctor(&[]);
    assert_eq!(seen.is("docker.compose", "pass", "ok"), "2.26.1");
    assert_eq!(seen.is("docker.buildx", "pass", "ok"), "0.13.1");
    bench.script(
        "docker",
        &format!("{client}case $1 in compose) echo v2.17.0;; *) exec sleep 60;; esac"),
    );
    let seen = bench.doctor(&[]);
    seen.is("docker.compose", "fail", "too-old");
    seen.is("docker.buildx", "unknown", "late");
    seen.within(SECOND);
    // A client that cannot be run is one failure.
    bench.file("docker", b"", 0o755);
    let seen = bench.doctor(&[]);
    seen.is("docker.client", "fail", "unusable");
    seen.is("docker.compose", "skip", "blocked");
}

#[test]
fn a_credential_helper_that_is_missing_and_a_config_that_cannot_be_read() {
    let bench = engine(DOCKER, version(), info());
    bench.at(
        "home/.docker/config.json",
        br#"{"credsStore": "desktop", "credHelpers": {"example.com": "pass"}}"#,
        0o644,
    );
    bench.script("docker-credential-pass", "exit 0");
    let seen = bench.doctor(&[]);
    assert!(
        seen.is("docker.credentials", "warn", "helper-absent")
            .contains("docker-credential-desktop")
    );
    bench.file("docker-credential-desktop", b"#!/bin/sh\n", 0o644);
    assert!(
        bench
            .doctor(&[])
            .is("docker.credentials", "warn", "helper-absent")
            .contains("not executable")
    );
    bench.script("docker-credential-desktop", "exit 0");
    bench.doctor(&[]).is("docker.credentials", "pass", "ok");
    bench.at("home/.docker/config.json", b"{", 0o644);
    bench.doctor(&[]).is("docker.credentials", "warn", "config-broken");
}
