package record

import (
	"strconv"
	"time"
)

// Event is one CloudTrail record, its JSON parts ready to be written. The zero
// value of an optional part leaves it out; RequestParameters and
// ResponseElements, which AWS always writes, become null.
//
// CloudTrail User Guide, "CloudTrail record contents", version 1.11.
type Event struct {
	Identity    []byte // JSON
	Time        time.Time
	Source      string // without .amazonaws.com
	Name        string
	Region      string
	SourceIP    string // address, service name or "AWS Internal"
	UserAgent   string
	ErrorCode   string
	ErrorText   string
	Request     []byte // JSON
	Response    []byte // JSON
	Additional  []byte // JSON
	RequestID   string
	EventID     string
	ReadOnly    bool
	Resources   []byte // JSON
	Type        string // empty: AwsApiCall
	APIVersion  string
	Recipient   string
	SharedID    string
	VPCEndpoint string
	Category    string // empty: Management
	Service     []byte // JSON of serviceEventDetails
	TLSHost     string // empty: no tlsDetails
	TLSVersion  string // empty: TLSv1.3
	FromConsole bool
}

// Append appends the event as JSON on one line.
func (e *Event) Append(b []byte) []byte {
	b = append(b, `{"eventVersion":"1.11","userIdentity":`...)
	b = append(b, e.Identity...)
	b = append(b, `,"eventTime":"`...)
	b = e.Time.AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","eventSource":"`...)
	b = append(b, e.Source...)
	b = append(b, `.amazonaws.com","eventName":"`...)
	b = append(b, e.Name...)
	b = append(b, '"')
	b = text(b, "awsRegion", e.Region)
	b = text(b, "sourceIPAddress", e.SourceIP)
	b = text(b, "userAgent", e.UserAgent)
	b = text(b, "errorCode", e.ErrorCode)
	b = text(b, "errorMessage", e.ErrorText)
	b = append(b, `,"requestParameters":`...)
	b = orNull(b, e.Request)
	b = append(b, `,"responseElements":`...)
	b = orNull(b, e.Response)
	b = part(b, "additionalEventData", e.Additional)
	b = text(b, "requestID", e.RequestID)
	b = text(b, "eventID", e.EventID)
	b = append(b, `,"readOnly":`...)
	b = strconv.AppendBool(b, e.ReadOnly)
	b = part(b, "resources", e.Resources)
	b = text(b, "eventType", or(e.Type, "AwsApiCall"))
	b = text(b, "apiVersion", e.APIVersion)
	b = append(b, `,"managementEvent":`...)
	b = strconv.AppendBool(b, e.Category == "")
	b = text(b, "recipientAccountId", e.Recipient)
	b = part(b, "serviceEventDetails", e.Service)
	b = text(b, "sharedEventID", e.SharedID)
	b = text(b, "vpcEndpointId", e.VPCEndpoint)
	if e.VPCEndpoint != "" {
		b = text(b, "vpcEndpointAccountId", e.Recipient)
	}
	b = text(b, "eventCategory", or(e.Category, "Management"))
	if e.TLSHost != "" {
		version, suite := or(e.TLSVersion, "TLSv1.3"), "TLS_AES_128_GCM_SHA256"
		if version != "TLSv1.3" {
			suite = "ECDHE-RSA-AES128-GCM-SHA256"
		}
		b = append(b, `,"tlsDetails":{"tlsVersion":"`...)
		b = append(b, version...)
		b = append(b, `","cipherSuite":"`...)
		b = append(b, suite...)
		b = append(b, `","clientProvidedHostHeader":"`...)
		b = append(b, e.TLSHost...)
		b = append(b, `"}`...)
	}
	if e.FromConsole {
		b = append(b, `,"sessionCredentialFromConsole":"true"`...)
	}
	return append(b, '}')
}

// text appends ,"key":"v" where v is not empty, escaped.
func text(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, key...)
	b = append(b, `":`...)
	return Quote(b, v)
}

func part(b []byte, key string, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, key...)
	b = append(b, `":`...)
	return append(b, v...)
}

func orNull(b, v []byte) []byte {
	if len(v) == 0 {
		return append(b, "null"...)
	}
	return append(b, v...)
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

// Quote appends s as a JSON string. Bytes from 0x80 on are copied as they are.
func Quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// Session is the context of temporary credentials.
type Session struct {
	Created  time.Time
	MFA      bool
	IMDS     bool   // handed out by the instance metadata service, version 2
	Identity string // sourceIdentity
}

// RoleIdentity is the userIdentity of a session of a role. roleID is the AROA…
// id, role the role's name or path and name; key is empty where AWS made the
// call on the session's behalf, via says which service did then.
func RoleIdentity(account, roleID, role, session, key, via string, s Session) []byte {
	name := role
	for i := len(role) - 1; i >= 0; i-- {
		if role[i] == '/' {
			name = role[i+1:]
			break
		}
	}
	b := append([]byte(nil), `{"type":"AssumedRole","principalId":"`...)
	b = append(b, roleID+":"+session...)
	b = append(b, `","arn":"arn:aws:sts::`+account+`:assumed-role/`+name+`/`+session+`","accountId":"`+account+`"`...)
	b = text(b, "accessKeyId", key)
	b = append(b, `,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"`+roleID+
		`","arn":"arn:aws:iam::`+account+`:role/`+role+`","accountId":"`+account+`","userName":"`+name+`"},`...)
	b = sessionAttributes(b, s)
	b = append(b, '}')
	b = text(b, "invokedBy", via)
	return append(b, '}')
}

func sessionAttributes(b []byte, s Session) []byte {
	b = append(b, `"attributes":{"creationDate":"`...)
	b = s.Created.AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","mfaAuthenticated":"`...)
	b = strconv.AppendBool(b, s.MFA)
	b = append(b, `"}`...)
	b = text(b, "sourceIdentity", s.Identity)
	if s.IMDS {
		b = append(b, `,"ec2RoleDelivery":"2.0"`...)
	}
	return b
}

// UserIdentity is the userIdentity of an IAM user; s is nil for a call signed
// with a long-term key.
func UserIdentity(account, userID, user, key string, s *Session) []byte {
	b := append([]byte(nil), `{"type":"IAMUser","principalId":"`+userID+`","arn":"arn:aws:iam::`+account+`:user/`+user+
		`","accountId":"`+account+`"`...)
	b = text(b, "accessKeyId", key)
	b = text(b, "userName", user)
	if s != nil {
		b = append(b, `,"sessionContext":{"sessionIssuer":{},"webIdFederationData":{},`...)
		b = sessionAttributes(b, *s)
		b = append(b, '}')
	}
	return append(b, '}')
}

// RootIdentity is the userIdentity of an account's root; s is nil at sign-in.
func RootIdentity(account, key string, s *Session) []byte {
	b := append([]byte(nil), `{"type":"Root","principalId":"`+account+`","arn":"arn:aws:iam::`+account+`:root","accountId":"`+account+`"`...)
	if s != nil {
		b = text(b, "accessKeyId", key)
		b = append(b, `,"sessionContext":{`...)
		b = sessionAttributes(b, *s)
		b = append(b, '}')
	} else {
		b = append(b, `,"accessKeyId":""`...)
	}
	return append(b, '}')
}

// ServiceIdentity is the userIdentity of a call made by an AWS service.
func ServiceIdentity(service string) []byte {
	return []byte(`{"type":"AWSService","invokedBy":"` + service + `"}`)
}
