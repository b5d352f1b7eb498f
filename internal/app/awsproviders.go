package app

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider/bedrock"
	"github.com/fallow-dev/fallow/internal/provider/claudeaws"
	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
)

// awsProvider is what there is to know of a provider that AWS hosts.
func awsProvider(p config.Pool, environ []string) (known, error) {
	region, err := regionOf(p, environ)
	if err != nil {
		return known{}, err
	}
	if p.Provider == config.ProviderBedrock {
		// Input plus max_tokens is taken from a quota when a request begins (AWS
		// docs, Bedrock, "How tokens are counted").
		d := bedrock.New(bedrock.Config{Region: region, Credentials: ownCredentials{}})
		return known{dialect: d, formula: bedrockFormula, prepaid: true}, nil
	}
	d := claudeaws.New(claudeaws.Config{Workspace: p.Workspace, Service: serviceOf(p), Region: region, Credentials: ownCredentials{}})
	return known{dialect: d, formula: estimate.Anthropic, prepaid: serviceOf(p) != claudePlatform}, nil
}

// claudePlatform is the service whose quotas are Anthropic's own.
const claudePlatform = "aws-external-anthropic"

// serviceOf is the service behind a pool of claude-aws. A host that tells none
// is a proxy's, which is taken to stand before Claude Platform on AWS.
func serviceOf(p config.Pool) string {
	if service, _ := endpointOf(p.BaseURL); service != "" {
		return service
	}
	return claudePlatform
}

// claudeSeller is who lists the prices of a pool of claude-aws. Claude Platform
// on AWS costs what Anthropic asks (AWS docs, Claude Platform on AWS).
func claudeSeller(p config.Pool) string {
	if serviceOf(p) == claudePlatform {
		return config.ProviderAnthropic
	}
	return config.ProviderBedrock
}

// bedrockFormula knows that Claude counts as it does elsewhere. Of the other
// makers' models none is alike; OpenAI's formula is as good a start as any.
func bedrockFormula(model string) estimate.Formula {
	if strings.Contains(model, "anthropic.") {
		return estimate.Anthropic(model)
	}
	return estimate.OpenAI(model)
}

var errNoRegion = errors.New("base_url: the region is not known: write an endpoint of it, such as " +
	"https://bedrock-runtime.us-east-1.amazonaws.com, or set AWS_REGION")

// regionOf is where a pool's requests go, or are signed for: what the host of
// base_url says, else AWS_REGION. It can be missing where a proxy is asked with
// an API key.
//
// The configuration alone cannot tell, since the region that counts is that of
// the machine which serves and not of the one on which it is validated.
func regionOf(p config.Pool, environ []string) (string, error) {
	if _, region := endpointOf(p.BaseURL); region != "" {
		return region, nil
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region, _ := secret.Env(environ).Read(context.Background(), name); region != "" {
			return region, nil
		}
	}
	signed := slices.ContainsFunc(p.Keys, func(k config.Key) bool { return strings.HasPrefix(k.Secret, secret.SchemeAWS+":") })
	if p.BaseURL == "" || signed {
		return "", errNoRegion
	}
	return "", nil
}

func endpointOf(base string) (service, region string) {
	u, err := url.Parse(base)
	if err != nil {
		return "", "" // config has refused it
	}
	return sigv4.EndpointOf(u.Hostname())
}

// ownCredentials are those of the process: of the function's role on Lambda, of
// the environment or a profile elsewhere. They are looked for when the first
// request needs them, since a cold start of a gateway without such a pool should
// not pay for it; the SDK caches them and renews them before they expire.
type ownCredentials struct{}

var _ sigv4.Credentials = ownCredentials{}

// Retrieve implements sigv4.Credentials.
func (ownCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	cfg, err := AWS(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	return cfg.Credentials.Retrieve(ctx)
}
