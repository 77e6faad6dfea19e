package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// serveS3 BUCKET DIR serves the files of a folder as the objects of a bucket, and
// makes the environment ask there.
func serveS3(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithoutVersioning()).Server())
	ts.Defer(server.Close)
	sts := httptest.NewServer(http.HandlerFunc(serveSTS))
	ts.Defer(sts.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ENDPOINT_URL_STS": sts.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_SESSION_TOKEN": ""} {
		ts.Setenv(name, value)
	}
	client := s3.New(s3.Options{BaseEndpoint: &server.URL, UsePathStyle: true, Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")})
	ctx := context.Background()
	bucket, dir := args[0], ts.MkAbs(args[1])
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	ts.Check(err)
	ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(filepath.ToSlash(rel)), Body: bytes.NewReader(body), Metadata: map[string]string{"origin": "trail"}})
		return err
	}))
}

// serveSTS gives a session to whoever has the token 123456.
func serveSTS(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	const space = "https://sts.amazonaws.com/doc/2011-06-15/"
	if err := r.ParseForm(); err != nil || r.PostForm.Get("Action") != "GetSessionToken" || r.PostForm.Get("TokenCode") != "123456" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<ErrorResponse xmlns=%q><Error><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed with invalid MFA one time pass code.</Message></Error></ErrorResponse>`, space)
		return
	}
	fmt.Fprintf(w, `<GetSessionTokenResponse xmlns=%q><GetSessionTokenResult><Credentials><AccessKeyId>AKIDEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>`+
		`<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>`, space)
}
