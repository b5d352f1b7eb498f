package prices

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDataIsPinned(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(data))
	if got := hex.EncodeToString(sum[:]); got != dataSHA256 {
		t.Errorf("prices.tsv has hash %s, pin.go %s: read what changed, then pin it", got, dataSHA256)
	}
	if len(data) >= 150_000 {
		t.Errorf("prices.tsv has %d bytes, want less than 150,000: it is in every binary", len(data))
	}
}

// TestEveryLineIsFound is what binary search in the file depends on.
func TestEveryLineIsFound(t *testing.T) {
	t.Parallel()
	var ids []string
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		id, _, _ := strings.Cut(line, "\t")
		want, ok := parseLine(strings.TrimSuffix(line, "\n"))
		if !ok {
			t.Errorf("not a line: %q", line)
		}
		provider, model, _ := strings.Cut(id, "/")
		if got, ok := Lookup(provider, model); !ok || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", id, got, ok, want)
		}
		if want.Input <= 0 && want.Output <= 0 {
			t.Errorf("%s is free", id)
		}
		ids = append(ids, id)
	}
	if len(ids) < 1000 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("got %d models, want at least 1000, sorted and different", len(ids))
	}
}

// TestPublishedPrices compares with what the providers' price pages say.
func TestPublishedPrices(t *testing.T) {
	t.Parallel()
	tests := []struct {
		provider, model string
		want            Price
	}{
		// Anthropic docs, about-claude/pricing.
		{"anthropic", "claude-sonnet-4-5", Price{Mode: "chat", Context: 200_000, MaxOutput: 64_000,
			Rates: Rates{3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000}}},
		{"anthropic", "claude-haiku-4-5-20251001", Price{Mode: "chat", Context: 200_000, MaxOutput: 64_000,
			Rates: Rates{1_000_000, 5_000_000, 100_000, 1_250_000, 2_000_000}}},
		{"anthropic", "claude-opus-4-5", Price{Mode: "chat", Context: 200_000, MaxOutput: 64_000,
			Rates: Rates{5_000_000, 25_000_000, 500_000, 6_250_000, 10_000_000}}},
		// OpenAI docs, pricing. Nothing is published for writes of the cache.
		{"openai", "gpt-4o", Price{Mode: "chat", Context: 128_000, MaxOutput: 16_384,
			Rates: Rates{2_500_000, 10_000_000, 1_250_000, 2_500_000, 2_500_000}}},
		{"openai", "gpt-4o-mini", Price{Mode: "chat", Context: 128_000, MaxOutput: 16_384,
			Rates: Rates{150_000, 600_000, 75_000, 150_000, 150_000}}},
		{"openai", "text-embedding-3-small", Price{Mode: "embedding", Context: 8_191,
			Rates: Rates{20_000, 0, 20_000, 20_000, 20_000}}},
		// Gemini API docs, pricing: twice as much from 200,000 tokens on.
		{"gemini", "gemini-2.5-pro", Price{Mode: "chat", Context: 1_048_576, MaxOutput: 65_536,
			Rates:     Rates{1_250_000, 10_000_000, 125_000, 1_250_000, 1_250_000},
			LongAbove: 200_000, Long: Rates{2_500_000, 15_000_000, 250_000, 2_500_000, 2_500_000}}},
		// Amazon Bedrock pricing.
		{"bedrock", "amazon.nova-micro-v1:0", Price{Mode: "chat", Context: 128_000, MaxOutput: 10_000,
			Rates: Rates{35_000, 140_000, 8_750, 35_000, 35_000}}},
	}
	for _, tt := range tests {
		t.Run(tt.model, func(t *testing.T) {
			t.Parallel()
			if got, ok := Lookup(tt.provider, tt.model); !ok || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, ok, tt.want)
			}
		})
	}
}

func TestLookupUnderOtherNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, provider, asked, listed string }{
		{"a date that is to come", "anthropic", "claude-sonnet-5-20270131", "claude-sonnet-5"},
		{"a date with hyphens", "openai", "gpt-5.1-2027-01-31", "gpt-5.1"},
		{"a version after an at sign", "anthropic", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"},
		{"latest", "anthropic", "claude-sonnet-5-latest", "claude-sonnet-5"},
		{"Gemini's resource name", "gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"},
		{"a fine-tuned model", "openai", "ft:gpt-4o-2024-08-06:acme::9xYz", "ft:gpt-4o-2024-08-06"},
		{"an area without a price of its own", "bedrock", "au.amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"},
		{"a region without a price of its own", "bedrock", "eu-west-1/amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"},
		{"an inference profile", "bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1:0"},
		{"an area and a version, listed without the area", "bedrock", "au.anthropic.claude-sonnet-4-5-20250929-v1:0", "au.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"a date and version that are to come", "bedrock", "eu.anthropic.claude-opus-5-20270131-v2:0", "eu.anthropic.claude-opus-5"},
		{"an Azure region", "azure", "global/gpt-5", "gpt-5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want, listed := Lookup(tt.provider, tt.listed)
			got, ok := Lookup(tt.provider, tt.asked)
			if !listed || !ok || got != want {
				t.Errorf("%s: got %+v, %v, want %+v of %s, %v", tt.asked, got, ok, want, tt.listed, listed)
			}
		})
	}
}

func TestLookupPrefersWhatIsExact(t *testing.T) {
	t.Parallel()
	old, ok := Lookup("openai", "gpt-4o-2024-05-13") // it never became cheaper
	now, _ := Lookup("openai", "gpt-4o")
	if !ok || old.Input != 5_000_000 || now.Input != 2_500_000 {
		t.Errorf("gpt-4o-2024-05-13: got %v, gpt-4o: got %v", old.Input, now.Input)
	}
	us, _ := Lookup("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
	global, _ := Lookup("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0")
	if us.Input != 3_300_000 || global.Input != 3_000_000 {
		t.Errorf("in the US: got %v, anywhere: got %v, want 3.3 and 3", us.Input, global.Input)
	}
}

func TestLookupOfTheUnknown(t *testing.T) {
	t.Parallel()
	for _, id := range [][2]string{
		{"", ""}, {"anthropic", ""}, {"anthropic", "claude-unheard-of"}, {"openai", "claude-sonnet-5"},
		{"openai-compatible", "gpt-5"}, {"together", "meta-llama/none"}, {"# 1283 models: provider", "model"},
		{"~", "~"}, {"bedrock", "arn:none"}, {"bedrock", "us."}, {"openai", "-latest"},
		{"openai", "gpt-5-12345678"}, {"openai", "gpt-5-2024-99-99"}, {"openai", "gpt-5-20251399"}, {"openai", "gpt-5-20251232"},
		{"openai", "gpt-5-20191231"}, {"openai", "gpt-5-21000101"}, {"openai", "my:gpt-4o-2024-08-06:acme"},
	} {
		if got, ok := Lookup(id[0], id[1]); ok {
			t.Errorf("%q: got %+v, want nothing", id, got)
		}
	}
}

// TestFindInAnyTable compares binary search with walking through all lines.
func TestFindInAnyTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c]{1,3}/[a-c]{1,3}`), 0, 20, rapid.ID[string]).Draw(t, "ids")
		slices.Sort(ids)
		var table strings.Builder
		table.WriteString("# a header, with\n# two lines\n")
		for _, id := range ids {
			table.WriteString(id + "\tof " + id + "\n")
		}
		key := rapid.StringMatching(`[a-c]{1,3}/[a-c]{1,3}`).Draw(t, "key")
		line, ok := find(table.String(), key)
		if want := slices.Contains(ids, key); ok != want || ok && line != key+"\tof "+key {
			t.Errorf("got %q, %v, want found %v", line, ok, want)
		}
	})
}

func TestHostProvider(t *testing.T) {
	t.Parallel()
	tests := []struct{ host, want string }{
		{"api.groq.com", "groq"}, {"acme.openai.azure.com", "azure"}, {"eu.api.openai.com", "openai"},
		{"evil-api.groq.com.example", ""}, {"myapi.groq.com", ""}, {"localhost", ""}, {"", ""},
	}
	for _, tt := range tests {
		if got := HostProvider(tt.host); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.host, got, tt.want)
		}
	}
	for _, h := range hosts {
		if _, after, _ := strings.Cut(data, "\n"+h.provider+"/"); after == "" {
			t.Errorf("%s: no price is listed under %s", h.domain, h.provider)
		}
	}
}

func FuzzLookup(f *testing.F) {
	f.Add("bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-5-20270131-v1:0")
	f.Add("openai", "ft:gpt-4o-2024-08-06:acme::1")
	f.Add("azure", "eu/gpt-5@1-latest")
	f.Fuzz(func(t *testing.T, provider, model string) {
		tried := 0
		for id := range aliases(provider, model) {
			if tried++; tried > 42 || len(id) > len(model) || id == "" && model != "" {
				t.Fatalf("%q is the %dth name of %q", id, tried, model)
			}
		}
		if p, ok := Lookup(provider, model); ok && p.Input <= 0 && p.Output <= 0 {
			t.Errorf("%s/%s is free", provider, model)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	for _, bm := range []struct{ name, provider, model string }{
		{"exact", "anthropic", "claude-sonnet-5"},
		{"date to come", "anthropic", "claude-sonnet-5-20270131"},
		{"unknown", "bedrock", "eu.vendor.model-20270131-v1:0"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Lookup(bm.provider, bm.model)
			}
		})
	}
}
