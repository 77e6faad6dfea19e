package incident

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"github.com/parquet-go/parquet-go"

	"logquarry/cmd/logmaker/record"
)

// parquetFlow is a flow record as AWS writes it to Parquet: the default fields,
// "_" for "-", nothing where the text has "-".
type parquetFlow struct {
	Version     int32   `parquet:"version,optional"`
	AccountID   string  `parquet:"account_id,optional"`
	InterfaceID string  `parquet:"interface_id,optional"`
	SrcAddr     *string `parquet:"srcaddr,optional"`
	DstAddr     *string `parquet:"dstaddr,optional"`
	SrcPort     *int32  `parquet:"srcport,optional"`
	DstPort     *int32  `parquet:"dstport,optional"`
	Protocol    *int32  `parquet:"protocol,optional"`
	Packets     *int64  `parquet:"packets,optional"`
	Bytes       *int64  `parquet:"bytes,optional"`
	Start       int64   `parquet:"start,optional"`
	End         int64   `parquet:"end,optional"`
	Action      *string `parquet:"action,optional"`
	LogStatus   string  `parquet:"log_status,optional"`
}

func newParquetFlow(f *record.Flow) parquetFlow {
	p := parquetFlow{Version: 2, AccountID: f.Account, InterfaceID: f.Interface, Start: f.Start, End: f.End, LogStatus: f.Status}
	if f.Status != "" {
		return p
	}
	address := func(a netip.Addr) *string { s := a.String(); return &s }
	number := func(n int32) *int32 { return &n }
	p.LogStatus = "OK"
	p.SrcAddr, p.DstAddr = address(f.Src), address(f.Dst)
	p.SrcPort, p.DstPort, p.Protocol = number(int32(f.SrcPort)), number(int32(f.DstPort)), number(int32(f.Protocol))
	p.Packets, p.Bytes, p.Action = &f.Packets, &f.Bytes, &f.Action
	return p
}

// parquet writes the flow log of eu-west-1, a file a day under Hive prefixes.
func (f *folder) parquet(b *builder) error {
	var rows []flow
	for _, r := range b.flows {
		if r.log == lakeFlowLog {
			rows = append(rows, r)
		}
	}
	keys, lists := group(rows, func(r flow) string { return time.Unix(r.End, 0).UTC().Format("20060102") })
	for _, day := range keys {
		var out bytes.Buffer
		// The default CreatedBy names the build, which is not the same everywhere.
		w := parquet.NewGenericWriter[parquetFlow](&out, parquet.Compression(&parquet.Snappy), parquet.CreatedBy("logmaker", "1", "1"))
		for i := range lists[day] {
			if _, err := w.Write([]parquetFlow{newParquetFlow(&lists[day][i].Flow)}); err != nil {
				return fmt.Errorf("write parquet: %w", err)
			}
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
		f.add("vpc_flow", Load{Rows: len(lists[day])})
		f.put(fmt.Sprintf("AWSLogs/aws-account-id=%s/aws-service=vpcflowlogs/aws-region=%s/year=%s/month=%s/day=%s/%s_vpcflowlogs_%s_%s_%sT2355Z_%s.log.parquet",
			company, second, day[:4], day[4:6], day[6:], company, second, lakeFlowLog, day, record.Hex(b.r, 8)), out.Bytes())
	}
	return nil
}
