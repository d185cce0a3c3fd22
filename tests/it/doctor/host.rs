//! This machine: ports, room, memory, GPU, proxies.

use std::net::TcpListener;

use crate::doctor::bench::{Bench, listener, python};

#[test]
fn a_busy_port_is_a_failure_that_names_who_has_it() {
    let bench = Bench::new("");
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    bench.port(port);
    let seen = bench.doctor(&[]);
    let id = format!("port.{port}");
    let title = seen.is(&id, "fail", "taken");
    assert!(title.contains(&std::process::id().to_string()), "{title}");
    assert!(seen.hints(&id).contains(&format!("kill {}", std::process::id())));
    drop(listener);
    bench.doctor(&[]).is(&id, "pass", "ok");
    // On all addresses: it would take the lab's traffic on some systems.
    let listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
    bench.doctor(&[]).is(&id, "fail", "taken");
    drop(listener);
}

#[test]
fn memory_disk_and_processors_that_are_too_little_are_warnings() {
    let bench = Bench::new(r#"{ memory = "4GB" }, { disk = "9000000GB" }, { cpus = 5000 }"#);
    bench.at("root/proc/meminfo", b"MemTotal:        2097152 kB\nMemFree: 1 kB\n", 0o644);
    let root = bench.path("root").display().to_string();
    let seen = bench.doctor(&["--root", &root]);
    assert_eq!(seen.is("memory", "warn", "too-little"), "2.1 GB; the lab needs 4.0 GB");
    seen.is("disk", "warn", "too-little");
    seen.is("cpus", "warn", "too-little");
    assert_eq!(seen.code, 0);
    bench.at("root/proc/meminfo", b"nonsense\n", 0o644);
    let seen = bench.doctor(&["--root", &root, "--only", "memory"]);
    seen.is("memory", "unknown", "unknown");
    assert_eq!(seen.code, 3);
}

#[test]
fn a_processor_for_which_the_lab_has_no_programs_is_a_failure() {
    let bench = Bench::new(r#"{ arch = ["riscv64"] }"#);
    bench.doctor(&[]).is("arch", "fail", "unsupported");
    drop(bench);
    Bench::new(r#"{ arch = ["amd64", "arm64"] }"#).doctor(&[]).is("arch", "pass", "ok");
}

#[test]
fn prebuilt_programs_need_a_library_and_a_processor_that_is_not_too_old() {
    let bench = Bench::new(r#"{ library = "libgomp.so.1" }, { cpu = ["avx2", "fma"] }"#);
    let root = bench.path("root").display().to_string();
    let doctor = || bench.doctor(&["--root", &root]);
    bench.at("root/proc/cpuinfo", b"model name : old\nflags\t\t: fpu sse2 fma\n", 0o644);
    let seen = doctor();
    seen.is("library.libgomp.so.1", "warn", "missing");
    assert!(seen.hints("library.libgomp.so.1").contains("libgomp1"), "{seen:?}");
    if cfg!(target_arch = "x86_64") {
        assert_eq!(seen.is("cpu", "warn", "too-old"), "the processor lacks avx2");
    }
    bench.at("root/usr/lib64/libgomp.so.1", b"", 0o644);
    bench.at("root/proc/cpuinfo", b"flags\t\t: fpu avx2 fma\n", 0o644);
    let seen = doctor();
    seen.is("library.libgomp.so.1", "pass", "ok");
    seen.is("cpu", "pass", "ok");
}

#[test]
fn a_gpu_is_none_unloaded_mismatched_or_there() {
    let bench = Bench::new(r#"{ gpu = "optional" }"#);
    std::fs::create_dir(bench.path("root")).unwrap();
    let root = bench.path("root").display().to_string();
    let doctor = |bench: &Bench| bench.doctor(&["--root", &root]);
    doctor(&bench).is("gpu", "pass", "ok");
    bench.script(
        "nvidia-smi",
        "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; \
         exit 9",
    );
    doctor(&bench).is("gpu", "warn", "no-driver");
    bench.at(
        "root/proc/driver/nvidia/version",
        b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05\n",
        0o644,
    );
    bench.script(
        "nvidia-smi",
        "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
    );
    doctor(&bench).is("gpu", "warn", "mismatch");
    bench.script("nvidia-smi", "echo 'NVIDIA L4, 23034 MiB, 580.95.05'");
    assert!(doctor(&bench).is("gpu", "pass", "ok").contains("NVIDIA L4"));
    bench.script("nvidia-smi", "exec sleep 60");
    doctor(&bench).is("gpu", "unknown", "late");
    drop(bench);
    let bench = Bench::new(r#"{ gpu = "required" }"#);
    std::fs::create_dir(bench.path("root")).unwrap();
    bench.doctor(&["--root", bench.path("root").to_str().unwrap()]).is("gpu", "fail", "none");
}

#[test]
fn a_proxy_that_takes_local_addresses_too_is_a_warning() {
    let mut bench = Bench::new("");
    bench.doctor(&[]).is("proxy", "pass", "ok");
    bench
        .env("https_proxy", "http://me:swordfish@proxy.example:3128")
        .env("NO_PROXY", "localhost,.corp");
    let seen = bench.doctor(&[]);
    assert!(seen.is("proxy", "warn", "no-local-exception").contains("127.0.0.1"));
    assert!(seen.hints("proxy").contains("NO_PROXY=localhost,.corp,127.0.0.1"));
    assert!(!seen.out.contains("swordfish"));
    bench.env("NO_PROXY", "localhost,127.0.0.1");
    bench.doctor(&[]).is("proxy", "pass", "ok");
}

#[test]
fn online_asks_pip_s_index_and_says_when_it_cannot_be_reached() {
    let Some(python) = python() else { return };
    let mut bench = Bench::new(r#"{ python = ">=3.9" }"#);
    bench.file(
        "python3",
        format!("#!/bin/sh\nexec {} \"$@\"\n", python.display()).as_bytes(),
        0o755,
    );
    // A port where nobody listens, as pip's configured index.
    bench.at("home/pip.conf", b"[global]\nindex-url = http://127.0.0.1:1/simple\n", 0o644);
    let config = bench.path("home/pip.conf");
    bench.env("PIP_CONFIG_FILE", config);
    let seen = bench.doctor(&["--timeout", "10s"]);
    assert!(!seen.out.contains("online.packages"));
    let seen = bench.doctor(&["--timeout", "10s", "--online"]);
    seen.is("online.packages", "fail", "unreachable");
}
