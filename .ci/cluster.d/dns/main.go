// The DNS server of the cluster: addresses of Services and of the pods behind headless ones, as
// Kubernetes specifies them. Any other name does not exist: no query leaves the node.
package main

import (
	"log"
	"net"
	"strings"

	"github.com/miekg/dns"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
)

const (
	address = ":53"
	zone    = ".svc.cluster.local."
	// In seconds. Short, because tests replace pods all the time.
	ttl = 5
	// A UDP client that does not say otherwise takes no longer answer.
	largest = 512
)

type names struct {
	services  listers.ServiceLister
	endpoints listers.EndpointsLister
}

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	core := factory.Core().V1()
	known := names{core.Services().Lister(), core.Endpoints().Lister()}
	forever := make(chan struct{})
	factory.Start(forever)
	// Listens, and so becomes ready, only when it can answer.
	factory.WaitForCacheSync(forever)

	failed := make(chan error)
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: address, Net: network, Handler: known}
		go func() { failed <- server.ListenAndServe() }()
	}
	log.Fatal(<-failed)
}

func (n names) ServeDNS(client dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(query)
	reply.Authoritative, reply.RecursionAvailable = true, true
	for _, question := range query.Question {
		addresses, exists := n.resolve(strings.ToLower(question.Name))
		if !exists {
			reply.Rcode = dns.RcodeNameError
		}
		// A name that exists has no record of any other type: the answer is empty.
		if question.Qtype != dns.TypeA {
			continue
		}
		header := dns.RR_Header{
			Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl,
		}
		for _, ip := range addresses {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: net.ParseIP(ip)})
		}
	}
	if client.RemoteAddr().Network() == "udp" && reply.Len() > largest {
		reply.Truncated, reply.Answer = true, nil
	}
	if err := client.WriteMsg(reply); err != nil {
		log.Print(err)
	}
}

// resolve returns the addresses of SERVICE.NAMESPACE or HOST.SERVICE.NAMESPACE in the zone, and
// whether there is such a name.
func (n names) resolve(name string) (addresses []string, exists bool) {
	labels := strings.Split(strings.TrimSuffix(name, zone), ".")
	if !strings.HasSuffix(name, zone) || len(labels) < 2 || len(labels) > 3 {
		return nil, false
	}
	host := strings.Join(labels[:len(labels)-2], "")
	service, namespace := labels[len(labels)-2], labels[len(labels)-1]
	found, err := n.services.Services(namespace).Get(service)
	if err != nil {
		return nil, false
	}
	if found.Spec.ClusterIP != v1.ClusterIPNone {
		return []string{found.Spec.ClusterIP}, host == ""
	}
	endpoints, err := n.endpoints.Endpoints(namespace).Get(service)
	if err != nil {
		return nil, host == ""
	}
	for _, subset := range endpoints.Subsets {
		for _, pod := range subset.Addresses {
			if host == "" || host == pod.Hostname {
				addresses = append(addresses, pod.IP)
			}
		}
	}
	return addresses, host == "" || len(addresses) > 0
}
