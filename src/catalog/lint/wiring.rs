//! How the parts of a manifest hang together: endpoints that exist, paths inside the project,
//! logins that `.env` holds.

use super::Lint;
use crate::catalog::check::{CheckSpec, Probe};
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::parse::{Key, checks};

impl Lint<'_> {
    pub(super) fn reachable(&mut self, at: &[Key], check: &CheckSpec, runtimes: &[RuntimeKind]) {
        let probe = &check.probe;
        if matches!(probe, Probe::Kubernetes(..))
            && runtimes.iter().any(|kind| *kind != RuntimeKind::Kubernetes)
        {
            let path = [at.to_vec(), vec![probe.name().into()]].concat();
            self.manifest(
                &path,
                "only the runtime kubernetes has such objects: say runtimes = [\"kubernetes\"]",
            );
        }
        let Some(name) = probe.endpoint() else { return };
        for kind in runtimes {
            if !self.lab.manifest.endpoints(*kind).contains_key(name) {
                let path = [at.to_vec(), vec![probe.name().into(), "endpoint".into()]].concat();
                self.manifest(
                    &path,
                    format!("the endpoint `{name}` has no place in the runtime {kind}"),
                );
            }
        }
    }

    pub(super) fn stand_ins(&mut self) {
        let runtimes = self.lab.manifest.runtimes();
        for (n, stand_in) in self.lab.manifest.stand_in.clone().iter().enumerate() {
            let at = |key: &str| vec!["stand_in".into(), n.into(), key.into()];
            if stand_in.steps.is_empty() {
                self.manifest(
                    &at("steps"),
                    format!("a stand-in of {} that shows everything", stand_in.of),
                );
            }
            for (s, id) in stand_in.steps.iter().enumerate() {
                if !self.lab.manifest.step.iter().any(|step| step.id == *id) {
                    let message = format!("there is no step `{id}`");
                    self.manifest(&[at("steps"), vec![s.into()]].concat(), message);
                }
            }
            if !stand_in.probed_over_network() {
                let message = "what answers is asked by http, tcp or metric: `status` asks it, \
                    and runs nothing of a lab";
                self.manifest(&at("seen"), message.to_owned());
            }
            self.reachable(&at("seen"), &stand_in.seen, &runtimes);
        }
    }

    pub(super) fn services(&mut self) {
        let local = self.lab.manifest.runtime.local.clone();
        for (n, path) in local.iter().flat_map(|local| &local.data).enumerate() {
            if let Some(message) = super::not_a_path(path) {
                self.manifest(
                    &["runtime".into(), "local".into(), "data".into(), n.into()],
                    message,
                );
            }
        }
        for (n, service) in local.iter().flat_map(|local| &local.service).enumerate() {
            for path in &service.requires {
                if let Some(message) = super::not_a_path(path) {
                    let at = [
                        "runtime".into(),
                        "local".into(),
                        "service".into(),
                        n.into(),
                        "requires".into(),
                    ];
                    self.manifest(&at, message);
                }
            }
        }
    }

    /// What the runtime kubernetes takes for granted: a namespace of the lab's own, labels by which
    /// its pods are found, files to build from.
    pub(super) fn cluster(&mut self) {
        let Some(plan) = self.lab.manifest.runtime.kubernetes.clone() else { return };
        let at = |key: &str| vec!["runtime".into(), "kubernetes".into(), key.into()];
        let path = format!("{}/kustomization.yaml", plan.apply.trim_end_matches('/'));
        match self.lab.template.get(&path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        {
            None => self.manifest(&at("apply"), format!("the template has no {path}")),
            Some(text)
                if !text.lines().any(|line| line.trim_end() == "namespace: <[ project_name ]>") =>
            {
                let shown = format!("templates/{}/{path}", self.id());
                self.file(
                    &shown,
                    None,
                    &text,
                    "it does not say `namespace: <[ project_name ]>`: the lab has a namespace of \
                    its own",
                );
            }
            Some(_) => {}
        }
        let label = "dev.mlops-lab.project: <[ project_name ]>";
        let labelled = self.lab.template.iter().any(|(path, bytes)| {
            path.ends_with("kustomization.yaml") && String::from_utf8_lossy(bytes).contains(label)
        });
        if !labelled {
            self.manifest(
                &at("apply"),
                format!("no kustomization gives the objects the label `{label}`"),
            );
        }
        for (n, image) in plan.image.iter().enumerate() {
            if !self.lab.template.contains_key(&image.file) {
                let path = [at("image"), vec![n.into(), "file".into()]].concat();
                self.manifest(&path, format!("the template has no {}", image.file));
            }
        }
        for (name, endpoint) in self.lab.manifest.endpoint.clone() {
            if endpoint.kubernetes.is_some_and(|forward| !forward.url.contains("://127.0.0.1:")) {
                let path =
                    ["endpoint".into(), name.as_str().into(), "kubernetes".into(), "url".into()];
                self.manifest(&path, "a forward listens on 127.0.0.1");
            }
        }
    }

    /// Secrets stand in `.env` files, and git must not take those.
    pub(super) fn ignored(&mut self) {
        let secret = |path: &&String| path.rsplit('/').next() == Some("dot-env");
        let Some(path) = self.lab.template.keys().find(secret).cloned() else { return };
        let ignored = self
            .lab
            .template
            .get("dot-gitignore")
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        if !ignored.is_some_and(|text| text.lines().any(|line| line.trim() == ".env")) {
            let shown = format!("templates/{}/{path}", self.id());
            self.file(&shown, None, "", "the lab's dot-gitignore does not list `.env`");
        }
    }

    /// The variables that a login names are lines of the lab's own `.env`.
    pub(super) fn logins(&mut self) {
        let document = self.dotenv();
        let has = |name: &str| document.as_ref().is_some_and(|document| document.assigns(name));
        for (name, endpoint) in self.lab.manifest.endpoint.clone() {
            let Some(login) = endpoint.login else { continue };
            for (key, variable) in [("user", login.user), ("password", login.password)] {
                if !has(&variable) {
                    let at = ["endpoint".into(), name.as_str().into(), "login".into(), key.into()];
                    self.manifest(&at, format!("the lab's dot-env sets no `{variable}`"));
                }
            }
        }
    }

    pub(super) fn probes(&mut self) {
        for (at, check) in checks(&self.lab.manifest.clone()) {
            let probe = &check.probe;
            if let Some((key, path)) = probe.file()
                && let Some(message) = super::not_a_path(path)
            {
                self.manifest(&[at, vec![probe.name().into(), key.into()]].concat(), message);
            }
        }
    }
}
