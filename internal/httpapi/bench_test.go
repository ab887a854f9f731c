package httpapi

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// What POST /verifications costs, in process and on SQLite with its fsync.
func BenchmarkCreate(b *testing.B) {
	for _, keyed := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "keyed"}[keyed], func(b *testing.B) {
			p := newPlatform(b)
			if err := p.db.AppendEntry(b.Context(), tenant.Everything(), ledger.Entry{ID: uuid.New(), GroupID: p.a.group.ID, Kind: ledger.TopUp, Credits: 1 << 40, CreatedAt: time.Now()}); err != nil {
				b.Fatal(err)
			}
			f := decode[folder](b, p.do("POST", "/folders", `{"name":"F"}`), http.StatusCreated)
			body := fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":{"name":"Siti"}}`, verification.Catalogue()[1].ID, f.ID)
			b.ResetTimer()
			for i := range b.N {
				var header []string
				if keyed {
					header = []string{"Idempotency-Key", fmt.Sprint(i)}
				}
				if w := p.do("POST", "/verifications", body, header...); w.Code != http.StatusCreated {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
