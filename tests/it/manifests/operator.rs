//! The overlay of the lab `monitoring` for the Prometheus operator: it says what the configuration
//! of the plain Prometheus and Alertmanager says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{kind, list, name, namespace, text};
use super::planted::Planted;
use super::{missed_in, own, render, sound_of};
use crate::harness::Lab;

const OVERLAY: &str = "k8s/overlays/operator";

fn sound() -> Option<(Lab, Vec<Value>)> {
    let kubectl = render::kubectl()?;
    let lab = Lab::new(None, "monitoring", &[]);
    let objects = sound_of(&lab, &kubectl, OVERLAY);
    Some((lab, objects))
}

fn config(lab: &Lab, file: &str) -> Value {
    let path = lab.root.join("config").join(file);
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn of<'a>(objects: &'a [Value], wanted: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| kind(object) == wanted)
}

#[test]
fn planted_errors_in_the_operators_kinds_are_found() {
    let Some((lab, sound)) = sound() else { return };
    let missed = missed_in(&sound, &Planted::table("operator.yaml", &own(&lab)));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_operator_gets_the_rules_of_the_plain_prometheus() {
    let Some((lab, objects)) = sound() else { return };
    let interval = config(&lab, "prometheus.yml")["global"]["evaluation_interval"].clone();
    let mut made = BTreeMap::new();
    for rule in of(&objects, "PrometheusRule") {
        let mut groups = rule["spec"]["groups"].clone();
        for group in groups.as_array_mut().unwrap() {
            assert_eq!(group["interval"], interval);
            group.as_object_mut().unwrap().shift_remove("interval");
            for alert in group["rules"].as_array_mut().unwrap() {
                if let Some(labels) = alert.get_mut("labels") {
                    labels.as_object_mut().unwrap().shift_remove("namespace");
                }
            }
        }
        let file = name(rule).strip_prefix(&format!("{}-", namespace(rule))).unwrap();
        made.insert(format!("{file}.yml"), groups);
    }
    let mut wanted = BTreeMap::new();
    for entry in std::fs::read_dir(lab.root.join("config/rules")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        wanted.insert(file.clone(), config(&lab, &format!("rules/{file}"))["groups"].clone());
    }
    assert!(wanted.values().any(|groups| !groups.as_array().unwrap().is_empty()));
    assert_eq!(made, wanted, "python -m ops.rules writes them");
}

#[test]
fn the_operator_scrapes_the_jobs_of_the_lab_under_their_names() {
    let Some((lab, objects)) = sound() else { return };
    let interval = &config(&lab, "prometheus.yml")["global"]["scrape_interval"];
    let mut jobs = Vec::new();
    for endpoint in
        of(&objects, "ServiceMonitor").flat_map(|monitor| list(monitor, "/spec/endpoints"))
    {
        assert_eq!(endpoint["interval"], *interval);
        let named = list(endpoint, "/relabelings")
            .iter()
            .find(|relabeling| text(relabeling, "/targetLabel") == "job")
            .unwrap();
        jobs.push((text(named, "/replacement"), text(endpoint, "/port")));
    }
    jobs.sort_unstable();
    // Not `prometheus`: the platform watches its own.
    assert_eq!(jobs, [("model", "http"), ("quality", "quality")]);
}

#[test]
fn the_operators_alerts_go_where_those_of_the_plain_alertmanager_go() {
    let Some((lab, objects)) = sound() else { return };
    let (plain, made) = (config(&lab, "alertmanager.yml"), of(&objects, "AlertmanagerConfig"));
    let made = made.collect::<Vec<_>>()[0];
    let route = &made["spec"]["route"];
    for (field, known) in [
        ("receiver", "receiver"),
        ("groupBy", "group_by"),
        ("groupWait", "group_wait"),
        ("groupInterval", "group_interval"),
        ("repeatInterval", "repeat_interval"),
    ] {
        assert_eq!(route[field], plain["route"][known]);
    }
    let matcher = &route["routes"][0]["matchers"][0];
    let written = ["name", "matchType", "value"].map(|field| matcher[field].as_str().unwrap());
    let written = format!("{} {} \"{}\"", written[0], written[1], written[2]);
    assert_eq!(written, plain["route"]["routes"][0]["matchers"][0].as_str().unwrap());
    let own = own(&lab);
    for receiver in list(made, "/spec/receivers") {
        let place = name_of(receiver);
        let url = text(receiver, "/webhookConfigs/0/url");
        assert_eq!(url, format!("http://{own}.{own}:8001/{place}"));
    }
    let names = |config: &Value, at: &str| {
        list(config, at).iter().map(|it| name_of(it).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(made, "/spec/receivers"), names(&plain, "/receivers"));
}

fn name_of(receiver: &Value) -> &str {
    text(receiver, "/name")
}
