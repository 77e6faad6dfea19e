package s3

import (
	"context"
	"maps"
	"slices"
	"sync"

	"logquarry/engine/manifest"
)

// Estimate is what a fetch would do, and about what it would cost.
type Estimate struct {
	Objects       int64 `json:"objects"` // to be fetched
	Bytes         int64 `json:"bytes"`
	Have          int64 `json:"objects_there"` // already
	HaveBytes     int64 `json:"bytes_there"`
	DeleteMarkers int64 `json:"delete_markers"`
	// Archived are in Glacier and cannot be read unless they were restored.
	Archived      int64 `json:"objects_archived"`
	ArchivedBytes int64 `json:"bytes_archived"`
	// Lists and Gets are the requests of the fetch; those of the estimate, as many
	// Lists again, come on top.
	Lists int64 `json:"list_requests"`
	Gets  int64 `json:"get_requests"`
	Costs Costs `json:"costs"`
	// Unlisted counts the places that could not be listed to their end, and
	// Problems says why.
	Unlisted int64     `json:"places_unlisted"`
	Problems []Problem `json:"problems"`
	Notes    []string  `json:"notes,omitempty"`
}

// Costs are in US dollars.
type Costs struct {
	Requests  float64 `json:"requests_usd"`
	Retrieval float64 `json:"retrieval_usd"` // of storage classes that ask for one
	// Transfer is what the bytes cost on their way out of AWS; to a machine in the
	// bucket's Region it is nothing.
	Transfer float64 `json:"transfer_to_internet_usd"`
	Assumed  string  `json:"assumed"`
}

// assumed says by which prices is reckoned. They differ by Region and are changed;
// the order of magnitude is what they are for.
const assumed = "S3 list prices of us-east-1, January 2025, without free tier, discounts, KMS requests and Object Lambda; transfer at the first tier"

// S3 pricing page, us-east-1, January 2025. US dollars.
const (
	listPrice     = 0.005 / 1000 // a LIST
	transferPrice = 0.09         // a GB to the internet, up to 10 TB a month
	gigabyte      = float64(1e9) // as AWS bills transfer, within 7 % of 2^30
)

// classPrices are what a GET and the retrieval of a GB cost by storage class. Classes
// not here are as STANDARD. S3 pricing page, us-east-1, January 2025.
var classPrices = map[string]struct{ get, retrieval float64 }{
	"STANDARD":            {0.0004 / 1000, 0},
	"STANDARD_IA":         {0.001 / 1000, 0.01},
	"ONEZONE_IA":          {0.001 / 1000, 0.01},
	"GLACIER_IR":          {0.01 / 1000, 0.03},
	"INTELLIGENT_TIERING": {0.0004 / 1000, 0},
}

// Plan lists what Fetch would fetch, and fetches and writes nothing.
func Plan(ctx context.Context, o Options) (*Estimate, error) {
	o = o.defaults()
	t := &tally{s: Summary{Problems: []Problem{}, Notes: []string{}}}
	c := newClients(&o, t)
	var err error
	if o.endpoint, err = c.endpoint(ctx); err != nil {
		return nil, err
	}
	log, err := manifest.Peek(o.Dir)
	if err != nil {
		return nil, opening(o.Dir, err)
	}
	defer log.Close()
	e := &Estimate{Costs: Costs{Assumed: assumed}}
	type class struct{ gets, bytes int64 }
	classes := map[string]class{}
	var mu sync.Mutex
	l := &lister{&o, c, t}
	f := &fetcher{o: &o}
	err = l.list(ctx, func(_ context.Context, x *Object) error {
		_, there, err := log.Have(f.entry(x))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case there:
			e.Have++
			e.HaveBytes += x.Size
			return nil
		case x.DeleteMarker:
			e.DeleteMarkers++
			return nil
		}
		e.Objects++
		e.Bytes += x.Size
		if archived(x.StorageClass) {
			e.Archived++
			e.ArchivedBytes += x.Size
		}
		gets := int64(1)
		if x.Size > o.PartBytes {
			// One HEAD for its checksum, and one for how it was uploaded.
			gets = (x.Size+o.PartBytes-1)/o.PartBytes + 2
		}
		c := classes[x.StorageClass]
		classes[x.StorageClass] = class{c.gets + gets, c.bytes + x.Size}
		e.Gets += gets
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.Lists, e.Unlisted, e.Problems, e.Notes = t.s.Requests, t.s.Unlisted, t.s.Problems, t.s.Notes
	e.Costs.Requests = float64(2*e.Lists) * listPrice
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		price, ok := classPrices[name]
		if !ok {
			price = classPrices["STANDARD"]
		}
		e.Costs.Requests += float64(classes[name].gets) * price.get
		e.Costs.Retrieval += float64(classes[name].bytes) / gigabyte * price.retrieval
	}
	e.Costs.Transfer = float64(e.Bytes) / gigabyte * transferPrice
	return e, nil
}
