package sigv4

import (
	"regexp"
	"strings"
)

// regionForm is what regions look like: us-east-1, us-gov-west-1, eusc-de-east-1.
var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}$`)

// signingNames are the services whose hosts have another name than the one that
// is signed. (AWS SDK, endpoints of bedrockruntime.)
var signingNames = map[string]string{
	"bedrock-runtime":      "bedrock",
	"bedrock-runtime-fips": "bedrock",
}

// EndpointOf reads service and region from a host such as
// "bedrock-runtime.us-east-1.amazonaws.com", where the region is preceded by the
// service, also within the names of private endpoints
// ("vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"). Both are empty for a
// host that names no region.
func EndpointOf(host string) (service, region string) {
	labels := strings.Split(host, ".")
	for i := len(labels) - 1; i > 0; i-- {
		if !regionForm.MatchString(labels[i]) {
			continue
		}
		service = labels[i-1]
		if name, ok := signingNames[service]; ok {
			service = name
		}
		return service, labels[i]
	}
	return "", ""
}
