"""The rules that policies become: `python3 -m unittest discover .ci/cluster.d`."""

import unittest

import policies


def pod(name: str, ip: str, ports: dict[str, int] | None = None) -> dict:
    listed = [{"name": port, "containerPort": number} for port, number in (ports or {}).items()]
    return {
        "metadata": {"name": name, "namespace": "lab", "labels": {"app": name}},
        "spec": {"containers": [{"ports": listed}]},
        "status": {"podIP": ip, "phase": "Running"},
    }


def policy(of: str, **spec: list) -> dict:
    types = [direction for direction in ("Ingress", "Egress") if direction.lower() in spec]
    selector = {"matchLabels": {"app": of}}
    return {
        "metadata": {"name": of, "namespace": "lab"},
        "spec": {"podSelector": selector, "policyTypes": types, **spec},
    }


PODS = [pod("server", "10.0.0.1", {"http": 8080}), pod("client", "10.0.0.2")]
SPACES = [{"metadata": {"name": "lab", "labels": {"kubernetes.io/metadata.name": "lab"}}}]
CLIENT = {"podSelector": {"matchLabels": {"app": "client"}}}
SERVER = {"podSelector": {"matchLabels": {"app": "server"}}}


class Rules(unittest.TestCase):
    def rules(self, *given: dict, pods: list[dict] | None = None) -> list[str]:
        text = policies.render(pods or PODS, SPACES, list(given))
        frame = policies.FRAME.split("{rules}")[0]
        self.assertTrue(text.startswith(frame))
        return [line for line in text[len(frame) :].splitlines() if line.startswith("-A")]

    def test_a_pod_without_a_policy_has_no_rule(self) -> None:
        self.assertEqual(self.rules(), [])
        self.assertEqual(self.rules(policy("another", ingress=[])), [])

    def test_a_policy_without_rules_refuses_all(self) -> None:
        refused = ["-A MLOPS-LAB-INGRESS -d 10.0.0.1 -j DROP"]
        self.assertEqual(self.rules(policy("server", ingress=[])), refused)

    def test_the_name_of_a_port_is_of_the_pod_that_receives(self) -> None:
        port = {"port": "http"}
        self.assertEqual(
            self.rules(policy("server", ingress=[{"from": [CLIENT], "ports": [port]}])),
            [
                "-A MLOPS-LAB-INGRESS -d 10.0.0.1 -s 10.0.0.2 -p tcp --dport 8080 -j RETURN",
                "-A MLOPS-LAB-INGRESS -d 10.0.0.1 -j DROP",
            ],
        )
        allowed = "-A MLOPS-LAB-EGRESS -s 10.0.0.2 -d 10.0.0.1 -p tcp --dport 8080 -j RETURN"
        for rule in ({"to": [SERVER], "ports": [port]}, {"ports": [port]}):
            refused = "-A MLOPS-LAB-EGRESS -s 10.0.0.2 -j DROP"
            self.assertEqual(self.rules(policy("client", egress=[rule])), [allowed, refused])

    def test_what_one_of_two_policies_allows_is_allowed(self) -> None:
        both = self.rules(policy("server", ingress=[]), policy("server", ingress=[{}]))
        self.assertEqual(
            both,
            [
                "-A MLOPS-LAB-INGRESS -d 10.0.0.1 -j RETURN",
                "-A MLOPS-LAB-INGRESS -d 10.0.0.1 -j DROP",
            ],
        )

    def test_a_namespace_is_chosen_by_its_labels(self) -> None:
        def peer(name: str) -> dict:
            return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}

        here = self.rules(policy("server", ingress=[{"from": [peer("lab") | CLIENT]}]))
        self.assertEqual(here[0], "-A MLOPS-LAB-INGRESS -d 10.0.0.1 -s 10.0.0.2 -j RETURN")
        elsewhere = self.rules(policy("server", ingress=[{"from": [peer("other") | CLIENT]}]))
        self.assertEqual(elsewhere, ["-A MLOPS-LAB-INGRESS -d 10.0.0.1 -j DROP"])

    def test_a_pod_that_has_ended_is_nobody(self) -> None:
        ended = pod("server", "10.0.0.1") | {"status": {"podIP": "10.0.0.1", "phase": "Failed"}}
        self.assertEqual(self.rules(policy("server", ingress=[]), pods=[ended]), [])

    def test_a_block_has_holes(self) -> None:
        def block(cidr: str, *holes: str) -> list[str]:
            return [str(network) for network in policies.subtract(cidr, list(holes))]

        self.assertEqual(block("0.0.0.0/0"), ["0.0.0.0/0"])
        self.assertEqual(sorted(block("10.0.0.0/30", "10.0.0.0/31")), ["10.0.0.2/31"])
        self.assertEqual(block("10.0.0.0/30", "10.0.0.0/8"), [])
        self.assertEqual(block("10.0.0.0/30", "192.168.0.0/16"), ["10.0.0.0/30"])

    def test_selectors_know_every_operator(self) -> None:
        def chosen(operator: str, *values: str) -> bool:
            expression = {"key": "app", "operator": operator, "values": list(values)}
            return policies.matches({"matchExpressions": [expression]}, {"app": "a"})

        self.assertTrue(chosen("In", "a", "b") and chosen("NotIn", "b") and chosen("Exists"))
        self.assertFalse(chosen("In", "b") or chosen("NotIn", "a") or chosen("DoesNotExist"))


if __name__ == "__main__":
    unittest.main()
