package upgrade

import (
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// later is when the records are read: the story has taken two seconds.
const later = 2 * time.Second

// TestExchange is the half of `make upgrade-test` that runs in each release's
// tree: it reads the records of the other into READ.standing, and writes its own
// into WRITE and WRITE.standing. Without those variables, it reads back what it
// has written.
func TestExchange(t *testing.T) {
	write, theirs := os.Getenv("FALLOW_UPGRADE_WRITE"), os.Getenv("FALLOW_UPGRADE_READ")
	if write == "" {
		write = t.TempDir() + "/records"
	}
	if theirs == "" {
		theirs = write
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := os.Stat(theirs); err == nil {
			time.Sleep(later)
			save(t, theirs+".standing", read(t, restore(t, load[[]record](t, theirs))))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		table := embeddedTable()
		live(t, table)
		records := dump(t, table)
		save(t, write, records)
		s := read(t, table)
		save(t, write+".standing", s)
		if len(records) < 9 || len(s.Rests) != 4 {
			t.Errorf("the story left %d records and %d rests, want at least 9 and 4", len(records), len(s.Rests))
		}
	})
}
