package overload

import "time"

// slots is how finely a window slides: it covers its span, less up to a twelfth
// of it, in fixed memory however much is counted.
const slots = 12

// window counts events over the last span of time. Its owner's lock guards it.
//
// Time is the wall clock, not the monotonic one: that may stand still while a
// Lambda instance is frozen, and what happened before would look recent.
type window struct {
	slot   time.Duration // width of one slot
	latest int64         // number of the slot counted into, since 1970
	counts [slots]int
}

func newWindow(span time.Duration) window { return window{slot: span / slots} }

func (w *window) add(now time.Time) {
	w.slide(now)
	w.counts[index(w.latest)]++
}

func (w *window) sum(now time.Time) int {
	w.slide(now)
	total := 0
	for _, n := range w.counts {
		total += n
	}
	return total
}

// slide drops the slots that have left the window. A clock that was set back
// by less than the span counts on into the latest slot. By more, everything is
// forgotten: the slot would otherwise not leave before the clock has caught up,
// which may take hours.
func (w *window) slide(now time.Time) {
	slot := now.UnixMilli() / w.slot.Milliseconds()
	if gap := slot - w.latest; gap >= slots || gap <= -slots {
		w.counts, w.latest = [slots]int{}, slot
	}
	for w.latest < slot {
		w.latest++
		w.counts[index(w.latest)] = 0
	}
}

// index is where a slot is kept; slots before 1970 have negative numbers.
func index(slot int64) int { return int(uint64(slot) % slots) }
