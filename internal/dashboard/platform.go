package dashboard

// Prices in us-east-1, November 2026, in US dollars (AWS price list): Lambda on
// arm64 for a gigabyte-second and for a request, DynamoDB on demand for a write
// and a read unit.
const (
	gigabyteMillisecond = "0.0000000133334"
	lambdaRequest       = "0.0000002"
	writeUnit           = "0.000000625"
	readUnit            = "0.000000125"
)

// platform shows what AWS measures of the functions and the table.
func platform() []Row {
	return []Row{
		{Height: 6, Widgets: []Widget{
			{Title: "Lambda: duration of invocations", Width: 8, Unit: "ms", Series: []Series{
				gateway("Duration", "p50", "p50"), gateway("Duration", "p95", "p95"), gateway("Duration", "Maximum", "longest")}},
			{Title: "Lambda: concurrency and cold starts", Width: 8, Unit: "", Series: []Series{
				gateway("ConcurrentExecutions", "Maximum", "at once"), own("ColdStarts", "Sum", "cold starts")}},
			{Title: "Lambda: crashes, refusals of its own", Width: 8, Unit: "a minute", Series: []Series{
				gateway("Errors", "Sum", "crashed or out of time"), gateway("Throttles", "Sum", "429 by Lambda"),
				own(InternalErrors, "Sum", "internal errors")}},
		}},
		{Height: 6, Widgets: []Widget{
			{Title: "DynamoDB: latency", Width: 6, Unit: "ms", Series: []Series{
				operation("SuccessfulRequestLatency", "Query", "p95", "query p95"),
				operation("SuccessfulRequestLatency", "UpdateItem", "p95", "update p95")}},
			{Title: "DynamoDB: throttled, failed open", Width: 6, Unit: "a minute", Series: []Series{
				table("ReadThrottleEvents", "reads throttled"), table("WriteThrottleEvents", "writes throttled"),
				own("StoreFailures", "Sum", "failed open")}},
			{Title: "Spend of the gateway itself", Width: 6, Unit: "US dollars a minute", Stack: true, Series: []Series{
				Formula{Label: "Lambda", Of: []Term{
					{"${MemorySize} / 1024 * " + gigabyteMillisecond, gateway("Duration", "Sum", "")},
					{lambdaRequest, gateway("Invocations", "Sum", "")}}},
				Formula{Label: "DynamoDB", Of: []Term{
					{writeUnit, table("ConsumedWriteCapacityUnits", "")}, {readUnit, table("ConsumedReadCapacityUnits", "")}}}}},
			{Title: "Rebalancer", Width: 6, Unit: "", Series: []Series{
				own("RebalanceRuns", "Sum", "runs"), own("RebalanceFailures", "Sum", "runs with a failure"),
				Formula{Label: "seconds", Of: []Term{{"0.001", own("RebalanceTime", "Maximum", "")}}}}},
		}},
		{Height: 6, Widgets: []Widget{
			{Title: "Alarms", Width: 8, Alarms: Alarms()},
			{Title: "Last requests that went wrong", Width: 16, Query: "fields @timestamp, outcome, code, status, client, model, key, request_id" +
				" | filter msg = 'request' and outcome not in ['answered', 'abandoned', 'rejected'] | sort @timestamp desc | limit 20"},
		}},
	}
}

// InternalErrors is made of log lines, by a metric filter of the template: in
// the catalogue they are among the GatewayFaults, which must not take a
// deployment back.
const InternalErrors = "InternalErrors"

// Alarms are the logical ids of the template's alarms.
func Alarms() []string {
	return []string{"PoolExhausted", "GroupQuarantined", "OperatorNeeded", "ErrorRate", "ShedRate", "GatewayCrashes",
		"GatewayThrottled", "GatewayBudget", "RebalancerStopped", "TableFailsOpen"}
}

func gateway(name, stat, label string) Metric {
	return Metric{Namespace: "AWS/Lambda", Name: name, Dimensions: []string{"FunctionName", "${GatewayFunction}"}, Stat: stat, Label: label}
}

func table(name, label string) Metric {
	return Metric{Namespace: "AWS/DynamoDB", Name: name, Dimensions: []string{"TableName", "${StateTable}"}, Stat: "Sum", Label: label}
}

func operation(name, operation, stat, label string) Metric {
	m := table(name, label)
	m.Dimensions, m.Stat = append(m.Dimensions, "Operation", operation), stat
	return m
}
