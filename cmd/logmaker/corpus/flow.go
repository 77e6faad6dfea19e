package corpus

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/record"
)

// The formats of the flow logs: nine files in ten have the default, which is what
// most people have; of the others most add three fields, a few the 26 that say
// all but where a Local Zone lies.
const (
	customFlow = record.DefaultFlow + " tcp-flags flow-direction traffic-path"
	fullFlow   = "version account-id vpc-id subnet-id instance-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end " +
		"action log-status tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service pkt-dst-aws-service flow-direction"
)

// flowFormat is the format of the i-th file, 0 being the default. The second
// file has a custom one, so that small corpora have both too.
func flowFormat(i int) int {
	switch {
	case i%40 == 11:
		return 2
	case i%10 == 1:
		return 1
	}
	return 0
}

const flowLinesPerFile = 40_000

// VPCFlow writes 6,000,000 × scale flow records.
func VPCFlow(dir string, scale float64) (logfile.Totals, error) {
	total := int(6_000_000 * scale)
	files := (total + flowLinesPerFile - 1) / flowLinesPerFile
	formats := []record.FlowFormat{record.NewFlowFormat(record.DefaultFlow), record.NewFlowFormat(customFlow), record.NewFlowFormat(fullFlow)}
	return logfile.WriteAll(dir, files, func(i int, buf []byte) logfile.Plain {
		r := source(kindFlow, uint64(i))
		n := min(flowLinesPerFile, total-i*flowLinesPerFile)
		end := start.Add(time.Duration(i+1) * 10 * time.Minute)
		account, region := accounts[i%2], regions[i%3]
		format := flowFormat(i)
		buf = append(append(buf, formats[format].Header...), '\n')
		buf = appendFlows(buf, r, &formats[format], newNetwork(account, region), end, n)
		key := logfile.FlowKey(account, region, "fl-0"+pad8(account+region, format), end, record.Hex(r, 8))
		return logfile.Plain{Key: key, Data: buf, Records: n}
	})
}

func pad8(name string, format int) string {
	return record.Hex(rand.New(rand.NewPCG(hash(name), uint64(format))), 16)
}

// network is the interfaces of one VPC.
type network struct {
	account, region, vpc string
	interfaces           []nic
}

type nic struct {
	id, subnet, instance, zone string
	addr, addr6                netip.Addr
}

func newNetwork(account, region string) *network {
	r := rand.New(rand.NewPCG(hash(account+region), 1))
	n := &network{account: account, region: region, vpc: "vpc-0" + record.Hex(r, 16)}
	subnets := ids(r, "subnet-0", 6)
	for i := range 60 {
		c := nic{id: "eni-0" + record.Hex(r, 16), subnet: subnets[i%6], zone: "use1-az" + string(rune('1'+i%6)),
			addr:  netip.AddrFrom4([4]byte{10, 0, byte(i % 6), byte(10 + i)}),
			addr6: netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 1, byte(i % 6), 15: byte(10 + i)})}
		if i%4 != 0 {
			c.instance = "i-0" + record.Hex(r, 16)
		}
		n.interfaces = append(n.interfaces, c)
	}
	return n
}

// talk is one conversation: its two directions repeat over the intervals.
type talk struct {
	nic          *nic
	peer         netip.Addr
	port         uint16 // the service's
	high         uint16 // the client's
	protocol     uint8
	inbound      bool // the peer began it
	rejected     bool
	v6           bool
	peerService  string
	size         int64 // typical bytes in an interval
	closesWithin int   // records until a new client port
}

var (
	inboundPorts  = []uint16{443, 443, 443, 80, 8080, 22, 5432, 6379, 3306, 53}
	outboundPorts = []uint16{443, 443, 443, 443, 5432, 6379, 80, 53, 123, 9092}
	probedPorts   = []uint16{22, 23, 3389, 445, 8080, 5900, 6379, 1433, 2375, 9200, 81, 8443, 5060, 27017}
	peerServices  = []string{"", "", "AMAZON", "S3", "DYNAMODB", "EC2"}
)

func newTalk(r *rand.Rand, n *network) talk {
	t := talk{nic: &n.interfaces[skew(r, len(n.interfaces))], protocol: 6, high: uint16(32768 + r.IntN(28000)), size: int64(200) << r.IntN(10)}
	t.closesWithin = 1 + r.IntN(12)
	t.inbound = r.IntN(2) == 0
	public := netip.AddrFrom4([4]byte{[]byte{192, 198, 203}[r.IntN(3)], 0, 0, byte(1 + r.IntN(254))}).As4()
	switch public[0] {
	case 192:
		public[2] = 2
	case 198:
		public[1], public[2] = 51, 100
	default:
		public[2] = 113
	}
	t.peer = netip.AddrFrom4(public)
	switch x := r.IntN(100); {
	case x < 45: // inside the VPC
		t.peer = n.interfaces[skew(r, len(n.interfaces))].addr
		t.port = inboundPorts[skew(r, len(inboundPorts))]
	case x < 55: // a probe from outside
		t.inbound, t.rejected, t.port, t.size = true, true, probedPorts[r.IntN(len(probedPorts))], 40
		if r.IntN(3) == 0 {
			t.port = uint16(1 + r.IntN(65000))
		}
	case x < 58:
		t.protocol, t.port, t.high = 1, 0, 0
	case x < 64:
		t.v6, t.peer = true, netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(256)), byte(r.IntN(256)), 15: byte(1 + r.IntN(254))})
		t.port = 443
	case t.inbound:
		t.port = inboundPorts[skew(r, 4)]
	default:
		t.port = outboundPorts[skew(r, len(outboundPorts))]
		t.peerService = peerServices[r.IntN(len(peerServices))]
	}
	if t.port == 53 || t.port == 123 {
		t.protocol = 17
	}
	return t
}

// appendFlows appends n records of the ten minutes before end.
func appendFlows(b []byte, r *rand.Rand, format *record.FlowFormat, n *network, end time.Time, count int) []byte {
	talks := make([]talk, 1500)
	for i := range talks {
		talks[i] = newTalk(r, n)
	}
	var f record.Flow
	for i := 0; i < count; {
		at := end.Unix() - 600 + int64(600*i/count)
		if r.IntN(700) == 0 {
			c := &n.interfaces[r.IntN(len(n.interfaces))]
			f = record.Flow{Account: n.account, Interface: c.id, VPC: n.vpc, Subnet: c.subnet, Instance: c.instance, Region: n.region, Zone: c.zone,
				Start: at, End: at + 60, Status: "NODATA"}
			if r.IntN(20) == 0 {
				f.Status = "SKIPDATA"
			}
			b = format.Append(b, &f)
			i++
			continue
		}
		t := &talks[skew(r, len(talks))]
		if t.closesWithin--; t.closesWithin <= 0 {
			if t.closesWithin = 1 + r.IntN(12); t.protocol != 1 {
				t.high = uint16(32768 + r.IntN(28000))
			}
			if r.IntN(3) == 0 {
				*t = newTalk(r, n)
			}
		}
		own := t.nic.addr
		if t.v6 {
			own = t.nic.addr6
		}
		f = record.Flow{Account: n.account, Interface: t.nic.id, VPC: n.vpc, Subnet: t.nic.subnet, Instance: t.nic.instance, Region: n.region,
			Zone: t.nic.zone, Protocol: t.protocol, Start: at, End: at + 20 + r.Int64N(40), Action: "ACCEPT", TCPFlags: -1}
		if t.protocol == 6 {
			f.TCPFlags = []int{0, 2, 3, 3, 18, 19, 19, 4}[r.IntN(8)]
		}
		// The first direction is the client's.
		f.Src, f.Dst, f.SrcPort, f.DstPort, f.Direction = t.peer, own, t.high, t.port, "ingress"
		if !t.inbound {
			f.Src, f.Dst, f.Direction, f.DstService, f.Path = own, t.peer, "egress", t.peerService, 8
		}
		f.Bytes = t.size/2 + r.Int64N(t.size+1)
		f.Packets = 1 + f.Bytes/700
		if t.rejected {
			f.Action, f.Bytes, f.Packets, f.TCPFlags = "REJECT", 40*(1+r.Int64N(3)), 1+r.Int64N(3), 2
		}
		b = format.Append(b, &f)
		if i++; t.rejected || i >= count {
			continue
		}
		f.Src, f.Dst, f.SrcPort, f.DstPort = f.Dst, f.Src, f.DstPort, f.SrcPort
		f.SrcService, f.DstService = f.DstService, ""
		if f.Direction, f.Path = "egress", 8; !t.inbound {
			f.Direction, f.Path = "ingress", 0
		}
		f.Bytes = f.Bytes*2 + r.Int64N(9000)
		f.Packets = 1 + f.Bytes/1100
		b = format.Append(b, &f)
		i++
	}
	return b
}
