package api

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"logquarry/engine/acquire/policy"
)

// EC2Inventory fetches the network interfaces and the elastic addresses there are
// now, with whom they belong to. EC2 answers in XML: the file has it as the AWS CLI
// writes it, and the XML itself with the request.
func (f *Fetch) EC2Inventory(ctx context.Context) (*Summary, error) {
	const top = "ec2-inventory"
	return f.everywhere(ctx, top, policy.NetworkInterfaces, func(ctx context.Context, region string) error {
		for _, what := range []struct {
			op    policy.Operation
			in    map[string]any
			items string
		}{
			{policy.NetworkInterfaces, map[string]any{"MaxResults": 1000}, "NetworkInterfaces"},
			{policy.Addresses, map[string]any{}, "Addresses"},
		} {
			op := what.op
			key := about{op.Service, op.Name, region, f.account, "{}"}
			err := f.state(ctx, top, key, func(ctx context.Context, token string) (page, error) {
				in := what.in
				if token != "" {
					in = with(in, map[string]any{"NextToken": token})
				}
				c := call{op: op, region: region, in: in}
				got, err := f.ask(ctx, c)
				if err != nil {
					return page{}, err
				}
				text, err := plain(got.body)
				if err != nil {
					return page{}, unreadable(c, err)
				}
				var out map[string]json.RawMessage
				if err := decode(c, text, &out); err != nil {
					return page{}, err
				}
				p := page{answer: got, asked: in, xml: string(got.body)}
				var list []json.RawMessage
				if v := out[what.items]; v != nil {
					if err := decode(c, v, &list); err != nil {
						return page{}, err
					}
				}
				if v := out["NextToken"]; v != nil {
					if err := decode(c, v, &p.next); err != nil {
						return page{}, err
					}
				}
				p.items, p.body = int64(len(list)), text
				return p, nil
			})
			if err := f.survive(ctx, op, region, nil, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// lists are the elements that hold items, and what the AWS CLI calls them. EC2 API
// Reference, NetworkInterface and Address.
var lists = map[string]string{
	"networkInterfaceSet": "NetworkInterfaces", "addressesSet": "Addresses", "groupSet": "Groups", "privateIpAddressesSet": "PrivateIpAddresses", "ipv6AddressesSet": "Ipv6Addresses",
	"ipv4PrefixSet": "Ipv4Prefixes", "ipv6PrefixSet": "Ipv6Prefixes", "tagSet": "TagSet", "enaSrdSpecification": "EnaSrdSpecification", "associatedSubnetSet": "AssociatedSubnets",
}

// numbers are the elements that hold numbers; all others are text, ids of accounts
// among them.
var numbers = map[string]bool{"deviceIndex": true, "networkCardIndex": true}

// plain makes JSON of an answer of EC2, as the AWS CLI does.
func plain(body []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		v, err := element(d, start, 0)
		if err != nil {
			return nil, err
		}
		members, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("an answer without elements")
		}
		delete(members, "RequestId")
		return json.Marshal(members)
	}
}

// deepest is how far elements may lie in one another.
const deepest = 32

// element is one element's value: text, true or false, a number, an object, or a
// list where it has items.
func element(d *xml.Decoder, of xml.StartElement, depth int) (any, error) {
	if depth > deepest {
		return nil, errors.New("elements lie too deep in one another")
	}
	name := of.Name.Local
	list, members := []any{}, map[string]any{}
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			v, err := element(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			if t.Name.Local == "item" {
				list = append(list, v)
				continue
			}
			member, ok := lists[t.Name.Local]
			if !ok {
				member = strings.ToUpper(t.Name.Local[:1]) + t.Name.Local[1:]
			}
			members[member] = v
		case xml.EndElement:
			value := strings.TrimSpace(text.String())
			switch {
			case len(list) > 0 || strings.HasSuffix(name, "Set"):
				return list, nil
			case len(members) > 0:
				return members, nil
			case value == "true", value == "false":
				return value == "true", nil
			case numbers[name] && json.Valid([]byte(value)):
				return json.Number(value), nil
			}
			return value, nil
		}
	}
}
