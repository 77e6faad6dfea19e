package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire"
	"logquarry/engine/render"
)

// awsFlags say who asks AWS.
type awsFlags struct {
	session acquire.Session
	token   string // of the MFA device
}

func (f *awsFlags) flags(c *cobra.Command) {
	p := c.PersistentFlags()
	p.StringVar(&f.session.Profile, "profile", "", "`profile` of the AWS configuration")
	p.StringVar(&f.session.Region, "region", "", "`region` to ask")
	p.StringVar(&f.session.RoleARN, "role-arn", "", "`role` to assume")
	p.StringVar(&f.session.ExternalID, "external-id", "", "`id` that the role wants to hear")
	p.StringVar(&f.session.MFASerial, "mfa-serial", "", "MFA device, its serial `number` or ARN")
	p.StringVar(&f.token, "mfa-token", "", "`digits` of the MFA device (default they are asked for)")
	p.StringVar(&f.session.Endpoint, "endpoint-url", "", "`URL` to ask instead of AWS")
	p.BoolVar(&f.session.PathStyle, "path-style", false, "put the bucket into the path of the URL, not into its host")
}

// authenticate sees to it that the session asks for the token where it needs one.
func (f *awsFlags) authenticate(a *app) *acquire.Session {
	f.session.Token = func() (string, error) {
		if f.token != "" {
			return f.token, nil
		}
		device := f.session.MFASerial
		if device == "" {
			device = "the MFA device of the profile"
		}
		fmt.Fprintf(a.err, "token of %s: ", render.Escape(device))
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return line, nil
	}
	return &f.session
}
