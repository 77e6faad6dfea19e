package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"logquarry/engine/acquire/policy"
)

// findingTime is when a finding was last updated.
type findingTime struct{ UpdatedAt string }

func (t findingTime) into(p *page) {
	at, err := time.Parse(time.RFC3339Nano, t.UpdatedAt)
	if err != nil {
		p.loose = true
		return
	}
	p.spread(at.UTC())
}

// GuardDuty fetches the findings of GuardDuty that were updated in the window, those
// that were archived too, of every detector.
func (f *Fetch) GuardDuty(ctx context.Context) (*Summary, error) {
	w, err := f.window(0)
	if err != nil {
		return nil, err
	}
	const top = "guardduty-findings"
	return f.everywhere(ctx, top, policy.ListDetectors, func(ctx context.Context, region string) error {
		in := map[string]any{"maxResults": 50}
		for {
			c := call{op: policy.ListDetectors, region: region, method: http.MethodGet, path: "/detector", in: in}
			got, err := f.ask(ctx, c)
			if err != nil {
				return err
			}
			var out struct {
				DetectorIDs []string `json:"detectorIds"`
				NextToken   string   `json:"nextToken"`
			}
			if err := decode(c, got.body, &out); err != nil {
				return err
			}
			f.count(region, 0, int64(len(got.body)))
			for _, detector := range out.DetectorIDs {
				if err := f.detector(ctx, top, region, detector, w); err != nil {
					return err
				}
			}
			if out.NextToken == "" {
				return nil
			}
			in = with(in, map[string]any{"nextToken": out.NextToken})
		}
	})
}

// detector fetches the findings of one. Their ids come first, 50 a page, which is
// as many as may be asked for at a time.
func (f *Fetch) detector(ctx context.Context, top, region, detector string, w span) error {
	op := policy.GetDutyFindings
	wanted, err := json.Marshal(map[string]any{"detectorId": detector})
	if err != nil {
		return err
	}
	return f.take(ctx, listing{
		key: about{op.Service, op.Name, region, f.account, string(wanted)}, grain: time.Millisecond,
		dir: fmt.Sprintf("%s/%s/%s", top, f.account, region), name: fmt.Sprintf("%s_%s_%s_%s", f.account, top, region, safe(detector)),
		page: func(ctx context.Context, w span, token string) (page, error) {
			in := map[string]any{
				"maxResults": 50, "sortCriteria": map[string]string{"attributeName": "updatedAt", "orderBy": "ASC"},
				"findingCriteria": map[string]any{"criterion": map[string]any{"updatedAt": map[string]int64{"greaterThanOrEqual": w.Since.UnixMilli(), "lessThan": w.Until.UnixMilli()}}},
			}
			if token != "" {
				in["nextToken"] = token
			}
			c := call{op: policy.ListFindings, region: region, method: http.MethodPost, path: "/detector/" + detector + "/findings", in: in}
			listed, err := f.ask(ctx, c)
			if err != nil {
				return page{}, err
			}
			var list struct {
				FindingIDs []string `json:"findingIds"`
				NextToken  string   `json:"nextToken"`
			}
			if err := decode(c, listed.body, &list); err != nil {
				return page{}, err
			}
			if len(list.FindingIDs) == 0 {
				return page{answer: listed, asked: in, next: list.NextToken}, nil
			}
			c = call{op: op, region: region, method: http.MethodPost, path: "/detector/" + detector + "/findings/get", in: map[string]any{"findingIds": list.FindingIDs}}
			got, err := f.ask(ctx, c)
			if err != nil {
				return page{}, err
			}
			var out struct{ Findings []findingTime }
			if err := decode(c, got.body, &out); err != nil {
				return page{}, err
			}
			p := page{answer: got, asked: c.in, items: int64(len(out.Findings)), next: list.NextToken}
			for _, t := range out.Findings {
				t.into(&p)
			}
			return p, nil
		},
	}, w)
}

// SecurityHub fetches the findings of Security Hub that were updated in the window.
func (f *Fetch) SecurityHub(ctx context.Context) (*Summary, error) {
	w, err := f.window(0)
	if err != nil {
		return nil, err
	}
	const top = "securityhub-findings"
	op := policy.GetHubFindings
	return f.everywhere(ctx, top, op, func(ctx context.Context, region string) error {
		return f.take(ctx, listing{
			key: about{op.Service, op.Name, region, f.account, "{}"}, grain: time.Millisecond,
			dir: fmt.Sprintf("%s/%s/%s", top, f.account, region), name: fmt.Sprintf("%s_%s_%s", f.account, top, region),
			page: func(ctx context.Context, w span, token string) (page, error) {
				const form = "2006-01-02T15:04:05.000Z"
				in := map[string]any{
					"MaxResults": 100, "SortCriteria": []map[string]string{{"Field": "UpdatedAt", "SortOrder": "asc"}},
					"Filters": map[string]any{"UpdatedAt": []map[string]string{{"Start": w.Since.Format(form), "End": w.Until.Add(-time.Millisecond).Format(form)}}},
				}
				if token != "" {
					in["NextToken"] = token
				}
				c := call{op: op, region: region, method: http.MethodPost, path: "/findings", in: in}
				got, err := f.ask(ctx, c)
				if err != nil {
					return page{}, err
				}
				var out struct {
					Findings  []findingTime
					NextToken string
				}
				if err := decode(c, got.body, &out); err != nil {
					return page{}, err
				}
				p := page{answer: got, asked: in, items: int64(len(out.Findings)), next: out.NextToken}
				for _, t := range out.Findings {
					t.into(&p)
				}
				return p, nil
			},
		}, w)
	})
}
