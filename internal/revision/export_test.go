package revision

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

// PutHead writes a head that Apply would refuse, as a newer program may.
func PutHead(t *testing.T, l *Log, text string) {
	t.Helper()
	e := Entry{Revision{Number: 99, Hash: hashOf([]byte(text)), Author: "newer", At: l.cfg.Now(), Source: FromCLI}, []byte(text)}
	do, err := e.assigns("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.cfg.Table.Update(t.Context(), l.key(headSort), store.Change{Do: do}); err != nil {
		t.Fatal(err)
	}
}
