package telemetry

// Fleet is how much there is to measure.
type Fleet struct {
	// Pools, Groups and Keys count all that the config document names.
	Pools, Groups, Keys int
	// Classes counts the kinds of refusals that are met in a month.
	Classes int
}

// DollarsPerSeries is what CloudWatch asks a month for one custom metric, that
// is for each combination of name and dimension values, up to the first ten
// thousand (us-east-1, November 2026).
const DollarsPerSeries = 0.30

// Series is how many custom metrics a fleet makes at most:
//
//	totals + Pools + 2·Pools·Classes + 2·Groups + Keys
//
// CloudWatch charges by the hour and only for those that had a value in it, so
// what goes wrong rarely costs next to nothing.
func (f Fleet) Series() int {
	each := map[string]int{"Pool": f.Pools, "Class": f.Classes}
	n := 0
	for _, m := range Catalogue() {
		if m.CloudWatch.Name == "" {
			continue
		}
		combinations := 1
		for _, d := range m.CloudWatch.Dimensions {
			switch d {
			case "Group": // it belongs to one pool
				combinations = f.Groups
			case "Key":
				combinations = f.Keys
			default:
				combinations *= each[d]
			}
		}
		n += combinations
	}
	return n
}

// DollarsPerMonth is what those metrics cost at most.
func (f Fleet) DollarsPerMonth() float64 { return float64(f.Series()) * DollarsPerSeries }
