package chart

import (
	"fmt"
	"math"
	"strings"
)

// Axis is one direction of a plot.
type Axis struct {
	// Label says what the figures are.
	Label string
	// Min and Max are what it reaches from and to; with Log both must be > 0. A
	// Max that is not above Min is taken for Min + 1, or ten times as much.
	Min, Max float64
	Log      bool
	// Clock says that the values are seconds, and asks for ticks at whole
	// minutes or hours.
	Clock bool
	// Whole asks for ticks at whole numbers.
	Whole bool
	// Format writes a figure; nil means Number.
	Format func(float64) string
}

// scale maps values to units of the drawing.
type scale struct {
	Axis
	from, to float64
}

func newScale(a Axis, from, to float64) scale {
	if a.Format == nil {
		a.Format = Number
	}
	if a.Log && a.Min <= 0 {
		a.Min = 0.001
	}
	if !(a.Max > a.Min) || math.IsInf(a.Max, 0) {
		a.Max = a.Min + 1
		if a.Log {
			a.Max = a.Min * 10
		}
	}
	return scale{a, from, to}
}

// at is where a value lies; what is beyond the ends lies on them.
func (s scale) at(v float64) float64 {
	low, high := s.Min, s.Max
	if s.Log {
		v, low, high = math.Log(max(v, s.Min)), math.Log(low), math.Log(high)
	}
	share := min(1, max(0, (v-low)/(high-low)))
	return s.from + share*(s.to-s.from)
}

// tick is a place on an axis with its figure.
type tick struct {
	At   float64
	Text string
}

func (s scale) ticks(about int) []tick {
	var values []float64
	switch {
	case s.Log:
		values = s.decades()
	case s.Clock:
		values = s.multiples(s.clock(about))
	case s.Whole:
		values = s.multiples(max(1, math.Ceil(s.step(about))))
	default:
		values = s.multiples(s.step(about))
	}
	var all []tick
	for _, v := range values {
		all = append(all, tick{s.at(v), s.Format(v)})
	}
	return all
}

// step is a round figure of which there are about so many.
func (s scale) step(about int) float64 {
	rough := (s.Max - s.Min) / float64(about)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	step := unit
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * unit; step >= rough {
			break
		}
	}
	return step
}

// clock is a step as clocks have them.
func (s scale) clock(about int) float64 {
	for _, step := range []float64{1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200} {
		if step >= (s.Max-s.Min)/float64(about) {
			return step
		}
	}
	return 86400
}

func (s scale) multiples(step float64) []float64 {
	var all []float64
	for i := math.Ceil(s.Min / step); i*step <= s.Max*(1+1e-9); i++ {
		all = append(all, i*step)
	}
	return all
}

// decades are the powers of ten, and three times them where there is room.
func (s scale) decades() []float64 {
	var all []float64
	first, last := math.Floor(math.Log10(s.Min)), math.Ceil(math.Log10(s.Max))
	for e := first; e <= last; e++ {
		for _, m := range []float64{1, 3} {
			v := m * math.Pow(10, e)
			if v >= s.Min*(1-1e-9) && v <= s.Max*(1+1e-9) && (m == 1 || last-first <= 3) {
				all = append(all, v)
			}
		}
	}
	return all
}

// Number writes a figure briefly: 1.2k, 3.5M.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return trim(fmt.Sprintf("%.1f", v/1e6)) + "M"
	case a >= 1e4:
		return trim(fmt.Sprintf("%.1f", v/1e3)) + "k"
	case a >= 10 || a == 0:
		return fmt.Sprintf("%.0f", v)
	default:
		return trim(fmt.Sprintf("%.2f", v))
	}
}

// Seconds writes a time as people say it: 30 ms, 1.5 s, 2 min.
func Seconds(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return trim(fmt.Sprintf("%.1f", v*1000)) + " ms"
	case v < 120:
		return trim(fmt.Sprintf("%.1f", v)) + " s"
	default:
		return trim(fmt.Sprintf("%.1f", v/60)) + " min"
	}
}

// Minutes writes a moment of a run: 12:30.
func Minutes(v float64) string { return fmt.Sprintf("%d:%02d", int(v)/60, int(v)%60) }

// Percent writes a share of 1.
func Percent(v float64) string { return trim(fmt.Sprintf("%.1f", 100*v)) + " %" }

// trim takes the zeros off a fraction.
func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
