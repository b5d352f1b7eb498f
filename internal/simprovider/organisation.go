package simprovider

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/quota"
)

// organisation is the state behind a set of keys.
type organisation struct {
	Organisation
	workspace string
	counts    *Counts // guarded by the Provider's stats
	cache     cache

	mu     sync.Mutex
	groups map[string]*quota.Group // by model family, made when first used
}

func newOrganisation(o Organisation) *organisation {
	digest := sha256.Sum256([]byte(o.Name))
	if o.ID == "" {
		digest[6], digest[8] = digest[6]&0x0f|0x40, digest[8]&0x3f|0x80 // version 4, RFC variant
		o.ID = fmt.Sprintf("%x-%x-%x-%x-%x", digest[:4], digest[4:6], digest[6:8], digest[8:10], digest[10:16])
	}
	return &organisation{Organisation: o, workspace: fmt.Sprintf("wrkspc_01%x", digest[16:24]), groups: map[string]*quota.Group{}}
}

// group is the quota of one model family.
func (o *organisation) group(family string, now time.Time) *quota.Group {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, ok := o.groups[family]
	if !ok {
		limits, own := o.Families[family]
		if !own {
			limits = o.Limits
		}
		g = quota.NewGroup(limits, now)
		o.groups[family] = g
	}
	return g
}

// reset fills the quotas and empties the prompt cache.
func (o *organisation) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.groups)
	o.cache.reset()
}
