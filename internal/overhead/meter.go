package overhead

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// group is all processes of a contestant: those of one process group.
type group int

// tick is the unit of processor time in /proc, the same on all Linux systems
// that Go runs on (proc(5), sysconf(_SC_CLK_TCK)).
const tick = 10 * time.Millisecond

// use is what processes have taken until now.
type use struct {
	cpu time.Duration
	rss int64 // bytes in memory, shared pages in each process that has them
}

// use reads /proc. A process that ends meanwhile counts no more.
func (g group) use() (use, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return use{}, errors.New("there is no /proc to read processor time and memory from: this benchmark needs Linux")
	}
	var sum use
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if one, of, ok := readStat(string(text)); ok && of == g {
			sum.cpu += one.cpu
			sum.rss += one.rss
		}
	}
	return sum, nil
}

// readStat reads a line of /proc/PID/stat (proc(5)): after the name, which may
// hold anything, the state is field 3, the process group 5, the times in user
// and system mode 14 and 15, the pages in memory 24.
func readStat(line string) (u use, of group, ok bool) {
	at := strings.LastIndexByte(line, ')')
	fields := strings.Fields(line[at+1:])
	if at < 0 || len(fields) < 22 {
		return use{}, 0, false
	}
	number := func(field int) int64 {
		n, err := strconv.ParseInt(fields[field-3], 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	u = use{cpu: time.Duration(number(14)+number(15)) * tick, rss: number(24) * int64(os.Getpagesize())}
	of = group(number(5))
	return u, of, ok
}

// loadAverage is how /proc/loadavg begins; empty where there is none.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
