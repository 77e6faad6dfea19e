package record

import (
	"net/netip"
	"strconv"
	"strings"
)

// Flow is one VPC flow log record. Empty texts and a negative TCPFlags are written "-";
// Status other than OK leaves out all that NODATA and SKIPDATA records lack.
//
// VPC User Guide, "Flow log records", versions 2 to 5.
type Flow struct {
	Account, Interface     string
	Src, Dst               netip.Addr
	SrcPort, DstPort       uint16
	Protocol               uint8
	Packets, Bytes         int64
	Start, End             int64 // Unix seconds
	Action                 string
	Status                 string // empty: OK
	VPC, Subnet, Instance  string
	TCPFlags               int
	PacketSrc, PacketDst   netip.Addr // zero: as Src and Dst
	Region, Zone           string
	SrcService, DstService string
	Direction              string
	Path                   int // traffic-path, 0 is none
}

// FlowFormat is an order of fields.
type FlowFormat struct {
	Header string // the fields' names, parted by blanks
	fields []flowField
}

type flowField func(b []byte, f *Flow) []byte

// DefaultFlow is the order of a flow log without a custom format, version 2.
const DefaultFlow = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

// NewFlowFormat reads an order of fields, written as in a header line. It panics
// at a field it does not know.
func NewFlowFormat(header string) FlowFormat {
	f := FlowFormat{Header: header}
	version := "2"
	for _, name := range strings.Fields(header) {
		if v := fieldVersion[name]; v > version {
			version = v
		}
	}
	for _, name := range strings.Fields(header) {
		field, ok := flowFields[name]
		if name == "version" {
			field, ok = func(b []byte, _ *Flow) []byte { return append(b, version...) }, true
		}
		if !ok {
			panic("record: internal error: unknown flow field " + name)
		}
		f.fields = append(f.fields, field)
	}
	return f
}

// Append appends the record and a line feed.
func (o *FlowFormat) Append(b []byte, f *Flow) []byte {
	for i, field := range o.fields {
		if i > 0 {
			b = append(b, ' ')
		}
		b = field(b, f)
	}
	return append(b, '\n')
}

// fieldVersion names the fields that came after version 2.
var fieldVersion = map[string]string{"vpc-id": "3", "subnet-id": "3", "instance-id": "3", "tcp-flags": "3", "type": "3",
	"pkt-srcaddr": "3", "pkt-dstaddr": "3", "region": "4", "az-id": "4", "sublocation-type": "4", "sublocation-id": "4",
	"pkt-src-aws-service": "5", "pkt-dst-aws-service": "5", "flow-direction": "5", "traffic-path": "5"}

var flowFields = map[string]flowField{
	"account-id":   func(b []byte, f *Flow) []byte { return word(b, f.Account) },
	"interface-id": func(b []byte, f *Flow) []byte { return word(b, f.Interface) },
	"srcaddr":      data(func(b []byte, f *Flow) []byte { return f.Src.AppendTo(b) }),
	"dstaddr":      data(func(b []byte, f *Flow) []byte { return f.Dst.AppendTo(b) }),
	"srcport":      data(func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, int64(f.SrcPort), 10) }),
	"dstport":      data(func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, int64(f.DstPort), 10) }),
	"protocol":     data(func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, int64(f.Protocol), 10) }),
	"packets":      data(func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, f.Packets, 10) }),
	"bytes":        data(func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, f.Bytes, 10) }),
	"start":        func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, f.Start, 10) },
	"end":          func(b []byte, f *Flow) []byte { return strconv.AppendInt(b, f.End, 10) },
	"action":       data(func(b []byte, f *Flow) []byte { return word(b, f.Action) }),
	"log-status":   func(b []byte, f *Flow) []byte { return append(b, or(f.Status, "OK")...) },
	"vpc-id":       func(b []byte, f *Flow) []byte { return word(b, f.VPC) },
	"subnet-id":    func(b []byte, f *Flow) []byte { return word(b, f.Subnet) },
	"instance-id":  func(b []byte, f *Flow) []byte { return word(b, f.Instance) },
	"tcp-flags": data(func(b []byte, f *Flow) []byte {
		if f.TCPFlags < 0 {
			return append(b, '-')
		}
		return strconv.AppendInt(b, int64(f.TCPFlags), 10)
	}),
	"type": data(func(b []byte, f *Flow) []byte { return append(b, f.Family()...) }),
	"pkt-srcaddr": data(func(b []byte, f *Flow) []byte {
		if f.PacketSrc.IsValid() {
			return f.PacketSrc.AppendTo(b)
		}
		return f.Src.AppendTo(b)
	}),
	"pkt-dstaddr": data(func(b []byte, f *Flow) []byte {
		if f.PacketDst.IsValid() {
			return f.PacketDst.AppendTo(b)
		}
		return f.Dst.AppendTo(b)
	}),
	"region":              func(b []byte, f *Flow) []byte { return word(b, f.Region) },
	"az-id":               func(b []byte, f *Flow) []byte { return word(b, f.Zone) },
	"sublocation-type":    func(b []byte, _ *Flow) []byte { return append(b, '-') },
	"sublocation-id":      func(b []byte, _ *Flow) []byte { return append(b, '-') },
	"pkt-src-aws-service": data(func(b []byte, f *Flow) []byte { return word(b, f.SrcService) }),
	"pkt-dst-aws-service": data(func(b []byte, f *Flow) []byte { return word(b, f.DstService) }),
	"flow-direction":      data(func(b []byte, f *Flow) []byte { return word(b, f.Direction) }),
	"traffic-path": data(func(b []byte, f *Flow) []byte {
		if f.Path == 0 {
			return append(b, '-')
		}
		return strconv.AppendInt(b, int64(f.Path), 10)
	}),
}

// Family is what the field type says.
func (f *Flow) Family() string {
	if f.Src.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

// data is a field that records without data lack.
func data(field flowField) flowField {
	return func(b []byte, f *Flow) []byte {
		if f.Status == "NODATA" || f.Status == "SKIPDATA" {
			return append(b, '-')
		}
		return field(b, f)
	}
}

func word(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-')
	}
	return append(b, s...)
}
