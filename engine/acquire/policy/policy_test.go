package policy

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocument(t *testing.T) {
	got, err := Document(Options{Kinds: []string{"cloudtrail", "config", "logs"}, Bucket: "shop-logs", Prefix: "trail/", Partition: "aws-cn"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ListBucket",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket"
      ],
      "Resource": "arn:aws-cn:s3:::shop-logs",
      "Condition": {
        "StringLike": {
          "s3:prefix": "trail/*"
        }
      }
    },
    {
      "Sid": "ReadObjects",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject"
      ],
      "Resource": "arn:aws-cn:s3:::shop-logs/trail/*"
    },
    {
      "Sid": "DecryptObjects",
      "Effect": "Allow",
      "Action": [
        "kms:Decrypt"
      ],
      "Resource": "arn:aws-cn:kms:*:*:key/*",
      "Condition": {
        "StringLike": {
          "kms:ViaService": "s3.*.amazonaws.com.cn"
        }
      }
    },
    {
      "Sid": "ReadLogGroups",
      "Effect": "Allow",
      "Action": [
        "logs:FilterLogEvents"
      ],
      "Resource": "arn:aws-cn:logs:*:*:log-group:*"
    },
    {
      "Sid": "AskServices",
      "Effect": "Allow",
      "Action": [
        "ec2:DescribeRegions",
        "logs:DescribeLogGroups"
      ],
      "Resource": "*"
    }
  ]
}
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// actions are those of a document.
func actions(t *testing.T, o Options) []string {
	t.Helper()
	text, err := Document(o)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range doc.Statement {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return all
}

func TestWishes(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want []string
	}{
		{Options{Kinds: []string{"waf"}, With: []string{"all-versions"}}, []string{"kms:Decrypt", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"}},
		{Options{Kinds: []string{"logs"}, With: []string{"insights"}}, []string{"ec2:DescribeRegions", "logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"}},
		{Options{Kinds: []string{"config-history"}, With: []string{"rules"}}, []string{"config:DescribeConfigRules", "config:GetComplianceDetailsByConfigRule", "ec2:DescribeRegions"}},
		{Options{Kinds: []string{"guardduty-findings"}, RegionsNamed: true}, []string{"guardduty:GetFindings", "guardduty:ListDetectors", "guardduty:ListFindings"}},
		{Options{Kinds: []string{"ec2-inventory"}, With: []string{"rules"}}, []string{"ec2:DescribeAddresses", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRegions"}},
	} {
		if d := cmp.Diff(c.want, actions(t, c.o)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c.o, d)
		}
	}
	// What changes something is in a policy only where it was wished for.
	for _, k := range Kinds() {
		for _, op := range k.Operations {
			if op.Write {
				t.Errorf("%s makes changes by %s unasked", k.Name, op.Name)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	_, err := Document(Options{Kinds: []string{"cloudtrail", "cloudtrial"}})
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.Kind != "cloudtrial" || !strings.Contains(unknown.Hint(), "cloudtrail-history") {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	action, seen := regexp.MustCompile(`^[a-z0-9]+:[A-Za-z]+$`), map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] {
			t.Errorf("%s stands twice", k.Name)
		}
		seen[k.Name] = true
		all := slices.Clone(k.Operations)
		for _, ops := range k.Also {
			all = append(all, ops...)
		}
		for _, op := range all {
			for _, a := range op.Actions {
				if !action.MatchString(a.Name) || a.On == "" {
					t.Errorf("%s: %s needs %+v", k.Name, op.Name, a)
				}
			}
		}
	}
}

// input is the type of an operation's parameters in a client of the SDK.
var input = regexp.MustCompile(`^([A-Z][A-Za-z0-9]+)Input$`)

// TestCalls reads which operations of S3 and CloudTrail the code fills parameters
// for: those are the ones in the table, and no others. The other services are
// called by the table alone.
func TestCalls(t *testing.T) {
	called := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		services := map[string]string{} // the name in this file → the service
		for _, i := range file.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			service, ok := strings.CutPrefix(path, "github.com/aws/aws-sdk-go-v2/service/")
			if !ok || service != "s3" && service != "cloudtrail" {
				continue
			}
			name := service
			if i.Name != nil {
				name = i.Name.Name
			}
			services[name] = service
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := sel.X.(*ast.Ident); ok && services[of.Name] != "" {
					if m := input.FindStringSubmatch(sel.Sel.Name); m != nil {
						called[services[of.Name]+" "+m[1]] = true
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, op := range []Operation{ListObjects, HeadBucket, GetObject, HeadObject, ListVersions, ListPublicKeys} {
		known[op.Service+" "+op.Name] = true
	}
	for c := range called {
		if !known[c] {
			t.Errorf("%s is called and in no policy", c)
		}
	}
	if _, err := os.Stat(filepath.Join("..", "s3")); err != nil {
		t.Skip("nothing fetches objects here")
	}
	for k := range known {
		if !called[k] {
			t.Errorf("%s is in a policy and never called", k)
		}
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eusc-de-east-1": "aws-eusc"} {
		if got := Partition(region); got != want {
			t.Errorf("%s is in %s, want %s", region, got, want)
		}
	}
}
