// Package cost estimates what a month of Fallow costs on AWS, beside the same
// gateway in containers that run all the time. The LLM's own bill is not part
// of it: that is the same either way, and a thousand times as much.
package cost

// Region is the AWS region that the prices are of; others differ by up to 30 %.
const Region = "us-east-1"

// Day is when the prices were gathered.
const Day = "2026-11-22"

// Price is one of AWS's prices and where it was read.
type Price struct {
	Item   string  `json:"item"`
	USD    float64 `json:"usd"`
	Unit   string  `json:"unit"`
	Source string  `json:"source"`
}

// The prices, on demand and without free tiers. Sources are public pages that
// quote AWS's price lists; where they name a day, it stands beside them.
var (
	lambdaGBSecond = Price{"Lambda duration, arm64", 0.0000133334, "GB-second", "cloudchipr.com/blog/aws-lambda-pricing"}
	lambdaRequest  = Price{"Lambda requests", 0.20 / 1e6, "request", "cloudchipr.com/blog/aws-lambda-pricing"}
	dynamoWrite    = Price{"DynamoDB write unit of 1 KB, on demand", 0.625 / 1e6, "write", "AWS agent toolkit, calculate_costs.py (Aug 2026)"}
	dynamoRead     = Price{"DynamoDB strongly consistent read unit of 4 KB, on demand", 0.125 / 1e6, "read", "AWS agent toolkit, calculate_costs.py (Aug 2026)"}
	logsGB         = Price{"CloudWatch Logs ingestion", 0.50, "GB", "factualminds.com/blog, Amazon CloudWatch pricing (13 Jun 2026)"}
	metricMonth    = Price{"CloudWatch custom metric", 0.30, "metric and month", "signoz.io/guides/cloudwatch-pricing (15 Feb 2026)"}
	secretMonth    = Price{"Secrets Manager secret", 0.40, "secret and month", "AWS Secrets Manager pricing page, by way of api-evangelist (Sep 2026)"}
	fargateCPU     = Price{"Fargate vCPU, Linux x86", 0.04048, "hour", "wring.co/blog/aws-fargate-pricing-guide (10 Mar 2026)"}
	fargateGB      = Price{"Fargate memory, Linux x86", 0.004445, "GB and hour", "wring.co/blog/aws-fargate-pricing-guide (10 Mar 2026)"}
	armCPU         = Price{"Fargate vCPU, Linux arm64", 0.03238, "hour", "vantage.sh/blog/fargate-pricing"}
	armGB          = Price{"Fargate memory, Linux arm64", 0.00356, "GB and hour", "vantage.sh/blog/fargate-pricing"}
	albHour        = Price{"Application Load Balancer", 0.0225, "hour", "not verified on AWS's own page; some $22 a month with one capacity unit is quoted widely"}
	lcuHour        = Price{"load balancer capacity unit", 0.008, "hour", "not verified on AWS's own page; some $22 a month with one capacity unit is quoted widely"}
)

// Prices lists all prices that an estimate uses.
func Prices() []Price {
	return []Price{lambdaGBSecond, lambdaRequest, dynamoWrite, dynamoRead, logsGB, metricMonth, secretMonth,
		fargateCPU, fargateGB, armCPU, armGB, albHour, lcuHour}
}

// hours of a month, as AWS reckons.
const hours = 730
