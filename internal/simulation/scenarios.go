package simulation

import (
	"time"
)

// Scenarios are the bad days, in the order of the tables.
func Scenarios() []Scenario {
	all := []Scenario{
		stormy("storm", "4 keys, each as large as the single key", 2*time.Hour).each(4, singleKey),
		stormy("tight", "4 keys allow 0.85 of a spike's demand", 2*time.Hour).equal(4, 0.85),
		stuckKey(), limitsHalve(), thousand(), newPool(), heavyTails(), overloadWaves(), tableDown(), hiddenBurst(),
		twoOrganisations(), foreignClient(), cachedHalf(), clockSkew(), unevenLimits(), lowEstimates(),
		sharedPrefixes(), outputBinds(), tenants(), hundredKeys(),
	}
	return all
}

// stormy is the storm before it has keys.
func stormy(name, about string, length time.Duration) Scenario {
	return Scenario{Name: name, About: about, Length: length, Budget: 30 * time.Second, Traffic: storm(ordinary)}
}

func stuckKey() Scenario {
	s := stormy("stuck", "key 0 is refused for 20 minutes, without limit headers", time.Hour).equal(4, 1.5)
	s.Stuck = Window{15 * time.Minute, 35 * time.Minute}
	return s
}

func limitsHalve() Scenario {
	s := stormy("halve", "every limit halves inside a spike", time.Hour).equal(4, 1.7)
	s.Halve = 26 * time.Minute
	return s
}

// thousand needs about 5.5 million tokens where the buckets hold 3.6.
func thousand() Scenario {
	s := Scenario{Name: "thousand", About: "1,000 requests in half a second, 8 keys", Length: time.Second, Budget: time.Minute}
	s.Traffic = burst(shapes{input: withMean(5500, 0.8, 100_000), bias: 1, spread: 0.1}, 1000, 0, 500*time.Millisecond)
	return s.each(8, 450_000)
}

// newPool is the same on the first day, when nobody knows a limit.
func newPool() Scenario {
	s := thousand()
	s.Name, s.About, s.New = "new", "the same on a pool that was never used", true
	return s
}

func heavyTails() Scenario {
	s := stormy("heavy", "prompts of up to 150,000 tokens", time.Hour).equal(4, 0.85)
	s.Traffic = storm(shapes{input: heavyInputs, bias: 1, spread: 0.1})
	return s
}

func overloadWaves() Scenario {
	s := stormy("overload", "three minutes in which 60 % of the calls return 529", time.Hour).equal(4, 1.5)
	for _, at := range []time.Duration{6 * time.Minute, 16 * time.Minute, 26 * time.Minute} {
		s.Waves = append(s.Waves, Window{at, at + time.Minute})
	}
	return s
}

func tableDown() Scenario {
	s := stormy("table-down", "DynamoDB is away for 60 s inside a spike", time.Hour).equal(4, 0.85)
	s.TableDown = Window{26 * time.Minute, 27 * time.Minute}
	return s
}

func hiddenBurst() Scenario {
	s := stormy("hidden", "the provider also enforces an unannounced burst of 8 s", time.Hour).equal(4, 1.6)
	s.Hidden = 8 * time.Second
	return s
}

func twoOrganisations() Scenario {
	s := stormy("two-orgs", "4 keys of only 2 organisations", time.Hour).equal(2, 0.85)
	s.Keys = []int{0, 0, 1, 1}
	return s
}

func foreignClient() Scenario {
	s := stormy("foreign", "somebody else uses 60 % of key 0's input", time.Hour).equal(4, 1.05)
	s.Foreign = 0.6
	return s
}

// cachedHalf allows 0.85 of what is left to pay for: of every second prompt a
// quarter.
func cachedHalf() Scenario {
	s := stormy("half-cached", "every second prompt is mostly cached", time.Hour).equal(4, 0.85*(1+0.25)/2)
	s.Traffic = halfCached(s.Traffic)
	return s
}

func clockSkew() Scenario {
	s := stormy("skew", "clocks of the instances are off by a second", time.Hour).equal(4, 0.85)
	s.Skew = time.Second
	return s
}

func unevenLimits() Scenario {
	s := stormy("uneven", "limits of 4:2:1:1 behind equal weights", time.Hour).equal(4, 0.85)
	for i, part := range []float64{4, 2, 1, 1} {
		s.Organisations[i] = limits(0.85 * spikeDemand * part / 8)
	}
	return s
}

func lowEstimates() Scenario {
	s := stormy("low-estimates", "prompts are taken for 20 % smaller than they are", time.Hour).equal(4, 0.85)
	s.Traffic = storm(shapes{input: inputs, bias: 0.8, spread: 0.3})
	return s
}

func sharedPrefixes() Scenario {
	s := stormy("prefix", "the 8 calls of a pull request share 75 % of their prompt", time.Hour).equal(4, 0.5)
	s.Traffic = reviews(ordinary)
	return s
}

func outputBinds() Scenario {
	s := stormy("output", "output is what is short: 0.85 of a spike's demand", time.Hour).equal(4, 2)
	for i := range s.Organisations {
		s.Organisations[i].OutputTokens = int64(0.85 * spikeRate * 60 * meanOutput / 4)
	}
	return s
}

func tenants() Scenario {
	s := Scenario{Name: "tenants", About: "a batch of 600 beside interactive requests", Length: 7 * time.Minute, Budget: 2 * time.Minute}
	s.Traffic = both(steady(ordinary, 1), batch(burst(ordinary, 600, 2*time.Minute, time.Second)))
	return s.each(4, 600_000)
}

func hundredKeys() Scenario {
	const rate = 1000
	s := Scenario{Name: "hundred", About: "1,000 requests a second on 100 keys", Length: 150 * time.Second, Budget: 20 * time.Second, Long: true}
	s.Traffic = steady(ordinary, rate)
	s = s.each(100, 1.3*rate*60*meanInput/100)
	for i := range s.Organisations {
		s.Organisations[i].OutputTokens = int64(1.3 * rate * 60 * meanOutput / 100)
	}
	return s
}
