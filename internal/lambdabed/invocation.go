package lambdabed

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// Where the function believes to be. The account is the one AWS uses in examples.
const (
	region  = "us-east-1"
	account = "123456789012"
)

// invocation is one event on its way through an environment.
type invocation struct {
	id, trace string
	payload   []byte

	deadline time.Time // set when it is handed over
	answered bool      // the runtime has posted a reply; the environment's lock covers it

	replies  chan *reply   // holds one: the runtime's answer
	consumed chan struct{} // closed when nobody will read the reply any more
}

func newInvocation(payload []byte) *invocation {
	return &invocation{
		id: newUUID(), trace: newTrace(), payload: payload,
		replies: make(chan *reply, 1), consumed: make(chan struct{}),
	}
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newTrace() string {
	var b [20]byte
	rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hex.EncodeToString(b[:12]), hex.EncodeToString(b[12:]))
}
